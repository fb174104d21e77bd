"""Runs whose processes are killed at random moments and taken up again; for a test, and for a benchmark."""

import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from arms import SUMS, preset

from grok_tui.engine.run.run import Run
from grok_tui.engine.store import store as storing
from grok_tui.engine.store.checkpoints import decode
from grok_tui.engine.store.directory import RunDirectory, RunStatus
from grok_tui.presets import Preset

LONGEST_LIFE = 0.08  # seconds that a process is left to train, unless told otherwise

LINEAR = preset(
    {"name": "sgd", "optimizer": {"name": "sgd", "lr": 0.1}},
    {"name": "adamw", "optimizer": {"name": "adamw", "lr": 0.01}, "training": {"batches": "independent"}},
    batch_size=3,
    steps=3000,
    interventions=[{"arm": "sgd", "at_step": 700, "action": "jump", "norm": 1.0}],
    claims=[{"says": "x", "holds": "end(sgd.bias) > 0", "origin": "test"}],
)
MLP = preset(
    {
        "name": "adam",
        "optimizer": {"name": "adam", "lr": 0.01},
        "model": {"name": "mlp", "hidden": 8, "activation": "quadratic"},
    },
    task=SUMS,
    loss="cross_entropy",
    batch_size=4,
    steps=3000,
    replicas=2,
    dtype="float32",
    loss_dtype="float32",
)
ONLINE = preset(
    {
        "name": "adam",
        "optimizer": {"name": "adam", "lr": 0.01},
        "model": {"name": "mlp", "hidden": 8, "activation": "relu"},
    },
    task={"name": "sparse_parity", "n": 9, "k": 2, "samples": 40, "validation": 100},
    loss="logistic",
    batches="online",
    batch_size=8,
    steps=2000,
)
WARMUP = preset(
    {
        "name": "adam",
        "optimizer": {"name": "adam", "lr": 0.01},
        "modifiers": {"warmup": 500},
    },
    batch_size=3,
    steps=3000,
    interventions=[
        {"arm": "adam", "at_step": 300, "action": "set", "hyperparameter": "lr", "value": 0.02},
        {"arm": "adam", "at_step": 1500, "action": "reset"},
    ],
)


@dataclass
class Killed:
    """What became of the processes.

    Attributes:
        kills: how many were killed.
        finished: how many runs came to their end, each compared bit for bit with one that was never stopped.
        lost: how often a checkpoint that had been written was not there any more.
    """

    kills: int = 0
    finished: int = 0
    lost: int = 0


def kill_and_resume(
    wanted: Preset, folder: Path, kills: int, seed: int = 7, longest: float = LONGEST_LIFE
) -> Killed:
    """Train runs of a preset in processes that are killed so many times at random moments.

    Children share what this process has traced, so that each life and death takes a tenth of a second. A life
    lasts at most `longest` seconds.

    Raises:
        AssertionError: a run ended with other bits, or something of it was lost or corrupt.
    """
    run = Run(wanted)
    start = run.export_state()
    while not run.finished:
        run.advance()
    states, arrays = run.export_state()
    rows = sum(len(arm.history) for arm in run.arms.values()) * len(wanted.seeds)

    def beginning(*_: object) -> Run:
        run.restore_state(*start)
        return run

    original, storing.rebuilt = storing.rebuilt, beginning
    beginning()
    random_numbers, seen = random.Random(seed), Killed()
    try:
        while seen.kills < kills or not seen.finished:
            path = folder / f"run{seen.finished}"
            life = random_numbers.uniform(0, longest) if seen.kills < kills else None
            if _lived(run, path, life, seen):
                _check_end(RunDirectory(path), states, arrays, rows)
                seen.finished += 1
    finally:
        storing.rebuilt = original
    return seen


def _lived(run: Run, path: Path, life: float | None, seen: Killed) -> bool:
    """Let a process begin or take up a run; return whether it came to its end before it was killed.

    It is killed after `life` seconds, or never if that is None.
    """
    directory = RunDirectory(path)
    begun = (path / "run.json").exists()
    reached = max((step for step, _ in directory.checkpoints()), default=0)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _train(directory if begun else None, path, run)
            code = 0
        finally:
            os._exit(code)
    if life is not None:
        time.sleep(life)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status):
        assert os.waitstatus_to_exitcode(status) == 0
        return True
    seen.kills += 1
    steps = [step for step, _ in directory.checkpoints()]
    seen.lost += max(steps, default=0) < reached
    assert not seen.lost
    assert all(decode(path.read_bytes()) for _, path in directory.checkpoints())
    return False


def _train(directory: RunDirectory | None, folder: Path, run: Run) -> None:
    """Begin or take up a run and train it to its end, with a checkpoint after every chunk."""
    if directory is None:
        store = storing.create(run, "killed", at=folder, cadence=0.0)
    else:
        run, store = storing.resume(directory, lambda _: None, cadence=0.0)
    while not run.finished:
        run.advance_together(40)
        assert store.checkpoint()
    assert store.checkpoint("finished")
    store.close()


def _check_end(directory: RunDirectory, states: dict, arrays: dict, rows: int) -> None:
    last = decode(directory.checkpoints()[-1][1].read_bytes())
    assert last.state.arms == states
    assert all(last.arrays[name].tobytes() == arrays[name].tobytes() for name in arrays)
    lines = (directory.path / "measures.csv").read_text().splitlines()
    assert len(lines) == len(set(lines)) == 1 + rows
    assert directory.state() is RunStatus.FINISHED
