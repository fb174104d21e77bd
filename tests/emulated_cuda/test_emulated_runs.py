"""Whole runs on emulated devices: kept, taken up again elsewhere, gone back in, and short of memory."""

from __future__ import annotations

import pytest
import torch
from tiny_problems import KINDS, tiny

from grok_tui.engine.run.place import Place
from grok_tui.engine.run.run import Run
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.replay import Replay
from grok_tui.engine.store.store import create, resume
from grok_tui.engine.worker.travel import Journey, Trail

pytestmark = pytest.mark.usefixtures("few_measures")


def run_on(device: str, **changes) -> Run:
    return Run(tiny(**KINDS["mlp"] | {"batch_size": 5} | changes), device, None, Compiling("auto"))


def theta_of(run: Run) -> torch.Tensor:
    return run.arms["a"].theta.cpu()


def advanced(run: Run, chunks: int) -> Run:
    for _ in range(chunks):
        run.advance()
    return run


def test_a_run_resumed_on_its_device_goes_on_to_the_same_bits(devices, tmp_path):
    whole = advanced(run_on("cuda"), 8)
    run = run_on("cuda")
    store = create(run, "tiny", at=tmp_path / "run")
    advanced(run, 4)
    store.checkpoint("interrupted")
    store.close()
    said: list[str] = []
    again, store = resume(RunDirectory(tmp_path / "run"), said.append)
    assert str(again.device) == "cuda:0"
    while again.steps < whole.steps:
        again.arms["a"].advance(whole.steps - again.steps)
    store.close()
    assert said == []
    assert [since.backend for since in again.arms["a"].backends] == ["cuda graph"]
    assert torch.equal(theta_of(again), theta_of(whole))


def test_a_run_goes_on_on_another_device_from_where_it_was(devices, tmp_path):
    run = run_on("cuda")
    store = create(run, "tiny", at=tmp_path / "run")
    advanced(run, 4)
    store.checkpoint("interrupted")
    store.close()
    said: list[str] = []
    again, store = resume(RunDirectory(tmp_path / "run"), said.append, Place(device="cpu"))
    store.close()
    assert torch.equal(theta_of(again), theta_of(run))
    assert any(line.startswith("the bits may differ: device") for line in said)


@pytest.mark.parametrize("kind", ["mlp", "online"])
def test_where_numbers_are_drawn_in_another_way_a_run_that_draws_says_so(devices, tmp_path, kind):
    run = Run(tiny(**KINDS[kind]), "cuda", None, Compiling("auto"))
    store = create(run, "tiny", at=tmp_path / "run")
    advanced(run, 2)
    store.checkpoint("interrupted")
    store.close()
    there: list[str] = []
    directory = RunDirectory(tmp_path / "run")
    again, store = resume(directory, there.append, Place(device="cpu", compile="off"))
    advanced(again, 1)
    store.checkpoint("interrupted")
    store.close()
    back: list[str] = []
    resume(directory, back.append)[1].close()
    line = "the bits differ: random numbers of steps by {} then, by {} now, in a"
    ways, draws = ["philox4x32-10/1", "torch cpu/1"], kind == "online"
    assert (line.format(*ways) in there) is draws
    assert back == [line.format(*reversed(ways))] * draws
    replayed = Replay(directory, lambda _: None, Place(device="cpu")).unlike
    assert (line.format(*ways) in replayed) is draws


def test_an_arm_goes_back_to_the_bits_it_had(devices):
    run = run_on("cuda")
    trail = Trail()
    trail.note(run, "a")
    advanced(run, 3)
    step, before = run.arms["a"].step, theta_of(run).clone()
    advanced(run, 3)
    journey = Journey(run, "a", step, trail)
    while not journey.arrived:
        journey.advance()
    assert torch.equal(journey.arm.theta.cpu(), before)
