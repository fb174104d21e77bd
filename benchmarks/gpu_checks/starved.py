"""Check 12: what becomes of a run that the GPU's memory does not suffice for, at every moment of its life."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grok_tui.catalog.interventions import Switch
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.store import resume
from grok_tui.engine.worker import orders as ask
from grok_tui.engine.worker.runner import Runner
from grok_tui.presets import Preset

from .ballast import Ballast, free_memory, warmed_up
from .effort import Effort
from .findings import Findings
from .problems import ADAMW, GPU, advance, arm_on, one_thread, preset_of, sums
from .processes import Call, Ended, grok_tui
from .running import begun, ended, goes_on, paused, steps, trains, until

LEFT, SHORT_LEFT = (300 << 20, 100 << 20, 30 << 20), (100 << 20,)
TINY_LEFT = (3 << 20, 1 << 20)
MOST_KEPT = 100 << 20
"""Bytes of theta of a run that is kept on the disk."""

FAILED_CODES = (2, 3)
"""Refused before it starts, or failed to start."""

PLANNED = 40
"""The step at which a run in mid-run is out of memory."""

SGD = {"name": "sgd", "lr": 1e-3}

Seen = tuple[bool, str, str]
"""Whether it is as it should be, what was seen, and what was wanted."""


def check(found: Findings, effort: Effort) -> None:
    """Leave a run so little that it fits in once more, but never with what a step needs besides."""
    for left in TINY_LEFT if effort.tiny else SHORT_LEFT if effort.short else LEFT:
        name = f"{left >> 20} MiB left"
        holds, seen, wanted = cannot_start(left)
        found.require(f"{name}, at the start", holds, seen, wanted)
        for what, (holds, seen, wanted) in Call("starved:scenes", left=left).answer().items():
            found.require(f"{name}, {what}", holds, seen, wanted)


def width(left: int) -> int:
    """Return the width of an MLP with two hidden layers whose theta takes about that many bytes."""
    return max(16, int((left / 4) ** 0.5))


def problem(left: int, **more: Any) -> Preset:
    """Return the preset of an arm whose theta takes about that many bytes."""
    model = {"name": "mlp", "hidden": width(left), "depth": 2}
    given = {"optimizer": ADAMW, "record_every": 1000} | more
    return preset_of(sums(7), model, **given)


def cannot_start(left: int) -> Seen:
    """Start the program on a GPU that has no room for its run."""
    sizes = ("--set", "task.p=7", "--set", f"model.hidden={width(left)}", "--set", "model.depth=2")
    done = grok_tui(
        "--preset", "modadd-mlp", *sizes, "--steps", "50", "--device", "cuda", "--headless", ballast=left
    )
    return (
        done.code in FAILED_CODES and one_line(done),
        told(done),
        f"exit code in {FAILED_CODES}, one line that says why",
    )


def one_line(done: Ended) -> bool:
    """Tell whether a command says in a single line that memory does not suffice, and shows no traceback."""
    lines = [line for line in done.err.splitlines() if "out of memory" in line or " need about " in line]
    return len(lines) == 1 and "Traceback" not in done.err


def told(done: Ended) -> str:
    """Return how a command ended, for people."""
    last = done.err.strip().splitlines()[-1:] or [""]
    return f"exit code {done.code}, {last[0][:160]}"


def scenes(left: int) -> dict[str, Seen]:
    """Return what is seen in each scene, by its name."""
    one_thread()
    warmed_up()
    found: dict[str, Seen] = {}
    plays: dict[str, Callable[[int], Seen]] = {
        "at capture": at_capture,
        "by an order": by_an_order,
        "at a restart": at_a_restart,
        "by a fork": by_a_fork,
    }
    if left <= MOST_KEPT:
        plays |= {"in mid-run": in_mid_run, "in a measure": in_a_measure}
    for name, play in plays.items():
        try:
            found[name] = play(left)
        except Exception as error:
            traceback.print_exc()
            found[name] = (False, " ".join(f"{type(error).__name__}: {error}".split())[:300], "no error")
        free_memory()
    return found


def at_capture(left: int) -> Seen:
    """Have a graph captured where only eager steps fit."""
    compiling, said = Compiling("off"), []
    compiling.listen(said.append)
    arm = arm_on(problem(left), GPU, compiling=compiling)
    advance(arm, 2)
    with Ballast(left):
        compiling.mode = "on"
        advance(arm, 20)
    made = [since.backend for since in arm.backends]
    seen = f"{arm.step} steps, made by {made}, said {[line[:120] for line in said]}"
    return arm.step == 20 and made == ["eager"] and len(said) == 1, seen, "eager steps, said once"


def by_an_order(left: int) -> Seen:
    """Switch to an optimizer whose state has no room."""
    runner = begun(problem(left, optimizer=SGD))
    switch = {"arm": "a", "at_step": 0, "action": "switch", "optimizer": ADAMW, "state": "fresh"}
    return refused(runner, left, ask.Intervene(intervention=Switch.model_validate(switch)))


def by_a_fork(left: int) -> Seen:
    """Add an arm that has no room."""
    return refused(begun(problem(left)), left, ask.ForkArm(arm="a", step=None, name="b"))


def refused(runner: Runner, left: int, order: ask.Order) -> Seen:
    """Give an order that the memory does not suffice for; the run has to go on without it."""
    try:
        trains(runner, 100)
        paused(runner)
        with Ballast(left):
            goes_on(runner)
            runner.give(order)
            until(lambda: bool(runner.refusals) or ended(runner), "refused")
            if runner.snapshot.state is State.PAUSED:
                goes_on(runner)
            trains(runner, 5)
        return alive(runner, "refused in one line, and the run goes on", bool(runner.refusals))
    finally:
        runner.close(10)


def at_a_restart(left: int) -> Seen:
    """Begin anew where there is no room for the run twice."""
    preset = problem(left)
    runner = begun(preset)
    try:
        trains(runner, 100)
        paused(runner)
        with Ballast(left):
            epoch = runner.snapshot.epoch
            runner.give(ask.Restart(preset=preset))
            until(
                lambda: runner.snapshot.epoch > epoch or bool(runner.refusals) or ended(runner), "begun anew"
            )
            if not ended(runner):
                goes_on(runner)
            trains(runner, 5)
        return alive(runner, "begun anew, or refused in one line; the run goes on")
    finally:
        runner.close(10)


def alive(runner: Runner, wanted: str, holds: bool = True) -> Seen:
    """Return what became of a run that had to live on."""
    snapshot = runner.snapshot
    lines = [line[:120] for line in runner.refusals]
    seen = f"{snapshot.state}, refusals {lines}, {(snapshot.failure or 'no failure')[:120]}"
    return holds and not ended(runner) and all("\n" not in line for line in lines), seen, wanted


def in_mid_run(left: int) -> Seen:
    """Take memory away that a planned switch of the optimizer needs; the run has to keep its last step."""
    preset = problem(left, optimizer=SGD)
    switch = {"arm": "a", "at_step": PLANNED, "action": "switch", "optimizer": ADAMW, "state": "fresh"}
    planned = preset.model_copy(update={"interventions": [Switch.model_validate(switch)]})
    seen, kept, sound = ran_out(planned, left)
    return sound and kept == PLANNED, seen, f"one line, kept to step {PLANNED}, and resume goes on"


def in_a_measure(left: int) -> Seen:
    """Take memory away that a measure needs: the step that it belongs to is not kept without it."""
    seen, _, sound = ran_out(problem(left, measures=["sharpness"], record_every=PLANNED), left)
    return sound, seen, "one line, and resume goes on"


def ran_out(preset: Preset, left: int) -> tuple[str, int, bool]:
    """Train a kept run until its memory is out at `PLANNED`, and take it up again.

    Returns:
        What was seen; the step that was kept; whether it was told in a line, as failed, and went on.
    """
    with tempfile.TemporaryDirectory() as home:
        directory = RunDirectory(Path(home) / "run")
        failure = failed(preset, directory.path, left)
        free_memory()
        kept = max((step for step, _ in directory.checkpoints()), default=0)
        status = directory.status().ended
        run, store = resume(directory, lambda _: None)
        began = run.arms["a"].step
        advance(run.arms["a"], 2 * PLANNED)
        store.close()
        went_on = began == kept and run.arms["a"].step == 2 * PLANNED
    seen = f"'{failure[:100]}', ended '{status}', kept to {kept}, resumed {went_on}"
    return seen, kept, bool(failure) and "\n" not in failure and status == "failed" and went_on


def failed(preset: Preset, folder: Path, left: int) -> str:
    """Train a kept run until its memory is out; return what it says."""
    runner = begun(preset, folder, paused=True)
    try:
        runner.give(ask.Step(steps=PLANNED // 2))
        until(lambda: steps(runner) >= PLANNED // 2 or ended(runner), "half way")
        with Ballast(left):
            runner.give(ask.GoOn())
            until(lambda: ended(runner), "out of memory")
            return runner.snapshot.failure or ""
    finally:
        runner.close(10)
