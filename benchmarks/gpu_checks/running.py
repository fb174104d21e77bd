"""A run in a runner's thread, as the explorer has it: begun, given orders, and waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from grok_tui.engine.run.place import Place
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.worker import orders as ask
from grok_tui.engine.worker.opening import Anew, Keeping
from grok_tui.engine.worker.runner import Runner
from grok_tui.presets import Preset

from .effort import allowed

PATIENCE = 20.0  # seconds


class NeverError(Exception):
    """What was waited for never came to pass; one line."""


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait for a condition, on an emulated device longer.

    Raises:
        NeverError: it did not come to pass.
    """
    seconds = allowed(seconds)
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise NeverError(f"never {what} in {seconds:.0f} s")
        time.sleep(0.005)


def begun(
    preset: Preset, folder: Path | None = None, cadence: float | None = None, paused: bool = False
) -> Runner:
    """Return a runner that has opened a run on the GPU.

    Args:
        preset: what it carries out.
        folder: where it is kept, if it is.
        cadence: seconds between two checkpoints; None for the usual.
        paused: whether it takes no step yet.
    """
    keeping = Keeping("acceptance", folder=folder, cadence=cadence) if folder is not None else None
    runner = Runner(preset, Anew(preset, Place(device="cuda", compile="auto"), keeping), paused=paused)
    runner.start()
    until(lambda: runner.snapshot.state is not State.LOADING, "opened")
    return runner


def steps(runner: Runner) -> int:
    """Return the steps that the first arm has taken."""
    arms = runner.snapshot.arms
    return arms[0].step if arms else 0


def ended(runner: Runner) -> bool:
    """Tell whether it failed, or came to its end."""
    return runner.snapshot.state in (State.FAILED, State.CLOSED)


def trains(runner: Runner, by: int = 1) -> None:
    """Wait until some more steps are taken, or the run has ended."""
    goal = steps(runner) + by
    until(lambda: steps(runner) >= goal or ended(runner), f"{by} steps further")


def paused(runner: Runner) -> None:
    """Pause it, and wait for that."""
    runner.give(ask.Pause())
    until(lambda: runner.snapshot.state is State.PAUSED or ended(runner), "paused")


def goes_on(runner: Runner) -> None:
    """Let it go on, and wait for that."""
    runner.give(ask.GoOn())
    until(lambda: runner.snapshot.state is not State.PAUSED, "running again")
