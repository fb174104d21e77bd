"""Tables for people: arms, verdicts, and the summary of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grok_tui.catalog.interventions import intervention
from grok_tui.frontend.describe import dated, out_of
from grok_tui.frontend.glyphs import ASCII, UNICODE, Glyphs
from grok_tui.frontend.report import ArmReport, ClaimReport, ControlReport, EventReport, Ledger, Report
from grok_tui.numbers import duration, grouped, plural, rate, short
from grok_tui.printable import printable

EVENT_COLUMNS = ("fit", "grok")

# The measures worth a column, the most telling first; a wide terminal shows more of them.
TELLING = (
    "train_loss",
    "val_loss",
    "memorizer_mean",
    "generalizer_mean",
    "val_accuracy",
    "l2_norm",
    "linf_norm",
    "train_accuracy",
    "distance_from_init",
)

ASCII_RULE = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)

GOOD, BAD, OPEN = "green", "bold red", "yellow"

INDENT = 2  # columns that what belongs to a line is moved in

ENDINGS = {
    "finished": "",
    "diverged": "diverged",
    "failed": "failed",
    "time limit": "stopped at the time limit",
    "interrupted": "interrupted",
}


def run_tables(report: Report) -> RenderableType:
    """Return all there is to say of a run: heading, arms, verdicts and summary."""
    parts: list[RenderableType] = [heading(report), Text(), Arms(report), Text()]
    lines = [Text(note, style="dim") for note in notes(report)]
    if lines:
        parts += [*lines, Text()]
    if report.claims:
        parts += [VerdictTable(report.claims), Text()]
    return Group(*parts, summary(report))


def ledger_tables(ledger: Ledger) -> RenderableType:
    """Return the verdicts of several runs, and their summary."""
    parts: list[RenderableType] = []
    for report in ledger.runs:
        parts += [heading(report), Text()]
        if report.claims:
            parts += [VerdictTable(report.claims), Text()]
        if not report.complete:
            parts += [Text(report.problem or ENDINGS[report.ended], style=BAD), Text()]
    for failure in ledger.failures:
        name, problem = printable(failure.preset), printable(failure.problem)
        parts += [Text(name, style="bold"), Text(problem, style=BAD), Text()]
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
        (printable(report.preset), "bold"), "  ", printable(report.title), ("\n" + ", ".join(facts), "dim")
    )


def summary(report: Report) -> Text:
    """Return one line: how many verdicts are as expected, and how the run ended if not at its end."""
    parts = []
    if report.claims:
        parts.append(f"{report.as_expected} of {plural(len(report.claims), 'verdict')} as expected")
    parts += controlled([report])
    if ENDINGS[report.ended]:
        parts.append(ENDINGS[report.ended])
    return Text(", ".join(parts) or "no claims to judge", style=_good_or_bad(report.exit_code == 0))


def ledger_summary(ledger: Ledger) -> Text:
    """Return one line for several runs."""
    claims = sum(len(report.claims) for report in ledger.runs)
    good = sum(report.as_expected for report in ledger.runs)
    parts = [f"{good} of {plural(claims, 'verdict')} as expected"]
    parts += controlled(ledger.runs)
    parts.append(f"{plural(len(ledger.runs), 'preset')} in {duration(ledger.seconds)}")
    if ledger.failures:
        parts.append(f"{len(ledger.failures)} failed")
    if not ledger.complete:
        parts.append("not complete")
    return Text(", ".join(parts), style=_good_or_bad(ledger.exit_code == 0))


def controlled(reports: Sequence[Report]) -> Iterator[str]:
    """Yield how many controls turn a verdict round, and how many claims hold when arms are shuffled."""
    controls = [control for report in reports for control in report.controls]
    if controls:
        good = sum(control.as_expected for control in controls)
        yield f"{good} of {plural(len(controls), 'control')} turned the verdict round"
    shares = [claim.shuffled for report in reports for claim in report.claims if claim.shuffled is not None]
    if shares:
        yield f"{sum(shares) / len(shares):.0%} of claims hold when arms are shuffled"


def notes(report: Report) -> Iterator[str]:
    """Return a line for everything that befell an arm besides training."""
    for arm in report.arms:
        fallen = _first_steps(report.events, arm, "divergence")
        if fallen:
            hit = "" if len(report.seeds) == 1 else f" in {len(fallen)} of {len(report.seeds)} seeds"
            yield f"{arm.name} diverged at step {grouped(min(fallen))}{hit}"
    yield from (dated(intervention(done)) for done in report.interventions)
    if len(report.seeds) > 1:
        yield f"numbers are medians over {len(report.seeds)} seeds"


class PlainTable(Table):
    """A table without a frame: a quiet head over a rule."""

    def __init__(self, *, expand: bool = False) -> None:
        super().__init__(
            box=box.SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            padding=(0, 2, 0, 0),
            header_style="dim",
            border_style="dim",
            expand=expand,
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table; Rich's own substitute for terminals without Unicode has bars between columns."""
        if options.ascii_only:
            self.box = ASCII_RULE
        yield from super().__rich_console__(console, options)


