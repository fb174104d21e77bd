"""Carry out many presets, each in a process of its own, and keep the ledger of their claims."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError
from rich.console import RenderableType

from grok_tui import interrupts
from grok_tui.errors import ExitCode, GrokTuiError
from grok_tui.frontend.report import Failure, Ledger, Report, SeedLedger
from grok_tui.interrupts import Interrupts
from grok_tui.options import RunOptions
from grok_tui.output import (
    StdoutClosedError,
    complain,
    print_result,
    require_writable,
    write_file,
    write_json,
)
from grok_tui.presets import find, names

from . import junit, markdown, seed_tables
from .board import shown
from .job import Job
from .seeds import fresh_seeds, seed_ledger
from .tables import ledger_tables

LOOK_SECONDS = 0.1  # between two looks at the processes
GRACE_SECONDS = 10.0  # for a process to report what it has, once told to stop


@dataclass(frozen=True)
class Outputs:
    """Where the ledger goes besides stdout."""

    as_json: bool = False
    junit: Path | None = None
    markdown: Path | None = None


def verify(
    presets: Sequence[str],
    options: RunOptions,
    *,
    jobs: int,
    outputs: Outputs,
    controls: bool = False,
    seeds: int | None = None,
) -> int:
    """Carry out presets, print the ledger of their claims, and return the largest exit code.

    Args:
        presets: names or paths; none means all there are.
        options: laid over each preset.
        jobs: how many to run at once.
        outputs: where the ledger goes.
        controls: judge claims under their controls as well, and under shuffled arms.
        seeds: carry each preset out under so many seeds, and judge each claim over all of them.

    Raises:
        GrokTuiError: a preset is unknown, a file cannot be written, or the options do not go together.
    """
    if controls and seeds is not None:
        raise GrokTuiError("--controls and --seeds do not go together; look at controls under one seed")
    wanted = list(presets) or names()
    for name in wanted:
        find(name)
    for path, option in ((outputs.junit, "--junit"), (outputs.markdown, "--markdown")):
        if path is not None:
            require_writable(path, option)
    commit = markdown.commit()  # of what is about to run, which may be another one when it has ended
    work = [Job(name, seed) for name in wanted for seed in fresh_seeds(name, options, seeds)]
    at_once = min(jobs, len(work))
    if at_once > 1 and options.device.startswith(("cuda", "all")):
        complain(
            f"{at_once} presets at once share {options.device}, each taking up to 0.5 GB before it trains;"
            " --jobs 1 is about as fast"
        )
    started = time.monotonic()
    with Interrupts() as stop:
        _carry_out(work, [*_typed(options), *(["--controls"] if controls else [])], jobs, stop)
        ledger = _ledger(work, stop, time.monotonic() - started)
        if seeds is not None:
            ledger = seed_ledger(ledger, work, interrupted=stop.received is not None)
        _publish(ledger, outputs, commit)
    return ledger.exit_code


def _carry_out(work: Sequence[Job], asked: Sequence[str], jobs: int, stop: Interrupts) -> None:
    try:
        with shown(work) as refresh:
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
    job.open_outputs()
    job.process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "grok_tui",
            f"--preset={job.preset}",
            "--headless",
            "--json",
            *asked,
            *([] if job.seed is None else [f"--seed={job.seed}"]),  # the last one given counts
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
        job.close_outputs()


def _result(job: Job, code: int) -> Report | Failure:
    with suppress(ValidationError):
        return Report.model_validate_json(_text(job.stdout))
    lines = _text(job.stderr).strip().splitlines()
    problem = lines[-1].removeprefix("grok-tui: ") if lines else "left no report"
    if code < 0:
        problem = f"ended by signal {-code}" + (f": {problem}" if lines else "")
    # A signal that nobody here sent is a crash; so is an exit code that this program does not have.
    known = code in (ExitCode.USAGE, ExitCode.DIVERGED, ExitCode.INTERRUPTED)
    return Failure(preset=job.label, exit_code=code if known else ExitCode.DIVERGED, problem=problem)


def _text(file: IO[bytes] | None) -> str:
    if file is None:
        return ""
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
        Failure(preset=job.label, exit_code=ExitCode.INTERRUPTED, problem="not run")
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
    """Write the files first, safe whatever happens to stdout; if one fails, stdout has the result yet."""
    try:
        _write_files(ledger, outputs, commit)
    finally:
        with suppress(StdoutClosedError):
            if outputs.as_json:
                write_json(ledger.to_json())
            else:
                print_result(_tables(ledger))


def _write_files(ledger: Ledger, outputs: Outputs, commit: str | None) -> None:
    if outputs.junit is not None:
        runs = seed_tables.named(ledger) if isinstance(ledger, SeedLedger) else ledger.runs
        write_file(outputs.junit, junit.document(runs, ledger.failures), "--junit")
    if outputs.markdown is not None:
        before = outputs.markdown.read_text("utf-8", "replace") if outputs.markdown.is_file() else ""
        write_file(outputs.markdown, _page(ledger, before, commit), "--markdown")


def _page(ledger: Ledger, before: str, commit: str | None) -> str:
    if isinstance(ledger, SeedLedger):
        return seed_tables.page(ledger, before, commit)
    return markdown.document(ledger, before, commit)


def _tables(ledger: Ledger) -> RenderableType:
    return seed_tables.tables(ledger) if isinstance(ledger, SeedLedger) else ledger_tables(ledger)
