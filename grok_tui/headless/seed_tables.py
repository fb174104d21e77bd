"""What came of claims over several seeds, as a table for people and as a page of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from grok_tui.frontend.describe import out_of
from grok_tui.frontend.glyphs import ASCII, UNICODE
from grok_tui.frontend.report import Report, SeedClaim, SeedLedger
from grok_tui.numbers import duration, plural
from grok_tui.printable import printable

from .markdown import cell, versions_used
from .tables import BAD, GOOD, OPEN, PlainTable

TITLE = "# Claims over several seeds"
_HEAD = "| preset | | claim | held in | expected | unchanged in | seeds | run on |"
_ROW = re.compile(
    r"\| `(?P<preset>[^`]*)` \| . \| .* \| (?P<unchanged>\d+) of (?P<runs>\d+) \| [^|]* \| [^|]* \|"
)


def tables(ledger: SeedLedger) -> RenderableType:
    """Return one table of all claims, what failed, and a summary."""
    parts: list[RenderableType] = []
    if ledger.claims:
        parts += [_Table(ledger), Text()]
    for failure in ledger.failures:
        parts.append(Text(f"{printable(failure.preset)}: {printable(failure.problem)}", style=BAD))
    for run in ledger.runs:
        if not run.complete:
            parts.append(Text(f"{_name(run)}: {printable(run.problem or run.ended)}", style=BAD))
    return Group(*parts, Text(summary(ledger), style=GOOD if ledger.exit_code == 0 else BAD))


def summary(ledger: SeedLedger) -> str:
    """Return one line: the share of verdicts that are unchanged, and of claims in all seeds."""
    share = f" ({ledger.unchanged / ledger.verdicts:.0%})" if ledger.verdicts else ""
    parts = [
        f"{ledger.unchanged} of {plural(ledger.verdicts, 'verdict')} unchanged{share}",
        f"{ledger.unchanged_in_all} of {plural(len(ledger.claims), 'claim')} in all seeds",
        f"{plural(len(ledger.runs), 'run')} in {duration(ledger.seconds)}",
    ]
    if ledger.failures:
        parts.append(f"{len(ledger.failures)} failed")
    if not ledger.complete:
        parts.append("not complete")
    return ", ".join(parts)


def named(ledger: SeedLedger) -> list[Report]:
    """Return the runs, each called after its preset and its seed."""
    return [run.model_copy(update={"preset": _name(run)}) for run in ledger.runs]


def _name(run: Report) -> str:
    return f"{run.preset} seed {run.seeds[0]}"


def _held(claim: SeedClaim) -> str:
    return out_of(claim.held_in, claim.judged_in, claim.interval, noun="")


@dataclass(frozen=True)
class _Table:
    ledger: SeedLedger

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table."""
        glyphs = ASCII if options.ascii_only else UNICODE
        table = PlainTable(expand=True)
        table.add_column("", width=1)
        table.add_column("claim", ratio=1)
        table.add_column("held in", width=24)
        table.add_column("as expected in", width=14)
        for preset, claims in groupby(self.ledger.claims, key=lambda claim: claim.preset):
            table.add_row("", Text(printable(preset), style="bold"))
            for claim in claims:
                style = OPEN if not claim.runs else GOOD if claim.as_expected else BAD
                expected = "" if claim.expected == "reproduced" else f"expected {claim.expected}"
                sign = glyphs.undecided if not claim.runs else glyphs.verdict(_verdict(claim))
                table.add_row(
                    Text(sign, style=style),
                    Text(printable(claim.says)),
                    Text(_held(claim)),
                    Text("\n").join(
                        [
                            Text(f"{claim.unchanged} of {claim.runs}", style=style),
                            *([Text(expected, style="dim")] if expected else []),
                        ]
                    ),
                )
        yield table


def _verdict(claim: SeedClaim) -> str:
    """Return the verdict that the sign tells: the expected one, or the other one."""
    other = {"reproduced": "not reproduced", "not reproduced": "reproduced"}
    return claim.expected if claim.as_expected else other[claim.expected]


def page(ledger: SeedLedger, before: str = "", commit: str | None = None) -> str:
    """Return the table as a page of Markdown.

    Args:
        ledger: the runs that it tells of.
        before: a page that is there already; what it says of other presets stays.
        commit: of the code that the runs ran.
    """
    ours = {claim.preset for claim in ledger.claims}
    rows = [line for line in before.splitlines() if before.startswith(TITLE) and _ROW.fullmatch(line)]
    rows = [line for line in rows if _ROW.fullmatch(line)["preset"] not in ours]  # type: ignore[index]
    rows = sorted([*rows, *_rows(ledger, commit)], key=lambda line: line.split("|")[1])
    counts = [(int(found["unchanged"]), int(found["runs"])) for found in map(_ROW.fullmatch, rows) if found]
    unchanged, verdicts = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    in_all = sum(one == of for one, of in counts)
    told = (
        f"{unchanged} of {plural(verdicts, 'verdict')} unchanged, {in_all} of {plural(len(counts), 'claim')}"
    )
    written = f"Written by `grok-tui verify --seeds --markdown`, last on {_today()}{versions_used(ledger)}."
    rule = "|---" * (_HEAD.count("|") - 1) + "|"
    problems = [
        f"No report of {cell(failure.preset)}: {cell(failure.problem)}." for failure in ledger.failures
    ]
    return (
        "\n\n".join([TITLE, f"{told} in all seeds. {written}", "\n".join([_HEAD, rule, *rows]), *problems])
        + "\n"
    )


def _rows(ledger: SeedLedger, commit: str | None) -> Iterator[str]:
    for claim in ledger.claims:
        runs = [run for run in ledger.runs if run.preset == claim.preset and run.complete]
        seeds = [seed for run in runs for seed in run.seeds]
        sign = UNICODE.verdict(_verdict(claim)) if claim.runs else UNICODE.undecided
        unchanged = f"{claim.unchanged} of {claim.runs}"
        told = [
            f"`{printable(claim.preset).replace('`', '')}`",
            sign,
            cell(claim.says),
            _held(claim),
            claim.expected,
            unchanged,
            f"{min(seeds)} to {max(seeds)}" if seeds else "",
            _today() + ("" if commit is None else f", `{commit}`"),
        ]
        yield f"| {' | '.join(told)} |"


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"