@dataclass(frozen=True)
class Arms:
    """A compact table of the arms with their final measures, as many as fit."""

    report: Report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table."""
        measures = [name for name in TELLING if name in self.report.arms[0].measures]
        unbounded = options.update(max_width=10_000)
        table = self._table(measures)
        while len(measures) > 2 and Measurement.get(console, unbounded, table).maximum > options.max_width:
            measures.pop()
            table = self._table(measures)
        yield table

    def _table(self, measures: Sequence[str]) -> Table:
        table = PlainTable()
        table.add_column("arm", style="bold", no_wrap=True, vertical="bottom")
        for name in ("steps", *EVENT_COLUMNS, *measures):
            heading = name.replace("_", "\n", 1)
            table.add_column(heading, justify="right", no_wrap=True, vertical="bottom")
        for arm in self.report.arms:
            replicas = len(self.report.seeds)
            table.add_row(
                Text(arm.name),
                grouped(arm.steps),
                *(_step_of(self.report.events, arm, event, replicas) for event in EVENT_COLUMNS),
                *(short(_median(arm.measures[name])) for name in measures),
            )
        return table


@dataclass(frozen=True)
class VerdictTable:
    """A table of claims: each in words, with both sides of its comparisons, and its verdict."""

    claims: Sequence[ClaimReport]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table."""
        glyphs = ASCII if options.ascii_only else UNICODE
        table = PlainTable(expand=True)
        table.add_column("", width=1)
        table.add_column("claim", ratio=1)
        table.add_column("verdict", width=22 if any(claim.replicas > 1 for claim in self.claims) else 14)
        for i, claim in enumerate(self.claims):
            if i:
                table.add_row()
            style = _style(claim)
            says = Text(printable(claim.says))
            details = [Padding(line, (0, 0, 0, INDENT)) for line in _details(claim, glyphs)]
            table.add_row(
                Text(glyphs.verdict(claim.verdict), style=style),
                Group(says, *details),
                Text("\n").join(_verdict_lines(claim, style)),
            )
        yield table


def _details(claim: ClaimReport, glyphs: Glyphs) -> Iterator[Text]:
    for comparison in claim.comparisons:
        line = Text(printable(comparison.shown), style="cyan")
        if comparison.holds is not True:
            line.append(" ?" if comparison.holds is None else f" {glyphs.refuted}")
        yield line
    yield from provenance(claim.origin, claim.retracted, claim.because)
    if claim.control is not None:
        yield _control(claim.control, claim.expected)
    if claim.shuffled is not None:
        yield Text(f"holds in {claim.shuffled:.0%} of the shuffles of its arms", style="dim")


def _control(control: ControlReport, expected: str) -> Text:
    """Return a line: what was put in the place of what, and what became of the claim."""
    line = Text(f"control, {printable(control.what)}: {control.verdict}", style="dim")
    holds = control.verdict == "reproduced"
    telling = (one.shown for one in control.comparisons if (one.holds is True) == holds)
    line.append(f", {printable(next(telling, ''))}".rstrip(", "))
    if not control.as_expected:
        line.append(f", as without it; it has to turn '{expected}' round", style=BAD)
    return line


def provenance(origin: str, retracted: str | None, because: str | None) -> Iterator[Text]:
    """Yield where a claim stands, and what speaks against it."""
    yield Text(printable(origin), style="dim")
    if retracted is not None:
        yield Text(f"retracted: {printable(retracted)}", style="dim")
    if because is not None:
        yield Text(f"because: {printable(because)}", style="dim")


def _verdict_lines(claim: ClaimReport, style: str) -> Iterator[Text]:
    yield Text(claim.verdict, style=style)
    if claim.verdict != "undecided":
        if not claim.as_expected:
            yield Text(f"expected {claim.expected}", style=style)
        elif claim.expected == "not reproduced":
            yield Text("as expected", style=style)
    if claim.replicas > 1:
        yield Text(f"held in {out_of(claim.held_in, claim.replicas, claim.interval)}", style="dim")


def _style(claim: ClaimReport) -> str:
    if claim.verdict == "undecided":
        return OPEN
    return _good_or_bad(claim.as_expected)


def _good_or_bad(good: bool) -> str:
    return GOOD if good else BAD


def _step_of(events: Sequence[EventReport], arm: ArmReport, name: str, replicas: int) -> str:
    """Return the median step at which an event was seen, or a dash where most replicas never saw it."""
    steps = [float(step) for step in _first_steps(events, arm, name)]
    middle = median(steps + [math.inf] * (replicas - len(steps)))
    return "-" if math.isinf(middle) else grouped(round(middle))


def _first_steps(events: Sequence[EventReport], arm: ArmReport, name: str) -> list[int]:
    """Return the first step at which an event was seen, of each replica that had it."""
    first: dict[int, int] = {}
    for event in events:
        if event.arm == arm.name and event.name == name:
            first[event.replica] = min(event.step, first.get(event.replica, event.step))
    return list(first.values())


def _median(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return median(there) if there else None
