"""Carry out many presets, each in a process of its own, and keep the ledger of their claims."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from pydantic import ValidationError
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from grok_tui import interrupts
from grok_tui.errors import ExitCode
from grok_tui.frontend.report import Failure, Ledger, Report
from grok_tui.interrupts import Interrupts
from grok_tui.numbers import duration
from grok_tui.options import RunOptions
from grok_tui.output import (
    StdoutClosedError,
    complain,
    narration_console,
    print_result,
    require_writable,
    write_file,
    write_result,
)
from grok_tui.presets import find, names
from grok_tui.printable import printable

from . import junit, markdown
from .tables import BAD, GOOD, PlainTable, ledger_tables, summary

LOOK_SECONDS = 0.1  # between two looks at the processes
GRACE_SECONDS = 10.0  # for a process to report what it has, once told to stop


@dataclass(frozen=True)
class Outputs:
    """Where the ledger goes besides stdout."""

    as_json: bool = False
    junit: Path | None = None
    markdown: Path | None = None


@dataclass
class Job:
    """One preset on its way."""

    preset: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    seconds: float = 0.0
    result: Report | Failure | None = None
    stdout: IO[bytes] = field(default_factory=tempfile.TemporaryFile, repr=False)
    stderr: IO[bytes] = field(default_factory=tempfile.TemporaryFile, repr=False)

    @property
    def waiting(self) -> bool:
        """Whether it has yet to be started."""
        return self.process is None and self.result is None

    @property
    def running(self) -> bool:
        """Whether its process is at work."""
        return self.process is not None and self.result is None


def verify(
    presets: Sequence[str], options: RunOptions, *, jobs: int, outputs: Outputs, controls: bool = False
) -> int:
    """Carry out presets, print the ledger of their claims, and return the largest exit code.

    Args:
        presets: names or paths; none means all there are.
        options: laid over each preset.
        jobs: how many to run at once.
        outputs: where the ledger goes.
        controls: judge claims under their controls as well, and under shuffled arms.

    Raises:
        GrokTuiError: a preset is unknown, or a file cannot be written.
    """
    wanted = list(presets) or names()
    for name in wanted:
        find(name)
    for path, option in ((outputs.junit, "--junit"), (outputs.markdown, "--markdown")):
        if path is not None:
            require_writable(path, option)
    commit = markdown.commit()  # of what is about to run, which may be another one when it has ended
    at_once = min(jobs, len(wanted))
    if at_once > 1 and options.device.startswith(("cuda", "all")):
        complain(
            f"{at_once} presets at once share {options.device}, each taking up to 0.5 GB before it trains;"
            " --jobs 1 is about as fast"
        )
    started = time.monotonic()
    work = [Job(name) for name in wanted]
    with Interrupts() as stop:
        _carry_out(work, [*_typed(options), *(["--controls"] if controls else [])], jobs, stop)
        ledger = _ledger(work, stop, time.monotonic() - started)
        _publish(ledger, outputs, commit)
    return ledger.exit_code


def _carry_out(work: Sequence[Job], asked: Sequence[str], jobs: int, stop: Interrupts) -> None:
    try:
        with _shown(work) as refresh:
            while stop.received is None and any(job.result is None for job in work):
                room = jobs - sum(job.running for job in work)
                for job in [job for job in work if job.waiting][:room]:
                    _start(job, asked)
                time.sleep(LOOK_SECONDS)
                for job in work:
                    _look_at(job)
                refresh()
            _wind_up(work)
    finally:
        for job in work:
            if job.process is not None and job.process.poll() is None:
                job.process.kill()
                job.process.wait()


def _start(job: Job, asked: Sequence[str]) -> None:
    job.started = time.monotonic()
    job.process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "grok_tui",
            f"--preset={job.preset}",
            "--headless",
            "--json",
            *asked,
        ],
        stdin=subprocess.DEVNULL,
        stdout=job.stdout,
        stderr=job.stderr,
        process_group=0,  # Ctrl-C reaches this process alone, which then passes it on once
    )


def _typed(options: RunOptions) -> Iterator[str]:
    """Return the command line that says the same as these options."""
    yield f"--profile={options.profile}"
    yield f"--device={options.device}"
    for assignment in options.assignments:
        yield f"--set={assignment}"
    for option in ("seed", "replicas", "steps", "threads"):
        value = getattr(options, option)
        if value is not None:
            yield f"--{option}={value}"
    if options.tf32:
        yield "--tf32"


def _look_at(job: Job) -> None:
    """Take up what a process left, if it has ended."""
    if job.process is None or job.result is not None:
        return
    job.seconds = time.monotonic() - job.started
    code = job.process.poll()
    if code is not None:
        job.result = _result(job, code)


def _result(job: Job, code: int) -> Report | Failure:
    with suppress(ValidationError):
        return Report.model_validate_json(_text(job.stdout))
    lines = _text(job.stderr).strip().splitlines()
    problem = lines[-1].removeprefix("grok-tui: ") if lines else "left no report"
    if code < 0:
        problem = f"ended by signal {-code}" + (f": {problem}" if lines else "")
    # A signal that nobody here sent is a crash; so is an exit code that this program does not have.
    known = code in (ExitCode.USAGE, ExitCode.DIVERGED, ExitCode.INTERRUPTED)
    return Failure(preset=job.preset, exit_code=code if known else ExitCode.DIVERGED, problem=problem)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _wind_up(work: Sequence[Job]) -> None:
    """Tell what is still at work to stop, and take up its partial report."""
    for job in work:
        if job.running and job.process is not None:
            job.process.send_signal(interrupts.SIGNALS[0])
    deadline = time.monotonic() + GRACE_SECONDS
    while any(job.running for job in work) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        for job in work:
            _look_at(job)


def _ledger(work: Sequence[Job], stop: Interrupts, seconds: float) -> Ledger:
    runs = [job.result for job in work if isinstance(job.result, Report)]
    failures = [job.result for job in work if isinstance(job.result, Failure)]
    failures += [
        Failure(preset=job.preset, exit_code=ExitCode.INTERRUPTED, problem="not run")
        for job in work
        if job.result is None
    ]
    code = max([0, *(run.exit_code for run in runs), *(failure.exit_code for failure in failures)])
    return Ledger(
        runs=runs,
        failures=failures,
        seconds=seconds,
        complete=not failures and all(run.complete for run in runs),
        exit_code=code if stop.received is None else interrupts.exit_code(stop.received),
    )


def _publish(ledger: Ledger, outputs: Outputs, commit: str | None) -> None:
    if outputs.junit is not None:
        write_file(outputs.junit, junit.document(ledger.runs, ledger.failures), "--junit")
    if outputs.markdown is not None:
        before = outputs.markdown.read_text("utf-8", "replace") if outputs.markdown.is_file() else ""
        write_file(outputs.markdown, markdown.document(ledger, before, commit), "--markdown")
    with suppress(StdoutClosedError):
        if outputs.as_json:
            write_result(ledger.to_json())
        else:
            print_result(ledger_tables(ledger))


Refresh = Callable[[], None]


@contextmanager
def _shown(work: Sequence[Job]) -> Iterator[Refresh]:
    """Show the work on stderr while it is entered: a table that fills in, or a line for each that ended."""
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
                line = f"{job.preset}: {_state(job)}, {duration(job.seconds)}"
                console.print(line, soft_wrap=True, markup=False)


def _board(work: Sequence[Job]) -> Table:
    table = PlainTable()
    table.add_column("preset", style="bold", no_wrap=True)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    table.add_column("time", justify="right", no_wrap=True)
    for job in work:
        style = "dim" if job.waiting else "" if job.running else GOOD if _is_good(job) else BAD
        table.add_row(
            Text(printable(job.preset)),
            Text(_state(job), style=style),
            "" if job.waiting else duration(job.seconds),
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
