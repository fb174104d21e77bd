"""The coverage of the sources' statements: as tables, and as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from grok_tui.frontend.coverage import ClaimOf, Coverage, CoveredStatement, Standing
from grok_tui.numbers import plural
from grok_tui.printable import printable

from .markdown import cell
from .tables import BAD, GOOD, INDENT, OPEN, PlainTable

STYLES: dict[Standing, str] = {"claimed": GOOD, "partly": OPEN, "waiting": OPEN, "no claim": "", "open": BAD}


def tables(coverage: Coverage) -> RenderableType:
    """Return a table for each source, and how many statements stand how."""
    parts: list[RenderableType] = []
    for source in coverage.sources:
        table = PlainTable(expand=True)
        table.add_column("", justify="right", width=3)
        table.add_column("statement and claims", ratio=1)
        table.add_column("", width=8)
        for i, statement in enumerate(source.statements):
            if i:
                table.add_row()
            lines = [Padding(Text(line, style="dim"), (0, 0, 0, INDENT)) for line in _lines(statement)]
            standing = Text(statement.standing, style=STYLES[statement.standing])
            says = Text(printable(statement.says))
            table.add_row(str(statement.number), Group(says, *lines), standing)
        heading = Text.assemble((printable(source.title), "bold"), f"  {printable(source.origin)}")
        parts += [heading, Text(), table, Text()]
    return Group(*parts, Text(summary(coverage), style=BAD if coverage.count("open") else GOOD))


def summary(coverage: Coverage) -> str:
    """Return one line: how many statements stand how."""
    counts = ", ".join(
        f"{count} {words}" for standing, words in _WORDS.items() if (count := coverage.count(standing))
    )
    return f"{plural(len(coverage.statements), 'statement')}: {counts}"


_WORDS: dict[Standing, str] = {
    "claimed": "claimed",
    "partly": "partly",
    "waiting": "waiting",
    "no claim": "of which no claim can be made",
    "open": "without a claim or a reason",
}


def page(coverage: Coverage) -> str:
    """Return the page; it depends on the presets and statements that ship, and on nothing else."""
    return "\n".join(_page(coverage)) + "\n"


def _page(coverage: Coverage) -> Iterator[str]:
    yield "# Statements and the claims that stand for them"
    yield ""
    yield f"{summary(coverage)}. Written by `grok-tui coverage --markdown`; what came of each claim is in"
    yield "[claims.md](claims.md). Of one that is covered *partly*, the rest waits for something."
    for source in coverage.sources:
        yield from ("", f"## {cell(source.title)} ({cell(source.origin)})", "")
        yield from ("| | statement | claims, or why there is none | |", "|---|---|---|---|")
        for statement in source.statements:
            lines = "<br>".join(cell(line) for line in _lines(statement))
            yield f"| {statement.number} | {cell(statement.says)} | {lines} | {statement.standing} |"


def _lines(statement: CoveredStatement) -> Iterator[str]:
    yield from (_claim(claim) for claim in statement.claims)
    if statement.waits_for is not None:
        yield f"{'the rest ' if statement.claims else ''}waits for {printable(statement.waits_for)}"
    if statement.because is not None:
        yield f"because {printable(statement.because)}"


def _claim(claim: ClaimOf) -> str:
    profile = "" if claim.profile == "quick" else f", {claim.profile} profile"
    expected = "" if claim.expected == "reproduced" else f" ({claim.expected})"
    return f"{printable(claim.preset)} {claim.number}{profile}: {printable(claim.says)}{expected}"
