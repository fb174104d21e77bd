"""Tables for people: arms, verdicts, and the summary of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .numbers import duration, grouped, plural, rate, short
from .printable import printable
from .report import ArmReport, ClaimReport, EventReport, Ledger, Report

# The measures worth a column, the most telling first; a wide terminal shows more of them.
TELLING = (
    "train_loss",
    "val_loss",
    "val_accuracy",
    "memorizer_mean",
    "generalizer_mean",
    "l2_norm",
    "linf_norm",
    "train_accuracy",
    "distance_from_init",
)
MEASURE_WIDTH = 11  # a column of four significant digits, with its gap
OTHER_COLUMNS_WIDTH = 45

GLYPHS = {"reproduced": "✓", "not reproduced": "✗", "undecided": "…"}
ASCII_GLYPHS = {"reproduced": "+", "not reproduced": "x", "undecided": "?"}

ENDINGS = {
    "finished": "",
    "diverged": "diverged",
    "failed": "failed",
    "time limit": "stopped at the time limit",
    "interrupted": "interrupted",
}


def run_tables(report: Report) -> RenderableType:
    """Return all there is to say of a run: heading, arms, verdicts and summary."""
    parts: list[RenderableType] = [heading(report), Text(), Arms(report)]
    parts += [Padding(Text(note, style="dim"), (0, 0, 0, 3)) for note in notes(report)]
    if report.claims:
        parts += [Text(), Verdicts(report.claims)]
    return Group(*parts, Text(), summary(report), Text())


def ledger_tables(ledger: Ledger) -> RenderableType:
    """Return the verdicts of several runs, and their summary."""
    parts: list[RenderableType] = []
    for report in ledger.runs:
        parts += [heading(report), Text(), Verdicts(report.claims), Text()]
    for failure in ledger.failures:
        line = Text.assemble((printable(failure.preset), "bold"), "  ", (printable(failure.problem), "red"))
        parts += [line, Text()]
    return Group(*parts, ledger_summary(ledger))


def heading(report: Report) -> Text:
    """Return the preset's name and title, and how it was run."""
    seeds = report.seeds
    facts = [
        f"{report.device_name}, {plural(report.threads, 'thread')}",
        f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds from {seeds[0]}",
        f"{grouped(report.timings.steps)} steps in {duration(report.timings.seconds)}",
        f"{rate(report.timings.steps_per_second)} steps/s",
    ]
    if report.profile != "quick":
        facts.insert(0, f"{report.profile} profile")
    return Text.assemble(
        (printable(report.preset), "bold"), "  ", printable(report.title), ("\n" + " · ".join(facts), "dim")
    )


def summary(report: Report) -> Text:
    """Return one line: how many verdicts are as expected, and how the run ended if not at its end."""
    parts = []
    if report.claims:
        parts.append(f"{report.as_expected} of {plural(len(report.claims), 'verdict')} as expected")
    if ENDINGS[report.ended]:
        parts.append(ENDINGS[report.ended])
    return Text(", ".join(parts) or "no claims to judge", style=_good_or_bad(report.exit_code == 0))


def ledger_summary(ledger: Ledger) -> Text:
    """Return one line for several runs."""
    claims = sum(len(report.claims) for report in ledger.runs)
    good = sum(report.as_expected for report in ledger.runs)
    parts = [f"{good} of {plural(claims, 'verdict')} as expected"]
    parts.append(f"{plural(len(ledger.runs), 'preset')} in {duration(ledger.seconds)}")
    if ledger.failures:
        parts.append(f"{len(ledger.failures)} failed")
    if not ledger.complete:
        parts.append("not complete")
    return Text(", ".join(parts), style=_good_or_bad(ledger.exit_code == 0))


def notes(report: Report) -> Iterator[str]:
    """Return a line for everything that befell an arm besides training."""
    for arm in report.arms:
        steps = [e.step for e in report.events if e.arm == arm.name and e.name == "divergence"]
        if steps:
            hit = "" if len(report.seeds) == 1 else f" in {len(steps)} of {len(report.seeds)} seeds"
            yield f"{arm.name} diverged at step {grouped(min(steps))}{hit}"
    for done in report.interventions:
        yield f"{done['arm']} at step {grouped(int(str(done['at_step'])))}: {_action(done)}"
    if len(report.seeds) > 1:
        yield f"numbers are medians over {len(report.seeds)} seeds"


