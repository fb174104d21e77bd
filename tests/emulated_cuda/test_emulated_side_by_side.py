"""Runs on two GPUs: which arm is where, the same bits as on one, kept and taken up again, short of memory."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import pytest
import torch
from tiny_problems import MLP, TRANSFORMER, several, tiny

from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.run.device import DeviceError, choose_device
from grok_tui.engine.run.place import Place
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.store import create, resume
from grok_tui.engine.worker.opening import Anew, Keeping
from grok_tui.engine.worker.orders import GoOn, Intervene, Rewind
from grok_tui.engine.worker.runner import Runner
from grok_tui.headless.run import Wishes, run_headless
from grok_tui.options import RunOptions

KINDS = (
    {"batch_size": 5, "modifiers": {"dropout": 0.2}},
    {"model": TRANSFORMER},
    {"optimizer": {"name": "muon"}},
    {"model": MLP | {"depth": 2}},
)
STEPS = 120

pytestmark = pytest.mark.usefixtures("few_measures")


def run_on(device: str, **training) -> Run:
    return Run(several(*KINDS, steps=STEPS, **training), device, None, Compiling("auto"))


def finished(run: Run) -> Run:
    while not run.finished:
        run.advance()
    return run


def all_of(run: Run) -> dict[str, bytes]:
    """Return all that the arms have become."""
    states, arrays = run.export_state()
    fields = {name: state.model_dump_json().encode() for name, state in states.items()}
    return fields | {name: array.tobytes() for name, array in arrays.items()}


@pytest.mark.parametrize("replicas", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_every_arm_has_the_bits_that_it_has_on_one_device(devices, replicas):
    alone = finished(run_on("cuda:0", replicas=replicas))
    both = finished(run_on("cuda:0,cuda:1", replicas=replicas))
    assert [str(both.arms[name].device) for name in "abcd"].count("cuda:1") == 2
    assert all_of(both) == all_of(alone)
    assert {made.backend for arm in both.arms.values() for made in arm.backends} == {"cuda graph"}
    assert both.compiling.problems == []


def test_each_device_has_a_thread_of_its_own_and_one_device_has_none(devices):
    run_on("cuda:1").advance()
    assert not any(thread.name.startswith("trainer") for thread in threading.enumerate())
    run = run_on("all")
    run.advance()
    names = {"trainer cuda:0", "trainer cuda:1"}
    assert names <= {thread.name for thread in threading.enumerate()}
    assert sum(arm.step > 0 for arm in run.arms.values()) == 2
    seen = run.snapshot(State.RUNNING)
    assert seen.torch_device == "cuda:0,cuda:1"
    assert [gpu.device for gpu in seen.gpus] == ["cuda:0", "cuda:1"]
    assert all(0 < gpu.used < gpu.total for gpu in seen.gpus)
    assert run.why.startswith("2 arms on cuda:0, 2 arms on cuda:1")


def test_all_arms_are_brought_as_far_as_each_other(devices):
    run = run_on("all")
    run.advance_together(7)
    assert {arm.step for arm in run.arms.values()} == {7}


@pytest.mark.parametrize("elsewhere", ["cuda:1", "cuda:1,cuda:0"])
def test_a_run_goes_on_on_another_number_of_devices_to_the_same_bits(devices, tmp_path, elsewhere):
    run = run_on("all")
    store = create(run, "tiny", at=tmp_path / "run")
    for _ in range(4):
        run.advance()
    store.checkpoint("interrupted")
    store.close()
    assert json.loads((tmp_path / "run/run.json").read_text())["device"] == "cuda:0,cuda:1"
    said: list[str] = []
    again, store = resume(RunDirectory(tmp_path / "run"), said.append, Place(device=elsewhere))
    finished(again)
    store.close()
    assert said == []
    assert all_of(again) == all_of(finished(run_on("cuda:0")))


def test_a_fork_goes_where_least_is_to_be_done(devices):
    run = Run(several({}, {}, {}, steps=STEPS), "all")
    fork = Fork(name="fork", parent="a", step=0, end=STEPS)
    run.adopt(run.forked(fork), fork)
    assert [str(arm.device) for arm in run.arms.values()] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert all_of(finished(run))


def test_what_is_no_choice_of_devices_is_told_with_what_is_there(devices):
    for name, said in {
        "cuda:9": "'cuda:9': there are cuda:0 to cuda:1",
        "cuda:0,cuda:0": "cuda:0 is named twice; there are cuda:0 to cuda:1",
        "cuda,cuda:0": "cuda:0 is named twice",
        "cuda:0,cpu": "'cpu' stands alone; several are GPUs: there are cuda:0 to cuda:1",
        "cuda:0,": "unknown device ''; valid: auto, cpu, cuda, cuda:N, all",
    }.items():
        with pytest.raises(DeviceError) as caught:
            choose_device(name, 1.0)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


def test_all_leaves_out_a_gpu_that_does_not_work_and_says_so(devices):
    devices.break_down(0, "no kernel image is available for execution on the device")
    choice = choose_device("all", 1.0)
    assert choice.devices == (torch.device("cuda", 1),)
    assert choice.why.startswith("cuda:0: CUDA error: no kernel image")
    devices.limit(2**20, 1)
    with pytest.raises(DeviceError, match=r"'all': no GPU will do: cuda:0: CUDA error.*; valid: auto, cpu"):
        choose_device("all", 1.0)


def eventually(holds: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def without_memory(run: Run, name: str, kernels: int = 2) -> None:
    """Have an arm find no memory at a kernel in the midst of its next steps."""
    stepper = run.arms[name]._trainer.build(run.arms[name].step)._eager
    kernel, calls = stepper.plan.kernels[-1], []

    def fail() -> None:
        calls.append(kernel())
        if len(calls) == kernels:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    stepper.plan.kernels[-1] = fail


def test_an_arm_without_memory_stops_at_its_last_checkpoint_and_the_others_go_on(devices, tmp_path):
    run = Run(several(*KINDS, steps=STEPS), "all", None, Compiling("off"))
    store = create(run, "tiny", at=tmp_path / "run")
    run.advance_together(7)
    store.checkpoint()
    run.advance_together(6)
    without_memory(run, "b")
    finished(run)
    assert list(run.halted) == ["b"]
    assert run.halted["b"] == "arm 'b' stopped at step 13: CUDA out of memory. Tried to allocate 2 GiB"
    store.checkpoint("failed")
    store.close()
    said: list[str] = []
    again, store = resume(RunDirectory(tmp_path / "run"), said.append)
    assert {name: arm.step for name, arm in again.arms.items()} == {"a": 120, "b": 7, "c": 120, "d": 120}
    finished(again)
    store.checkpoint("finished")
    store.close()
    assert said == []
    whole = finished(run_on("cuda:0"))
    assert torch.equal(again.arms["b"].theta.cpu(), whole.arms["b"].theta.cpu())
    lines = (tmp_path / "run/measures.csv").read_text().splitlines()
    steps = [int(line.split(",")[1]) for line in lines if line.startswith("b,")]
    assert steps == whole.arms["b"].history.steps.tolist()


def test_a_run_whose_arms_all_have_stopped_fails(devices):
    run = Run(several({}, {}, steps=STEPS), "all", None, Compiling("off"))
    for name in run.arms:
        without_memory(run, name)
    with pytest.raises(RuntimeError, match=r"arm 'a' stopped at step 0: .*; arm 'b' stopped at step 0"):
        finished(run)


def test_another_error_in_a_thread_ends_the_run(devices):
    run = run_on("all")
    devices.break_down(1)
    with pytest.raises(RuntimeError, match="an illegal memory access"):
        finished(run)


def test_an_arm_that_stopped_goes_on_from_where_one_returns_to(devices, tmp_path):
    preset = several({}, {"batch_size": 5}, steps=10**6)
    place = Place(device="all", compile="off")
    runner = Runner(preset, Anew(preset, place, Keeping("tiny", folder=tmp_path / "run")), pace=200.0)
    stopped: list[str] = []
    advance = Run.advance_together

    def once(run: Run, steps: int, seconds: float) -> int:
        if not stopped and run.arms["b"].step > 20:
            stopped.append("b")
            without_memory(run, "b")
        return advance(run, steps, seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "advance_together", once)
        runner.start()
        assert eventually(lambda: bool(runner.refusals))
        assert runner.refusals.popleft().startswith("arm 'b' stopped at step ")
        first = runner.snapshot.arms[0].step
        assert eventually(lambda: runner.snapshot.arms[0].step > first)
        reset = {"arm": "b", "at_step": 1, "action": "reset"}
        document = preset.model_dump(mode="json") | {"interventions": [reset]}
        runner.give(Intervene(intervention=type(preset).model_validate(document).interventions[0]))
        assert eventually(lambda: bool(runner.refusals))
        assert "return to an earlier step of it first" in runner.refusals.popleft()
        runner.give(Rewind(arm="b", step=10))
        assert eventually(lambda: runner.snapshot.state is State.PAUSED)
        runner.give(GoOn())
        assert eventually(lambda: runner.snapshot.arms[1].step > 30)
    assert runner.close(20)
    assert not runner.refusals


def test_headless_says_which_arm_stopped_and_ends_with_3(devices, monkeypatch, capsys, tmp_path):
    preset = several({}, {}, steps=STEPS)
    monkeypatch.setattr(RunOptions, "load", lambda *_: preset)
    advance = Run.advance

    def spoiled(run: Run) -> None:
        if run.arms["b"].step > 20 and not run.halted:
            without_memory(run, "b")
        advance(run)

    monkeypatch.setattr(Run, "advance", spoiled)
    options = RunOptions(device="all", compile="off")
    code = run_headless("tiny", options, Wishes(as_json=True), Keeping("tiny", folder=tmp_path / "run"))
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert code == 3
    assert report["device"] == "cuda:0,cuda:1"
    assert report["problem"].startswith("training failed: arm 'b' stopped at step ")
    assert "the other arms go on" in err
    assert json.loads((tmp_path / "run/status.json").read_text())["ended"] == "failed"


def test_one_arm_leaves_the_second_gpu_alone(devices):
    run = Run(tiny(), "all")
    run.advance()
    assert [gpu.device for gpu in run.snapshot(State.RUNNING).gpus] == ["cuda:0"]
