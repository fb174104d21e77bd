"""Check 13: an error after which CUDA is of no use to the process any more."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from grok_tui.engine.remote.client import Attached
from grok_tui.engine.remote.keeper import KeeperJob, keep
from grok_tui.engine.run.place import Place
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import State

from .effort import Effort, allowed
from .findings import Findings
from .kept import CADENCE, preset
from .problems import GPU
from .processes import Call, command, environment
from .running import begun, ended, until
from .running import steps as reached

STEPS, TINY_STEPS = 200_000, 4_000
SOUND_SECONDS = 1.0
FAR_AWAY = 10**6
KEEPER_SECONDS = 20.0


def check(found: Findings, effort: Effort) -> None:
    """Read out of range on the device in the middle of a run, in a thread and in a keeper."""
    given = {"steps": TINY_STEPS if effort.tiny else STEPS, "tiny": effort.tiny}
    with tempfile.TemporaryDirectory() as home:
        whole = Call("kept:train", folder=f"{home}/whole", **given)
        seen = Call("broken:poisoned", folder=f"{home}/broken", **given).answer()
        found.note("what broke it", f"{seen['failure'][:160]} at step {seen['step']}")
        found.require("state", seen["state"] == State.FAILED, seen["state"], "failed")
        found.require(
            "failure", "\n" not in seen["failure"] and bool(seen["failure"]), "one line", "one line"
        )
        resumed = Call("kept:train", folder=f"{home}/broken", **given)
        same = whole.answer() == resumed.answer()
        found.same_bits("resumed in another process", same)
        state, seconds = kept_apart(Path(home) / "keeper", **given)
        found.require("a keeper's run", state == State.FAILED, state, "failed")
        found.require(
            "the keeper ends",
            seconds >= 0,
            f"after {seconds:.1f} s",
            f"within {allowed(KEEPER_SECONDS):.0f} s",
        )


def poison() -> None:
    """Have every run of this process read out of range on the device after a while."""
    sound, began = Run.advance, float("inf")

    def advance(run: Run) -> None:
        nonlocal began
        began = min(began, time.monotonic())
        sound(run)
        if time.monotonic() > began + SOUND_SECONDS:
            table, place = torch.zeros(4, device=GPU), torch.tensor([FAR_AWAY], device=GPU)
            table[place].sum().item()

    Run.advance = advance  # type: ignore[method-assign]


def poisoned(folder: str, steps: int, tiny: bool) -> dict[str, Any]:
    """Return what a runner's last snapshot says of a run that breaks."""
    poison()
    runner = begun(preset(tiny, steps), Path(folder), CADENCE)
    until(lambda: ended(runner) or runner.snapshot.state is State.FINISHED, "broken")
    snapshot = runner.snapshot
    return {"state": snapshot.state, "failure": snapshot.failure or "", "step": reached(runner)}


def kept_apart(folder: Path, steps: int, tiny: bool) -> tuple[str, float]:
    """Return the state of a run that breaks in a keeper, and the seconds to the end of its keeper, or -1."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    place = Place(device="cuda", compile="auto")
    job = KeeperJob(
        preset=preset(tiny, steps), folder=folder, label="acceptance", profile="quick", place=place
    )
    with theirs:
        keeper = subprocess.Popen(
            command("call", "broken:keep_poisoned", json.dumps({"handle": theirs.fileno()})),
            env=environment(),
            stdin=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
        )
    assert keeper.stdin is not None
    with keeper.stdin as pipe:
        pipe.write(job.model_dump_json().encode())
    visitor = Attached(lambda: ours)
    visitor.start()
    until(lambda: visitor.snapshot.state in (State.FAILED, State.CLOSED, State.FINISHED), "broken")
    state, began = visitor.snapshot.state, time.monotonic()
    visitor.close()
    try:
        keeper.wait(allowed(KEEPER_SECONDS))
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()
        return state, -1.0
    return state, time.monotonic() - began


def keep_poisoned(handle: int) -> None:
    """Be the process of a keeper whose run breaks."""
    poison()
    keep(handle)