@dataclass(frozen=True)
class Arms:
    """A compact table of the arms with their final measures, as many as fit."""

    report: Report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table."""
        report = self.report
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim")
        table.add_column("arm", style="bold", no_wrap=True, vertical="bottom")
        table.add_column("optimizer", no_wrap=True, overflow="ellipsis")
        for name in ("steps", "fit", "grok"):
            table.add_column(name, justify="right", no_wrap=True)
        there = report.arms[0].measures
        fitting = max(2, (options.max_width - OTHER_COLUMNS_WIDTH) // MEASURE_WIDTH)
        measures = [name for name in TELLING if name in there][:fitting]
        for name in measures:
            table.add_column(name.replace("_", "\n", 1), justify="right", no_wrap=True)
        for arm in report.arms:
            table.add_row(
                Text(arm.name),
                str(arm.optimizer["name"]),
                grouped(arm.steps),
                *(_step_of(report.events, arm, event, len(report.seeds)) for event in ("fit", "grok")),
                *(short(_median(arm.measures[name])) for name in measures),
            )
        yield table


@dataclass(frozen=True)
class Verdicts:
    """A table of claims: each in words, with both sides of its comparisons, and its verdict."""

    claims: Sequence[ClaimReport]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table."""
        glyphs = ASCII_GLYPHS if options.ascii_only else GLYPHS
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim", expand=True)
        table.add_column("", width=1)
        table.add_column("claim", ratio=1)
        table.add_column("verdict", width=14)
        for i, claim in enumerate(self.claims):
            if i:
                table.add_row()
            style = _style(claim)
            table.add_row(
                Text(glyphs[claim.verdict], style=style),
                Text("\n").join(_claim_lines(claim, glyphs)),
                Text("\n").join(_verdict_lines(claim, style)),
            )
        yield table


def _claim_lines(claim: ClaimReport, glyphs: dict[str, str]) -> Iterator[Text]:
    yield Text(printable(claim.says))
    for comparison in claim.comparisons:
        line = Text(comparison.shown, style="cyan")
        if comparison.holds is False:
            line.append(f" {glyphs['not reproduced']}")
        yield line
    source = printable(claim.origin)
    if claim.retracted is not None:
        source += f" · retracted: {printable(claim.retracted)}"
    yield Text(source, style="dim")
    if claim.because is not None:
        yield Text(f"because {printable(claim.because)}", style="dim")


def _verdict_lines(claim: ClaimReport, style: str) -> Iterator[Text]:
    yield Text(claim.verdict, style=style)
    if claim.verdict != "undecided":
        if not claim.as_expected:
            yield Text(f"expected {claim.expected}", style=style)
        elif claim.expected == "not reproduced":
            yield Text("as expected", style=style)
    if claim.replicas > 1:
        yield Text(f"held in {claim.held_in} of {claim.replicas} seeds", style="dim")


def _style(claim: ClaimReport) -> str:
    if claim.verdict == "undecided":
        return "yellow"
    return _good_or_bad(claim.as_expected)


def _good_or_bad(good: bool) -> str:
    return "green" if good else "bold red"


def _step_of(events: Sequence[EventReport], arm: ArmReport, name: str, replicas: int) -> str:
    """Return the median step at which an event was seen, or a dash where most replicas never saw it."""
    steps = [float(event.step) for event in events if event.arm == arm.name and event.name == name]
    middle = median(steps + [math.inf] * (replicas - len(steps)))
    return "-" if math.isinf(middle) else grouped(round(middle))


def _median(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return median(there) if there else None


def _action(done: dict[str, object]) -> str:
    """Return an intervention in a few words, as in "switch to sgd(lr=0.1)"."""
    match done["action"]:
        case "switch":
            optimizer = dict(done["optimizer"])  # type: ignore[call-overload]  # a table, as its schema says
            name = optimizer.pop("name")
            inner = ", ".join(f"{key}={value}" for key, value in optimizer.items() if value)
            return f"switch to {name}({inner})"
        case "set":
            return f"{done['hyperparameter']} = {done['value']}"
        case "jump":
            return f"jump of norm {done['norm']}"
        case action:
            return str(action)
