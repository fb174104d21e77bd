"""The ledger of claims as a page of Markdown."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

from grok_tui.claims import Verdict
from grok_tui.frontend.describe import out_of
from grok_tui.frontend.glyphs import UNICODE
from grok_tui.frontend.report import ClaimReport, Ledger, Report
from grok_tui.numbers import duration, grouped, plural
from grok_tui.paths import PACKAGE
from grok_tui.printable import printable

from .tables import controlled

ROWS = tuple(f"| {UNICODE.verdict(verdict)} |" for verdict in Verdict)


def document(ledger: Ledger, before: str = "", commit: str | None = None) -> str:
    """Return the page.

    Args:
        ledger: the runs that it tells of.
        before: a page that is there already; what it says of other presets stays.
        commit: of the code that the runs ran.
    """
    sections = _sections(before) | {name: "\n".join(lines) for name, lines in _written(ledger, commit)}
    rows = [line for text in sections.values() for line in text.splitlines() if line.startswith(ROWS)]
    good = sum("| **" not in row for row in rows)
    head = (
        f"{good} of {plural(len(rows), 'verdict')} as expected. Written by `grok-tui verify --markdown`,"
        f" last on {datetime.now(UTC):%Y-%m-%d}{versions_used(ledger)}."
    )
    return "\n\n".join(["# Claims", head, *(sections[name] for name in sorted(sections))]) + "\n"


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


def _sections(page: str) -> dict[str, str]:
    """Return what a page says of each preset; nothing if it is no ledger."""
    if not page.startswith("# Claims\n"):
        return {}
    parts = page.rstrip("\n").split("\n\n## ")[1:]
    return {part.splitlines()[0].partition(":")[0]: f"## {part}" for part in parts}


def _written(ledger: Ledger, commit: str | None) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each preset as it stands in the page, and what is said of it."""
    at = "" if commit is None else f", commit `{commit}`"
    for report in ledger.runs:
        name = cell(report.preset)
        lines = [
            f"## {name}: {cell(report.title)}",
            "",
            f"{_facts(report)}; {datetime.now(UTC):%Y-%m-%d}{at}",
        ]
        if report.claims:
            last = " control |" if report.controls else ""
            head = f"| | claim | both sides | verdict | origin |{last}"
            lines += ["", head, "|---" * (head.count("|") - 1) + "|"]
            lines += [_row(claim) + (f" {_control(claim)} |" if last else "") for claim in report.claims]
        yield name, lines
    for failure in ledger.failures:
        name = cell(failure.preset)
        yield name, [f"## {name}", "", f"No report: {cell(failure.problem)}."]


def versions_used(ledger: Ledger) -> str:
    """Return what computed the runs, to be added to a sentence; nothing if there are none."""
    if not ledger.runs:
        return ""
    v = ledger.runs[0].versions
    return (
        f", with grok-tui {v.grok_tui}, Python {v.python}, torch {v.torch}, numpy {v.numpy} on {v.platform}"
    )


def _facts(report: Report) -> str:
    seeds = report.seeds
    return ", ".join(
        [
            f"{report.profile} profile",
            f"{report.device_name} with {plural(report.threads, 'thread')}",
            f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}",
            f"{grouped(report.timings.steps)} steps",
            f"{duration(report.wall_seconds)} of wall time",
            *controlled([report]),
        ]
        + ([] if report.complete else [report.ended])
    )


def _row(claim: ClaimReport) -> str:
    says = cell(claim.says)
    if claim.retracted is not None:
        says += f"<br>retracted: {cell(claim.retracted)}"
    if claim.because is not None:
        says += f"<br>because {cell(claim.because)}"
    verdict: str = claim.verdict
    if not claim.as_expected:
        verdict = f"**{verdict}, expected {claim.expected}**"
    elif claim.expected == "not reproduced":
        verdict += ", as expected"
    if claim.replicas > 1:
        verdict += f"<br>held in {out_of(claim.held_in, claim.replicas, claim.interval)}"
    sides = "<br>".join(f"`{printable(comparison.shown)}`" for comparison in claim.comparisons)
    return f"| {UNICODE.verdict(claim.verdict)} | {says} | {sides} | {verdict} | {cell(claim.origin)} |"


def _control(claim: ClaimReport) -> str:
    """Return what came of a claim's control, and of shuffling its arms."""
    said = []
    if claim.control is not None:
        verdict = claim.control.verdict if claim.control.as_expected else f"**{claim.control.verdict}**"
        said.append(f"{cell(claim.control.what)}: {verdict}")
    if claim.shuffled is not None:
        said.append(f"holds in {claim.shuffled:.0%} of shuffles")
    return "<br>".join(said)


def cell(text: str) -> str:
    """Return text that means itself in a table cell."""
    line = printable(text)
    for character in "\\|<>*_`":
        line = line.replace(character, f"\\{character}")
    return line
