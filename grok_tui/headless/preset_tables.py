"""Tables of presets for people: the list of all, and one in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grok_tui.catalog.frames import Identity
from grok_tui.catalog.schedules import Course
from grok_tui.frontend.describe import dated, described, stood_for, turned
from grok_tui.presets import Arm, Claim, Preset
from grok_tui.printable import printable

from .tables import INDENT, OPEN, PlainTable, provenance


def listing(presets: Mapping[str, Preset]) -> RenderableType:
    """Return a table of presets: name, title, arms, and how many claims."""
    table = PlainTable(expand=True)
    table.add_column("preset", style="bold", no_wrap=True)
    table.add_column("title and arms", ratio=1)
    table.add_column("claims", justify="right")
    for i, (name, preset) in enumerate(presets.items()):
        if i:
            table.add_row()
        arms = Text(", ".join(arm.name for arm in preset.arms), style="dim")
        title = Text(printable(preset.title))
        table.add_row(Text(printable(name)), Group(title, arms), str(len(preset.claims)))
    return table


def details(name: str, preset: Preset) -> RenderableType:
    """Return all that a preset says."""
    parts: list[RenderableType] = [
        Text.assemble((printable(name), "bold"), "  ", printable(preset.title)),
        Text(),
        Text(printable(preset.summary)),
        Text(),
        _settings(preset),
        Text(),
        _arms(preset),
    ]
    if preset.interventions:
        parts += [Text(), *(Text(dated(done)) for done in preset.interventions)]
    if preset.claims:
        parts += [Text(), _claims(preset)]
    return Group(*parts)


def _settings(preset: Preset) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for i, source in enumerate(preset.sources):
        table.add_row("" if i else "sources", Text(printable(source)))
    table.add_row("task", Text(described(preset.task.model_dump(mode="json"))))
    table.add_row("model", Text(described(preset.model.model_dump(mode="json"))))
    training = preset.training.model_dump(mode="json")
    table.add_row("training", Text(", ".join(f"{key}={value}" for key, value in training.items())))
    for name, parts in preset.schedule.items():
        table.add_row("schedule", Text(f"{name} along {Course(parts=parts)}"))
    return table


def _arms(preset: Preset) -> Table:
    table = PlainTable()
    table.add_column("arm", style="bold", no_wrap=True)
    table.add_column("optimizer and what else is its own")
    for arm in preset.arms:
        own = [described(arm.optimizer.model_dump(mode="json")), *_own(arm, preset)]
        table.add_row(arm.name, Text(", ".join(own)))
    return table


def _own(arm: Arm, preset: Preset) -> Iterator[str]:
    """Yield what an arm does otherwise than its preset says for all."""
    if arm.model.name != preset.model.name:
        yield described(arm.model.model_dump(mode="json"))
    for table in ("task", "model", "training", "modifiers"):
        shared = getattr(preset, table).model_dump(mode="json")
        own = getattr(arm, table).model_dump(mode="json")
        if table != "model" or arm.model.name == preset.model.name:
            yield from (f"{key}={value}" for key, value in own.items() if value != shared.get(key))
    for name, parts in arm.schedule.items():
        if parts != preset.schedule.get(name):
            yield f"{name} along {Course(parts=parts)}"
    if arm.frame != Identity():
        yield "frame=" + described(arm.frame.model_dump(mode="json"))


def _claims(preset: Preset) -> Table:
    table = PlainTable(expand=True)
    table.add_column("claims")
    for i, claim in enumerate(preset.claims):
        if i:
            table.add_row()
        lines = [Padding(line, (0, 0, 0, INDENT)) for line in _details(claim)]
        table.add_row(Group(Text(printable(claim.says)), *lines))
    return table


def _details(claim: Claim) -> Iterator[Text]:
    yield Text(printable(claim.holds), style="cyan")
    if claim.holds_in < 1:
        yield Text(f"in at least {claim.holds_in:.0%} of the seeds", style="dim")
    if claim.expected != "reproduced":
        yield Text(f"expected: {claim.expected}", style=OPEN)
    yield from provenance(claim.origin, claim.retracted, claim.because)
    if claim.statements:
        yield Text(stood_for(claim.statements), style="dim")
    if (control := turned(claim)) is not None:
        yield Text(f"control: {printable(control)}", style="dim")
