"""How the presets that `verify` carries out are getting on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from grok_tui.errors import ExitCode
from grok_tui.frontend.report import Failure, Report
from grok_tui.numbers import duration
from grok_tui.output import narration_console
from grok_tui.printable import printable

from .job import Job
from .tables import BAD, GOOD, PlainTable, summary

Refresh = Callable[[], None]


@contextmanager
def shown(work: Sequence[Job]) -> Iterator[Refresh]:
    """Show the work on stderr while it is entered: a table that fills in, or a line for each that ended.

    Of presets under several seeds the table has those at work alone: all would be taller than a screen.
    """
    console = narration_console()
    if not console.is_terminal:
        yield partial(_say_what_ended, set(), work, console)
        return
    with Live(_board(work), console=console, auto_refresh=False, transient=True) as live:
        yield lambda: live.update(_board(work), refresh=True)


def _say_what_ended(said: set[int], work: Sequence[Job], console: Console) -> None:
    for i, job in enumerate(work):
        if job.result is not None and i not in said:
            said.add(i)
            with suppress(OSError, ValueError):  # a closed stderr must not end the work
                line = f"{job.label}: {_state(job)}, {duration(job.seconds)}"
                console.print(line, soft_wrap=True, markup=False)


def _board(work: Sequence[Job]) -> Table:
    table = PlainTable()
    table.add_column("preset", style="bold", no_wrap=True)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    table.add_column("time", justify="right", no_wrap=True)
    several = any(job.seed is not None for job in work)
    for job in [job for job in work if job.running] if several else work:
        style = "dim" if job.waiting else "" if job.running else GOOD if _is_good(job) else BAD
        table.add_row(
            Text(printable(job.label)),
            Text(_state(job), style=style),
            "" if job.waiting else duration(job.seconds),
        )
    if several:
        ended = [job for job in work if job.result is not None]
        other = sum(not _is_good(job) for job in ended)
        table.add_row(
            "", Text(f"{len(ended)} of {len(work)} runs done, {other} not as expected", style="dim")
        )
    return table


def _state(job: Job) -> str:
    match job.result:
        case Report():
            return summary(job.result).plain
        case Failure():
            return printable(job.result.problem)
        case None:
            return "waiting" if job.waiting else "running"


def _is_good(job: Job) -> bool:
    return isinstance(job.result, Report) and job.result.exit_code == ExitCode.AS_EXPECTED
