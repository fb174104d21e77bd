"""Carry out a run without a screen: narrate on stderr, report on stdout, answer with an exit code."""

from __future__ import annotations

import shlex
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grok_tui import interrupts
from grok_tui.catalog.blame import accounted, blamed
from grok_tui.catalog.plugins import PluginError
from grok_tui.engine.run.snapshot import State
from grok_tui.errors import ExitCode, GrokTuiError
from grok_tui.frontend.report import Ending, Report, Timings
from grok_tui.frontend.reporting import report_of
from grok_tui.interrupts import Interrupts, Stopped
from grok_tui.numbers import grouped, plural
from grok_tui.options import RunOptions, label_of
from grok_tui.output import (
    StdoutClosedError,
    complain,
    print_result,
    require_writable,
    write_file,
    write_json,
)

from . import junit
from .controls import Controls
from .progress import Narration, Standing, narration
from .tables import run_tables

if TYPE_CHECKING:
    from grok_tui.engine.run.run import Run
    from grok_tui.engine.store.store import Store
    from grok_tui.engine.worker.opening import Keeping
    from grok_tui.presets import Preset

ENDED_EARLY: dict[Ending, str] = {"interrupted": "interrupted", "time limit": "time limit reached"}


class TrainingError(GrokTuiError):
    """The run could not be started, for instance for want of memory."""

    exit_code = ExitCode.DIVERGED


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        ended: why.
        problem: what went wrong, if anything did.
        exit_code: for the caller of the process.
    """

    ended: Ending
    problem: str | None
    exit_code: int


@dataclass(frozen=True)
class Wishes:
    """What is asked of a run without a screen, whatever it computes.

    Attributes:
        as_json: print one JSON document instead of tables.
        junit_file: where to write a JUnit report as well.
        time_limit: seconds of training after which to stop and report what there is.
        controls: judge claims under their controls as well, and under shuffled arms.
    """

    as_json: bool = False
    junit_file: Path | None = None
    time_limit: float | None = None
    controls: bool = False


def run_headless(
    name: str, options: RunOptions, wishes: Wishes | None = None, keeping: Keeping | None = None
) -> int:
    """Carry out a preset, print what came of it, and return the exit code.

    Args:
        name: the preset's name or path.
        options: what is laid over it.
        wishes: how to report, and when to stop.
        keeping: how to keep the run, or None to keep nothing of it.

    Raises:
        GrokTuiError: the preset, an option or the machine does not allow the run, or stdout fails.
    """
    started = time.monotonic()
    wishes = wishes or Wishes()
    preset = options.load(name)
    if wishes.junit_file is not None:
        require_writable(wishes.junit_file, "--junit")
    label = label_of(name)
    controls = Controls(options, name, preset) if wishes.controls else None
    teller = narration(label)
    with teller:
        work = begun(preset, label, options, controls, keeping)
    return carry_out(work, wishes, teller, started)


@dataclass(frozen=True)
class HeadlessRun:
    """A run, what it is called, what keeps it, and what it is judged under besides."""

    run: Run
    label: str
    profile: str
    store: Store | None
    controls: Controls | None = None


def begun(
    preset: Preset,
    label: str,
    options: RunOptions,
    controls: Controls | None = None,
    keeping: Keeping | None = None,
) -> HeadlessRun:
    """Return a run at its beginning, kept if it is to be.

    Raises:
        GrokTuiError: the machine does not allow it, or it cannot be kept.
    """
    run = start(preset, options)
    store = keeping.keep(run, keeping.folder) if keeping is not None else None
    return HeadlessRun(run, label, options.profile, store, controls)


def carry_out(work: HeadlessRun, wishes: Wishes, teller: Narration, started: float) -> int:
    """Train a run to its end, print what came of it, and return the exit code.

    Args:
        work: the run.
        wishes: how to report, and when to stop.
        teller: tells how it goes; not entered.
        started: `time.monotonic` when the command began.

    Raises:
        GrokTuiError: the report cannot be written.
    """
    with Interrupts() as stop:
        report = report_on(work, wishes, teller, started, stop)
        if report.problem is not None:
            complain(f"{work.label}: {report.problem}")
        _publish(report, wishes.as_json, wishes.junit_file)
    return report.exit_code


def report_on(
    work: HeadlessRun, wishes: Wishes, teller: Narration, started: float, stop: Interrupts
) -> Report:
    """Train a run to its end, and return what came of it; see `carry_out`.

    stop: knows whether somebody wants it to end.
    """
    run = work.run
    with teller:
        teller.say(_announcement(run))
        run.compiling.listen(teller.say)
        first_step, steps_before = time.monotonic(), run.steps
        deadline = None if wishes.time_limit is None else first_step + wishes.time_limit
        outcome = _carried_out(work, stop, deadline, teller)
        kept = _keep_end(work.store, outcome.ended, teller)
        if outcome.ended in ENDED_EARLY:
            teller.say(f"{ENDED_EARLY[outcome.ended]}; what was recorded so far follows")
    timings = _timings(run.steps - steps_before, started, first_step)
    report = _report(work, outcome, timings)
    if work.controls is not None and outcome.ended == "finished":
        report = _controlled(report, work.controls, run, stop, deadline, teller)
    if not kept and report.exit_code == ExitCode.AS_EXPECTED:
        report = report.model_copy(update={"exit_code": int(ExitCode.USAGE)})
    return report


def start(preset: Preset, options: RunOptions) -> Run:
    """Return a run at its beginning.

    Raises:
        GrokTuiError: the machine does not allow it, for instance for want of memory.
    """
    from grok_tui.engine.run.run import Run
    from grok_tui.engine.steps.backends import Compiling

    try:
        # Where nothing was asked for, a run comes out the same however long compiling takes.
        deterministic = options.deterministic or options.compile is None
        compiling = Compiling(options.compile or "auto", deterministic)
        return Run(preset, options.device, options.threads, compiling, tf32=options.tf32)
    except GrokTuiError:
        raise
    except Exception as error:
        raise cannot_start(error) from error


def cannot_start(error: Exception) -> GrokTuiError:
    """Return what is said of an error that keeps a run from starting, for instance want of memory."""
    line = f"the run cannot start: {accounted(error)}"
    return TrainingError(line) if blamed(error) is None else PluginError(line)


def _carried_out(work: HeadlessRun, stop: Interrupts, deadline: float | None, teller: Narration) -> Outcome:
    """Train until every arm is at its end, or something else ends the run."""
    run, store = work.run, work.store
    halted: set[str] = set()
    try:
        while not run.finished:
            if stop.received is not None:
                return Outcome("interrupted", None, interrupts.exit_code(stop.received))
            if deadline is not None and time.monotonic() >= deadline:
                return Outcome("time limit", None, ExitCode.TIME_LIMIT)
            run.advance()
            for line in [line for name, line in run.halted.items() if name not in halted]:
                teller.say(f"{line}; the other arms go on")
            halted = set(run.halted)
            if store is not None and store.due:
                _checkpoint(store, teller)
            if teller.due():
                teller.show(standing(run))
    except (KeyboardInterrupt, Stopped):
        raise
    except BaseException as error:  # whatever torch or a plugin raises: what there is is worth a report
        return Outcome("failed", f"training failed: {accounted(error)}", ExitCode.DIVERGED)
    if run.halted:
        return Outcome("failed", f"training failed: {'; '.join(run.halted.values())}", ExitCode.DIVERGED)
    if run.diverged:
        return Outcome("diverged", _divergence(run), ExitCode.DIVERGED)
    return Outcome("finished", None, ExitCode.AS_EXPECTED)


def _controlled(
    report: Report,
    controls: Controls,
    run: Run,
    stop: Interrupts,
    deadline: float | None,
    teller: Narration,
) -> Report:
    """Add what came of the controls; one that does not turn its verdict round is not as expected."""

    def stopped() -> bool:
        return stop.received is not None or (deadline is not None and time.monotonic() >= deadline)

    try:
        with teller:
            claims = controls.added(run, report.claims, stopped, teller.say)
    except Exception as error:  # whatever torch raises: the claims themselves are worth a report
        complain(f"{report.preset}: a control failed: {accounted(error)}")
        return report.model_copy(update={"exit_code": int(ExitCode.DIVERGED)})
    code = report.exit_code
    if code == ExitCode.AS_EXPECTED and not all(
        c.control.as_expected for c in claims if c.control is not None
    ):
        code = int(ExitCode.NOT_AS_EXPECTED)
    return report.model_copy(update={"claims": claims, "exit_code": code})


def _checkpoint(store: Store, teller: Narration) -> None:
    """Write a checkpoint; if that fails for a new reason, say so once and let training go on."""
    before = store.problem
    if not store.checkpoint() and store.problem != before:
        teller.say(f"no checkpoint could be written: {store.problem}; training goes on")


def _keep_end(store: Store | None, ended: Ending, teller: Narration) -> bool:
    """Write the last checkpoint before a word is said (the terminal may be gone); return if all is kept."""
    if store is None:
        return True
    name, kept_whole = store.directory.name, True
    if ended == "failed":
        kept = "kept" if store.fail() else "kept up to its newest checkpoint"
        teller.say(f"{kept} as {name}")
    elif not store.checkpoint(ended):
        kept_whole = False
        complain(f"the end of the run is not kept: {store.problem}")
    elif ended in ENDED_EARLY:
        teller.say(f"kept; to go on: grok-tui resume {shlex.quote(name)}")
    else:
        teller.say(f"kept as {name}")
    store.close()
    return kept_whole


def _publish(report: Report, as_json: bool, junit_file: Path | None) -> None:
    """Write the file first, safe whatever happens to stdout; if it fails, stdout has the result yet."""
    try:
        if junit_file is not None:
            write_file(junit_file, junit.document([report]), "--junit")
    finally:
        with suppress(StdoutClosedError):  # the reader had enough; the exit code still carries the verdict
            if as_json:
                write_json(report.to_json())
            else:
                print_result(run_tables(report))


def _timings(steps: int, started: float, first_step: float) -> Timings:
    seconds = time.monotonic() - first_step
    return Timings(
        startup_seconds=first_step - started,
        seconds=seconds,
        steps=steps,
        steps_per_second=steps / seconds if seconds > 0 else None,
    )


def _announcement(run: Run) -> str:
    several = f"{len(run.devices)} x " if len(run.devices) > 1 else ""
    where = f"{several}{run.device_name}, {plural(run.threads, 'thread')}"
    return f"{plural(len(run.arms), 'arm')}, {grouped(run.total)} steps on {where} ({run.why})"


def standing(run: Run) -> Standing:
    """Return how far a run has come."""
    arm = min(run.arms.values(), key=lambda arm: (arm.finished, arm.step / arm.spec.training.steps))
    train, val = (float(np.median(arm.history.last(name))) for name in ("train_loss", "val_loss"))
    return Standing(run.steps, run.total, arm.name, train, val)


def _divergence(run: Run) -> str:
    parts = []
    for name in run.diverged:
        events = [event for event in run.arms[name].history.events if event.name == "divergence"]
        parts.append(f"arm '{name}' diverged at step {min(event.step for event in events)}")
    return "; ".join(parts)


def _report(work: HeadlessRun, outcome: Outcome, timings: Timings) -> Report:
    """Return what came of a run, with its exit code."""
    run = work.run
    snapshot = run.snapshot(State.FINISHED if run.finished else State.PAUSED)
    backends = {name: arm.backends for name, arm in run.arms.items()}
    whole = report_of(snapshot, work.label, work.profile, backends)
    code = outcome.exit_code
    if code == ExitCode.AS_EXPECTED and not all(claim.as_expected for claim in whole.claims):
        code = ExitCode.NOT_AS_EXPECTED
    told = vars(whole) | {"complete": outcome.ended == "finished"}
    return Report(**told, timings=timings, ended=outcome.ended, problem=outcome.problem, exit_code=int(code))
