"""Orders from outside: whatever is asked of a run, it goes on, and what is refused changes nothing."""

import json
import random
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import pytest
from arms import preset
from pydantic import TypeAdapter, ValidationError

from grok_tui.catalog.interventions import INTERVENTIONS, AnyIntervention
from grok_tui.catalog.modifiers import MODIFIERS
from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.trainer import Trainer
from grok_tui.engine.remote import protocol as say
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.worker import orders as ask
from grok_tui.engine.worker.runner import Runner

INTERVENTION = TypeAdapter(AnyIntervention)

SUMS = {"name": "binary_operation", "p": 5}
MLP = {"name": "mlp", "hidden": 4}
ADAM = {"name": "a", "optimizer": {"name": "adamw", "lr": 0.01}, "model": MLP}
SGD = {"name": "b", "optimizer": {"name": "sgd", "lr": 0.01}, "model": MLP}
PRESET = preset(
    ADAM, SGD, task=SUMS, loss="cross_entropy", steps=10**6, batch_size=3, replicas=2, record_every=50
)

NUMBERS = [0, 1, 2, 3, 5, -1, 0.5, 1e-3, 0.9, 1.5, 10**6, 2**53, 2**53 + 1, 2**63, 1e300, 1e-320, -0.0]
VALUES = [*NUMBERS, True, False, None, "full", "", "x", "\x1b[2J", [0.9, 0.999], [0.1], [], [2.0, -1.0], {}]
ARMS = ["a", "b", "a", "b", "a_2", "c", "", "\x1b[2J", 5]
NAMES = ["f", "g", "h", "a", "b", "class", "in", "A", "", "x" * 41, "\x1b", "f\n", 5]
HYPERPARAMETERS = [
    "batch_size",
    "\x1b[2J",
    "bogus",
    *(key for name in MODIFIERS.shipped for key in MODIFIERS[name].spec.own()),
    *(key for name in OPTIMIZERS for key in OPTIMIZERS[name].spec.model_fields),
]


def some_intervention(rng: random.Random) -> dict:
    """Return an intervention that somebody might ask for; most are wrong in some way."""
    action = rng.choice([*INTERVENTIONS, "bogus"])
    asked = {"arm": rng.choice(ARMS), "at_step": rng.choice([0, 0, 0, -1, 2**53]), "action": action}
    own = {
        "switch": {
            "optimizer": {"name": rng.choice([*OPTIMIZERS, "bogus"]), "lr": rng.choice(NUMBERS)},
            "state": rng.choice(["fresh", "kept", "kept", "lost"]),
        },
        "set": {"hyperparameter": rng.choice(HYPERPARAMETERS), "value": rng.choice(VALUES)},
        "jump": {rng.choice(["norm", "of_next_steps"]): rng.choice(NUMBERS)},
        "relabel": {rng.choice(["share", "indices"]): rng.choice([0.5, 1, 2, [0], [1, 1], [99], [-1], []])},
        "reinitialize": {"seed": rng.choice([None, 0, 2**31 - 1, -1])},
    }.get(action, {})
    if action in ("acquire", "withhold"):
        own = {rng.choice(["n", "indices"]): rng.choice([1, 2, 10**9, 0, [0], [0, 0], [7, 99], [-1], []])}
    if rng.random() < 0.3:
        own["replica"] = rng.choice([0, 1, 2, 5, -1, 2**63, None])
    if rng.random() < 0.05:
        own["since"] = rng.choice(["a.fit", "c.fit", ""])
    return asked | own


def some_order(rng: random.Random) -> dict:
    """Return an order as it might come over a socket."""
    step = rng.choice([0, 1, 7, 10**9, 2**52, 2**53, 2**60, -1, None])
    kind = rng.choice(
        ["intervene"] * 12 + ["rewind", "fork", "fork", "step", "pace", "pause", "go on", "stay"]
    )
    own = {
        "intervene": {"intervention": some_intervention(rng)},
        "rewind": {"arm": rng.choice(ARMS), "step": step},
        "fork": {"arm": rng.choice(ARMS), "step": step, "name": rng.choice(NAMES)},
        "step": {"steps": rng.choice([1, 3, 0, -1, 10**9])},
        "pace": {"pace": rng.choice([None, 1e-9, 100.0, 1e9, 0, -1])},
    }.get(kind, {})
    return {"order": kind, **own}


@dataclass
class Ready:
    """Opens a run that is there."""

    run: Run

    def open(self, _say):
        return self.run, None

    def keep_again(self, _run):
        return None


def until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.005)


def settled(runner: Runner) -> None:
    """Wait until all orders so far are carried out or refused."""
    pace = 1e6 + random.random()
    runner.give(ask.SetPace(pace=pace))
    until(lambda: runner.snapshot.pace == pace or runner.snapshot.state is State.FAILED)
    assert runner.snapshot.state is not State.FAILED, runner.snapshot.details


