"""The ledger of claims as a page of Markdown."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

from grok_tui.numbers import duration, grouped, plural
from grok_tui.paths import PACKAGE
from grok_tui.printable import printable

from .report import ClaimReport, Ledger, Report
from .tables import GLYPHS


def document(ledger: Ledger) -> str:
    """Return the page."""
    return "\n".join(_lines(ledger)) + "\n"


def commit() -> str | None:
    """Return the short hash of the checkout that this package lies in, or None if it lies in none."""
    if not (PACKAGE.parent / ".git").exists():
        return None
    command = ["git", "-C", str(PACKAGE.parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None


def _lines(ledger: Ledger) -> Iterator[str]:
    claims = sum(len(report.claims) for report in ledger.runs)
    good = sum(report.as_expected for report in ledger.runs)
    yield "# Claims"
    yield ""
    yield (
        f"{good} of {plural(claims, 'verdict')} as expected. Written by `grok-tui verify --markdown` on"
        f" {datetime.now(UTC):%Y-%m-%d}{_circumstances(ledger)}."
    )
    for report in ledger.runs:
        yield ""
        yield f"## {_cell(report.preset)}: {_cell(report.title)}"
        yield ""
        yield _facts(report)
        if report.claims:
            yield ""
            yield "| | claim | both sides | verdict | origin |"
            yield "|---|---|---|---|---|"
            yield from (_row(claim) for claim in report.claims)
    for failure in ledger.failures:
        yield ""
        yield f"## {_cell(failure.preset)}"
        yield ""
        yield f"No report: {_cell(failure.problem)}."


def _circumstances(ledger: Ledger) -> str:
    parts = []
    if (hash_ := commit()) is not None:
        parts.append(f"at commit `{hash_}`")
    if ledger.runs:
        v = ledger.runs[0].versions
        parts.append(
            f"with grok-tui {v.grok_tui}, Python {v.python}, torch {v.torch}, numpy {v.numpy} on {v.platform}"
        )
    return "".join(f", {part}" for part in parts)


def _facts(report: Report) -> str:
    seeds = report.seeds
    return ", ".join(
        [
            f"{report.profile} profile",
            f"{report.device_name} with {plural(report.threads, 'thread')}",
            f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}",
            f"{grouped(report.timings.steps)} steps",
            f"{duration(report.wall_seconds)} of wall time",
        ]
        + ([] if report.complete else [report.ended])
    )


def _row(claim: ClaimReport) -> str:
    says = _cell(claim.says)
    if claim.retracted is not None:
        says += f"<br>retracted: {_cell(claim.retracted)}"
    if claim.because is not None:
        says += f"<br>because {_cell(claim.because)}"
    verdict: str = claim.verdict
    if not claim.as_expected:
        verdict = f"**{verdict}, expected {claim.expected}**"
    elif claim.expected == "not reproduced":
        verdict += ", as expected"
    if claim.replicas > 1:
        verdict += f"<br>held in {claim.held_in} of {claim.replicas} seeds"
    sides = "<br>".join(f"`{printable(comparison.shown)}`" for comparison in claim.comparisons)
    return f"| {GLYPHS[claim.verdict]} | {says} | {sides} | {verdict} | {_cell(claim.origin)} |"


def _cell(text: str) -> str:
    """Return text that means itself in a table cell."""
    line = printable(text)
    for character in "\\|<>*_`":
        line = line.replace(character, f"\\{character}")
    return line
