"""Check 6: a kept run goes from the GPU to the CPU and back; a second GPU does what the first does, alone."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from grok_tui.engine.run.place import Place
from grok_tui.engine.run.run import Run
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.store import create, resume

from .effort import Effort
from .findings import Findings
from .problems import advance, digest, named, state_of
from .processes import Call

STEPS, TINY_STEPS = 600, 60
BEGAN_ON = "cuda"
UNCHANGED = 1 << 20
"""Bytes by which the free memory of a GPU may change that nobody uses."""


def check(found: Findings, effort: Effort) -> None:
    """Take a run from device to device, and train on the second GPU where there is one."""
    with tempfile.TemporaryDirectory() as home:
        moved(found, Path(home) / "run", effort)
    count = torch.cuda.device_count()
    if count < 2:
        found.note("cuda:1", "there is one GPU: not checked")
        return
    second(found, effort)


def moved(found: Findings, folder: Path, effort: Effort) -> None:
    """Take a run from the GPU to the CPU and back."""
    steps = TINY_STEPS if effort.tiny else STEPS
    run = Run(named("linear101 b10", effort.tiny, steps=10 * steps), BEGAN_ON, None, Compiling("auto"))
    store = create(run, "acceptance", at=folder)
    for goal, device in ((steps, "cpu"), (2 * steps, "cuda"), (3 * steps, "cuda")):
        arm = run.arms["a"]
        advance(arm, goal)
        store.checkpoint()
        left, came_from = arm.theta.cpu(), run.device
        store.close()
        said: list[str] = []
        run, store = resume(RunDirectory(folder), said.append, Place(device=device))
        what = f"{came_from} to {run.device} at step {goal}"
        same = torch.equal(run.arms["a"].theta.cpu(), left)
        found.require(f"{what}: theta", same, "equal" if same else "not equal", "equal")
        told = any("device" in line for line in said)
        differs = run.device.type != BEGAN_ON
        wanted = "that the device is another than at the beginning" if differs else "nothing"
        found.require(f"{what}: said", told == differs, said or "nothing", wanted)
    store.close()


def second(found: Findings, effort: Effort) -> None:
    """Train on the second GPU, and see what becomes of the first one's memory meanwhile."""
    torch.zeros(1, device="cuda:0")
    before = torch.cuda.mem_get_info(0)[0]
    call = Call("places:trained", device="cuda:1", tiny=effort.tiny)
    while (line := call.line()) and line != "TRAINED":
        pass
    taken = before - torch.cuda.mem_get_info(0)[0]
    there = call.answer()
    here = Call("places:trained", device="cuda:0", tiny=effort.tiny).answer()
    found.require("cuda:1 moves theta", there["moved"] > 0, f"{there['moved']:.3g}", "> 0")
    same = there["digest"] == here["digest"]
    found.same_bits("cuda:1 = cuda:0", same)
    if effort.emulated is None:
        found.require("memory of GPU 0 taken by it", taken < UNCHANGED, f"{taken / 2**20:.0f} MiB", "none")


def trained(device: str, tiny: bool) -> dict[str, Any]:
    """Train on a device; wait, once done, for a line or the end of stdin; return what came of it."""
    run = Run(named("MLP p=31", tiny), device, None, Compiling("auto"))
    arm = run.arms["a"]
    start = arm.theta.clone()
    advance(arm, TINY_STEPS if tiny else STEPS)
    print("TRAINED", flush=True)
    sys.stdin.readline()
    return {"digest": digest(state_of(arm)), "moved": (arm.theta - start).abs().max().item()}
