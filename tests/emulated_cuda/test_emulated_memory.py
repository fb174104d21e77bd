"""When a device's memory runs out, whatever was there goes on, and what a run came to is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
import torch
from tiny_problems import KINDS, MLP, tiny

from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.engine.run.memory import out_of_memory
from grok_tui.engine.run.place import Place
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.store import create, resume
from grok_tui.engine.worker.opening import Anew, Keeping
from grok_tui.engine.worker.orders import Intervene, Restart
from grok_tui.engine.worker.runner import Runner
from grok_tui.presets import Preset

WIDE = {"model": MLP | {"hidden": 64}, "batch_size": 5, "replicas": 2}

ROOMS = (0, 2_000, 8_000, 20_000, 60_000, 120_000, 250_000, 500_000, 1_000_000, 8_000_000)  # bytes

FIRST = ("a new optimizer", "a jump")  # of the orders, for a look that takes seconds

WIDEST = WIDE | {"model": MLP | {"hidden": 1024}, "steps": 10**6}

FEW = 100_000  # bytes: enough for what a chunk of `WIDEST` needs in passing, not for another theta


def run_on(device: str, **changes) -> Run:
    return Run(tiny(**WIDE | changes), device, None, Compiling("auto"))


def all_of(run: Run) -> dict[str, bytes]:
    """Return all that an arm has become, except for what made its steps."""
    state, arrays = run.arms["a"].export_state()
    fields = state.model_dump_json(exclude={"backends"}).encode()
    return {"state": fields} | {name: array.tobytes() for name, array in arrays.items()}


def order(**fields) -> AnyIntervention:
    document = tiny(**WIDE).model_dump(mode="json") | {
        "interventions": [{"arm": "a", "at_step": 1, **fields}]
    }
    return Preset.model_validate(document).interventions[0]


ORDERS = {
    "a new optimizer": order(action="switch", optimizer={"name": "sgd", "lr": 0.1, "momentum": 0.9}),
    "the optimizer anew": order(action="switch", optimizer={"name": "adamw", "lr": 0.5}, state="fresh"),
    "batches of another size": order(action="set", hyperparameter="batch_size", value=9),
    "a gradient filter": order(action="set", hyperparameter="grokfast", value="ema"),
    "another clip": order(action="set", hyperparameter="clip_norm", value=0.1),
    "a reset": order(action="reset"),
    "a jump": order(action="jump", norm=0.5),
    "a sample withheld": order(action="withhold", n=1),
    "other labels": order(action="relabel", share=0.5),
    "other weights": order(action="reinitialize"),
    "other weights of a replica": order(action="reinitialize", replica=1),
    "a jump as far as steps would go": order(action="jump", of_next_steps=3),
}


def carried_out(run: Run, intervention: AnyIntervention) -> bool:
    try:
        run.arms["a"].intervene(intervention)
    except RuntimeError as error:
        if out_of_memory(error):
            return False
        raise
    return True


@pytest.mark.parametrize(
    "name", [name if name in FIRST else pytest.param(name, marks=pytest.mark.slow) for name in ORDERS]
)
def test_an_order_without_room_leaves_the_arm_as_it_was(devices, name):
    run = run_on("cuda")
    run.arms["a"].advance(7)
    before, refused = all_of(run), 0
    for room in ROOMS:
        devices.limit(room)
        if carried_out(run, ORDERS[name]):
            break
        refused += 1
        assert all_of(run) == before
    devices.limit(None)
    assert refused
    assert len(run.arms["a"].interventions) == 1
    untroubled = run_on("cuda")
    untroubled.arms["a"].advance(7)
    untroubled.arms["a"].intervene(ORDERS[name])
    for one in (run, untroubled):
        one.arms["a"].advance(20)
    assert all_of(run) == all_of(untroubled)


def eventually(holds: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


@pytest.fixture
def runner(devices, tmp_path):
    preset = tiny(**WIDEST)
    place = Place(device="cuda", compile="auto")
    runner = Runner(preset, Anew(preset, place, Keeping("tiny", folder=tmp_path / "run")), pace=100.0)
    runner.start()
    assert eventually(lambda: any(arm.step > 20 for arm in runner.snapshot.arms))
    yield runner
    devices.limit(None)
    runner.close(20)


def test_a_run_goes_on_after_an_order_without_room(devices, runner):
    devices.limit(FEW)
    runner.give(Intervene(intervention=ORDERS["a new optimizer"]))
    assert eventually(lambda: bool(runner.refusals))
    assert runner.refusals[0].startswith("no memory for that: CUDA out of memory. Tried to allocate")
    step = runner.snapshot.arms[0].step
    assert eventually(lambda: runner.snapshot.arms[0].step > step)
    assert runner.snapshot.state is State.RUNNING
    assert runner.snapshot.arms[0].optimizer.name == "adamw"


def test_a_restart_needs_no_room_for_both(devices, runner, tmp_path):
    devices.limit(FEW)
    runner.give(Restart(preset=tiny(**WIDEST | {"loss": "mse"})))
    assert eventually(lambda: (tmp_path / "run-2").exists())
    assert eventually(lambda: any(arm.step > 20 for arm in runner.snapshot.arms))
    assert not runner.refusals


def test_a_run_goes_on_after_a_restart_without_room(devices, runner, tmp_path):
    devices.limit(FEW)
    larger = tiny(**WIDEST | {"model": MLP | {"hidden": 4096}})
    step = runner.snapshot.arms[0].step
    runner.give(Restart(preset=larger))
    assert eventually(lambda: bool(runner.refusals))
    assert eventually(lambda: runner.snapshot.arms[0].step > step + 20)
    assert runner.snapshot.state is State.RUNNING
    devices.limit(None)
    assert runner.close(20)
    end = runner.snapshot.arms[0].step
    said: list[str] = []
    again, store = resume(RunDirectory(tmp_path / "run"), said.append)
    store.close()
    assert again.arms["a"].step == end
    steps = again.arms["a"].history.steps.tolist()
    assert steps == list(range(0, 5 * len(steps), 5))
    whole = run_on("cuda", **WIDEST)
    while whole.arms["a"].step < end:
        whole.arms["a"].advance(end - whole.arms["a"].step)
    assert torch.equal(again.arms["a"].theta, whole.arms["a"].theta)
    assert said == []


def failed(runner: Runner) -> None:
    assert eventually(lambda: runner.snapshot.state is State.FAILED)
    runner.close(20)


def test_a_run_that_fails_between_steps_is_kept_as_it_stands(devices, runner, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr("grok_tui.engine.worker.travel.Trail.note_if_due", fail)
    failed(runner)
    status = json.loads((tmp_path / "run/status.json").read_text())
    assert status["ended"] == "failed"
    again, store = resume(RunDirectory(tmp_path / "run"), lambda _: None)
    store.close()
    assert again.steps == status["steps"] >= runner.snapshot.arms[0].step > 0


def test_what_broke_down_with_its_device_is_kept_up_to_its_last_checkpoint(devices, runner, tmp_path):
    devices.break_down()
    failed(runner)
    assert "an illegal memory access" in (runner.snapshot.failure or "")
    assert "this process cannot use the GPU any more" in (runner.snapshot.failure or "")
    assert json.loads((tmp_path / "run/status.json").read_text())["ended"] == "failed"


def test_a_state_between_two_steps_is_not_kept(devices, tmp_path):
    run = Run(tiny(**KINDS["mlp"]), "cuda", None, Compiling("off"))
    store = create(run, "tiny", at=tmp_path / "run")
    run.arms["a"].advance(3)
    store.checkpoint()
    stepper = run.arms["a"]._trainer.build(3)._eager
    kernel, calls = stepper.plan.kernels[-1], []

    def fail() -> None:
        calls.append(kernel())
        if len(calls) == 2:
            raise RuntimeError("CUDA out of memory")

    stepper.plan.kernels[-1] = fail
    with pytest.raises(RuntimeError):
        run.arms["a"].advance(4)
    assert not store.fail()
    store.close()
    again, store = resume(RunDirectory(tmp_path / "run"), lambda _: None)
    store.close()
    assert again.steps == 3
