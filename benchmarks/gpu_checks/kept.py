"""Check 5: a kept run that is killed, taken up, replayed, rewound and forked comes out with the same bits."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

import torch

from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.run.run import Run
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.store import Store, create, resume
from grok_tui.engine.worker.travel import Journey, Trail
from grok_tui.presets import Preset

from .effort import Effort
from .findings import Findings
from .problems import advance, digest, named
from .processes import Call, grok_tui

KILLS, TINY_KILLS = 5, 2
STEPS, TINY_STEPS = 120_000, 1_500
CADENCE = 0.1  # seconds between two checkpoints
LIFE = (0.2, 1.0)  # seconds of training before a kill
READY = "READY"


def preset(tiny: bool, steps: int) -> Preset:
    """Return what is trained: minibatches, two replicas, and a jump on the way."""
    found = named("MLP p=31", tiny, steps=steps, batch_size=12, replicas=2, record_every=500)
    jump = {"arm": "a", "at_step": steps // 3, "action": "jump", "norm": 0.1}
    return Preset.model_validate(found.model_dump(mode="json") | {"interventions": [jump]})


def check(found: Findings, effort: Effort) -> None:
    """Kill a run again and again while another one goes on unharmed, and compare their ends."""
    steps = TINY_STEPS if effort.tiny else STEPS
    given = {"steps": steps, "tiny": effort.tiny}
    with tempfile.TemporaryDirectory() as home:
        whole = Call("kept:train", folder=f"{home}/whole", **given)
        kills, end = killed(f"{home}/killed", steps, effort)
        found.note("kills", f"{kills} by SIGKILL, each after {LIFE[0]:g} to {LIFE[1]:g} s of training")
        same = whole.answer() == end
        found.same_bits("the end of the killed run", same)
        replay = grok_tui("replay", f"{home}/killed", seconds=240)
        last = (replay.err or replay.out).strip().splitlines()[-1:]
        found.require("replay", replay.code == 0, f"exit code {replay.code} {last}", "0: no difference")
        for what, holds in Call("kept:travelled", folder=f"{home}/travel", **given).answer().items():
            found.same_bits(what, holds)


def killed(folder: str, steps: int, effort: Effort) -> tuple[int, str]:
    """Train a run in processes that are killed; return how many were, and the digest of its end."""
    lives, kills = random.Random(7), 0
    while kills < (TINY_KILLS if effort.tiny else KILLS):
        one = Call("kept:train", folder=folder, steps=steps, tiny=effort.tiny)
        while (line := one.line()) and line != READY:
            pass
        time.sleep(lives.uniform(*LIFE))
        if one.process.poll() is not None:
            break
        one.kill()
        kills += 1
    return kills, str(Call("kept:train", folder=folder, steps=steps, tiny=effort.tiny).answer())


def train(folder: str, steps: int, tiny: bool, device: str = "cuda") -> str:
    """Begin or take up the run in a folder, bring it to its end, and return the digest of all it became."""
    run, store = opened(Path(folder), steps, tiny, device)
    print(READY, flush=True)
    while not run.finished:
        run.advance()
        if store.due and not store.checkpoint():
            raise OSError(store.problem)
    store.checkpoint("finished")
    store.close()
    # What is kept of an arm because somebody looks at it is none of what it became.
    _, arrays = run.arms["a"].export_state()
    return digest({name: each for name, each in arrays.items() if not name.startswith("vectors/")})


def opened(folder: Path, steps: int, tiny: bool, device: str) -> tuple[Run, Store]:
    """Return the run of a folder, begun or taken up."""
    if (folder / "run.json").exists():
        return resume(RunDirectory(folder), lambda line: print(line, file=sys.stderr), cadence=CADENCE)
    run = Run(preset(tiny, steps), device, None, Compiling("auto"))
    return run, create(run, "acceptance", at=folder, cadence=CADENCE)


def travelled(folder: str, steps: int, tiny: bool) -> dict[str, bool]:
    """Return whether ways back, and a fork, lead to the bits that the arm had."""
    steps = 60 if tiny else 3000
    run, store = opened(Path(folder), steps, tiny, "cuda")
    trail = Trail(store.directory)
    trail.note(run, "a")
    middle = steps // 2
    advance(run.arms["a"], middle)
    then = run.arms["a"].theta.clone()
    advance(run.arms["a"], middle + steps // 4)
    store.checkpoint()
    present = run.arms["a"].theta.clone()
    back = _arrived(Journey(run, "a", middle, trail))
    fork = Fork(name="b", parent="a", step=middle, end=steps)
    forked = _arrived(Journey(run, "a", middle, trail, fork))
    now = Fork(name="c", parent="a", step=run.arms["a"].step, end=steps)
    return {
        "rewound": torch.equal(back.theta, then),
        "forked in the past": torch.equal(forked.theta, then),
        "forked in the present": torch.equal(_arrived(Journey(run, "a", None, trail, now)).theta, present),
    }


def _arrived(journey: Journey) -> Arm:
    while not journey.arrived:
        journey.advance()
    return journey.arm