@pytest.mark.parametrize("seed", range(2))
def test_no_order_ends_a_run(seed):
    rng = random.Random(seed)
    runner = Runner(PRESET, paused=True)
    runner.refusals = deque(maxlen=10_000)
    runner.start()
    given = 0
    for _ in range(200):
        document = json.dumps(some_order(rng))
        with suppress(ValidationError):
            runner.give(say.SAID.validate_json(document))
            given += 1
        if given % 20 == 0:
            settled(runner)
    settled(runner)
    step = runner.snapshot.arms[0].step
    runner.give(ask.GoOn())
    until(lambda: runner.snapshot.arms[0].step > step)
    assert runner.close(30.0)
    assert 0 < len(runner.refusals) < given
    for line in runner.refusals:
        assert line.isprintable()
        assert "pydantic" not in line
        assert len(line) <= 500


def all_of(arm: Arm) -> tuple:
    state, arrays = arm.export_state()
    return state, {name: array.tobytes() for name, array in arrays.items()}


@pytest.mark.parametrize("seed", range(2))
def test_what_is_refused_leaves_the_arm_as_it_was(seed):
    rng = random.Random(seed)
    run = Run(PRESET)
    refused = 0
    for _ in range(80):
        arm = run.arms[rng.choice("ab")]
        arm.advance(rng.choice([1, 7, 60]))
        before = all_of(arm)
        try:
            one = INTERVENTION.validate_python(some_intervention(rng) | {"arm": arm.name})
        except ValidationError:
            continue
        try:
            arm.intervene(one)
        except ValueError:
            refused += 1
            assert all_of(arm) == before, one
    assert refused > 5
    assert run.whole


FAILURES = [
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    OverflowError("int too big to convert"),
    KeyError("\x1b[2J"),
]
SWITCH = {"arm": "a", "at_step": 0, "action": "switch", "optimizer": {"name": "muon"}, "state": "fresh"}
ORDERS = {
    "intervention": (
        ask.Intervene(intervention=INTERVENTION.validate_python(SWITCH)),
        (Trainer, "put_to_work"),
    ),
    "fork": (ask.ForkArm(arm="a", step=None, name="f"), (Run, "forked")),
    "fork on its way": (ask.ForkArm(arm="a", step=7, name="f"), (Arm, "carry_out_due")),
    "rewind": (ask.Rewind(arm="a", step=3), (Run, "fresh")),
    "restart": (ask.Restart(preset=PRESET), (Run, "_built")),
}


@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_an_order_that_fails_is_refused_and_the_run_goes_on_to_the_bits_it_would_have_had(kind, failure):
    order, (owner, name) = ORDERS[kind]
    run, untouched = Run(PRESET), Run(PRESET)
    runner = Runner(PRESET, Ready(run), paused=True)
    runner.start()
    runner.give(ask.Step(steps=10))
    settled(runner)

    def fails(*_, **__):
        raise failure

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, fails)
        runner.give(order)
        settled(runner)
    assert runner.refusals[0].isprintable()
    runner.give(ask.Step(steps=10))
    settled(runner)
    assert runner.close(20)
    untouched.advance_together(20)
    assert list(run.arms) == ["a", "b"]
    for name, arm in run.arms.items():
        arm_alone = untouched.arms[name]
        assert np.array_equal(arm.theta.numpy(), arm_alone.theta.numpy())
        assert arm.interventions == []


def test_many_steps_in_one_order_keep_nobody_from_ending_the_run():
    runner = Runner(PRESET, paused=True)
    runner.start()
    runner.give(ask.Step(steps=10**6))
    until(lambda: runner.snapshot.arms and runner.snapshot.arms[0].step > 0)
    assert runner.close(10.0)
    assert runner.snapshot.arms[0].step < 10**6


def test_a_pace_beyond_the_speed_keeps_no_order_waiting():
    runner = Runner(PRESET, pace=1e9)
    runner.start()
    runner.give(ask.Pause())
    until(lambda: runner.snapshot.state is State.PAUSED, 10.0)
    assert runner.close(10.0)


def test_a_batch_that_no_memory_suffices_for_is_refused():
    online = preset(
        SGD | {"model": {"name": "mlp", "hidden": 64, "bias": True}},
        task={"name": "sparse_parity", "n": 9, "k": 2, "samples": 40, "validation": 100},
        loss="logistic",
        batches="online",
        batch_size=8,
    )
    arm = Run(online).arms["b"]
    huge = {"arm": "b", "at_step": 0, "action": "set", "hyperparameter": "batch_size"}
    for size in (1e12, 1e300):
        with pytest.raises(ValueError, match="batch_size"):
            arm.intervene(INTERVENTION.validate_python(huge | {"value": size}))
    arm.intervene(INTERVENTION.validate_python(huge | {"value": 16}))
    assert arm.batch_size == 16


def test_there_are_only_so_many_arms(monkeypatch):
    monkeypatch.setattr(import_module("grok_tui.engine.arm.forks"), "MOST_ARMS", 4)
    runner = Runner(PRESET, paused=True)
    runner.start()
    for number in range(4):
        runner.give(ask.ForkArm(arm="a", step=None, name=f"f_{number}"))
    settled(runner)
    assert len(runner.snapshot.arms) == 4
    assert list(runner.refusals) == ["4 arms are as many as there may be"] * 2
    assert runner.close(10.0)


@pytest.mark.parametrize("name", ["class", "in", "A", "", "x" * 41])
def test_a_fork_is_named_as_an_arm_of_a_preset_is(name):
    with pytest.raises(ValidationError):
        ask.ForkArm(arm="a", step=None, name=name)
