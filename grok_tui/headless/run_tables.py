"""The table of kept runs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from grok_tui.engine.store.directory import RunStatus
from grok_tui.engine.store.library import Listed
from grok_tui.numbers import grouped
from grok_tui.printable import printable

from .tables import BAD, GOOD, OPEN, PlainTable

STYLES = {RunStatus.RUNNING: GOOD, RunStatus.STOPPED: OPEN, RunStatus.CRASHED: BAD, RunStatus.FINISHED: ""}


def run_listing(runs: Sequence[Listed]) -> RenderableType:
    """Return a table of runs, oldest first."""
    if not runs:
        return Text("no runs are kept; 'grok-tui --preset NAME --headless --keep' keeps one")
    table = PlainTable()
    table.add_column("run", style="bold", no_wrap=True)
    table.add_column("state")
    table.add_column("steps", justify="right")
    table.add_column("verdicts")
    table.add_column("size", justify="right")
    for run in runs:
        status = run.status
        verdicts = ", ".join(f"{count} {printable(name)}" for name, count in status.verdicts.items())
        table.add_row(
            Text(printable(run.directory.name)),
            Text(run.state.value, style=STYLES[run.state]),
            f"{grouped(status.steps)} of {grouped(status.total)}" if status.total else "-",
            Text(verdicts or "-"),
            f"{run.size / 1e6:.1f} MB",
        )
    return table
