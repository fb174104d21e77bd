"""CUDA graphs: on whichever device is asked for, beside other threads, given up where there can be none."""

from __future__ import annotations

import threading
import time
import warnings

import pytest
import torch
from tiny_problems import KINDS, tiny

from grok_tui.engine.run.place import Place
from grok_tui.engine.run.run import Run
from grok_tui.engine.steps import cuda_graph
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.worker.opening import Anew
from grok_tui.engine.worker.runner import Runner


def run_on(device: str, mode: str = "auto", kind: str = "linear") -> Run:
    return Run(tiny(**KINDS[kind]), device, None, Compiling(mode))


def advanced(run: Run, chunks: int = 6) -> torch.Tensor:
    for _ in range(chunks):
        run.advance()
    return run.arms["a"].theta.cpu()


def made_by(run: Run) -> list[str]:
    return [since.backend for since in run.arms["a"].backends]


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:1"])
def test_any_device_trains_to_the_same_bits(devices, device):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # as that a graph is empty
        run = run_on(device)
        start = run.arms["a"].theta.cpu()
        theta = advanced(run)
    assert made_by(run) == ["cuda graph"]
    assert not torch.equal(theta, start)
    assert torch.equal(theta, advanced(run_on("cpu")))


def test_the_second_device_leaves_the_first_alone(devices):
    advanced(run_on("cuda:1"))
    assert devices.contexts() == [1]


def test_a_run_in_a_thread_of_its_own_leaves_the_first_device_alone(devices):
    preset = tiny(**KINDS["linear"])
    runner = Runner(preset, Anew(preset, Place(device="cuda:1", compile="auto")))
    runner.start()
    while runner.snapshot.failure is None and not any(arm.step > 20 for arm in runner.snapshot.arms):
        time.sleep(0.01)
    assert runner.close(20)
    assert runner.snapshot.failure is None
    assert devices.contexts() == [1]


def test_a_graph_that_moves_nothing_is_no_graph(devices, monkeypatch):
    class Idle(torch.cuda.CUDAGraph):
        def replay(self) -> None:
            pass

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Idle)
    run = run_on("cuda")
    theta = advanced(run)
    assert made_by(run) == ["eager"]
    assert "a CUDA graph of 1 steps took 0" in run.compiling.problems[0]
    assert torch.equal(theta, advanced(run_on("cuda", "off")))


def test_a_replay_that_moves_nothing_later_on_ends_the_run(devices, monkeypatch):
    run = run_on("cuda")
    advanced(run)
    monkeypatch.setattr(torch.cuda.CUDAGraph, "replay", lambda graph: None)
    with pytest.raises(cuda_graph.ReplayError, match="took 0; --compile off trains without graphs"):
        run.advance()


def test_another_thread_may_use_the_device_during_a_capture(devices, monkeypatch):
    values = torch.zeros(2, device="cuda")
    seen: list[float] = []
    take = cuda_graph.CountedSteps.take

    def disturbed(steps: cuda_graph.CountedSteps, count: int) -> None:
        take(steps, count)
        other = threading.Thread(target=lambda: seen.append(values[0].item()))
        other.start()
        other.join()

    monkeypatch.setattr(cuda_graph.CountedSteps, "take", disturbed)
    run = run_on("cuda")
    advanced(run)
    assert made_by(run) == ["cuda graph"]
    assert seen


def test_a_capture_that_fails_leaves_stream_and_theta_as_they_were(devices, monkeypatch):
    take = cuda_graph.CountedSteps.take

    def reading(steps: cuda_graph.CountedSteps, count: int) -> None:
        take(steps, count)
        if not torch.cuda.current_stream().default and count > 1:
            steps.rows.place.item()

    monkeypatch.setattr(cuda_graph.CountedSteps, "take", reading)
    run = run_on("cuda")
    theta = advanced(run)
    assert torch.cuda.current_stream().default
    assert made_by(run) == ["eager"]
    assert "no CUDA graph: CUDA error" in run.compiling.problems[0]
    assert torch.equal(theta, advanced(run_on("cuda", "off")))


def test_a_device_that_breaks_in_a_capture_is_told_as_that(devices, monkeypatch):
    monkeypatch.setattr(cuda_graph.CudaGraphStepper, "_captured", lambda *_: devices.break_down())
    run = run_on("cuda")
    with pytest.raises(RuntimeError, match="an illegal memory access"):
        run.advance()
    assert "no CUDA graph: CUDA error: an illegal memory access" in run.compiling.problems[0]


def test_without_room_for_a_graph_steps_stay_eager(devices):
    theta = advanced(run_on("cuda", "off"))
    needed = 0
    for room in range(40_000, 4_000_000, 80_000):
        devices.limit(None)
        run = run_on("cuda")
        devices.limit(room)
        assert torch.equal(advanced(run), theta)
        if made_by(run) == ["cuda graph"]:
            needed = room
            break
        assert "no CUDA graph: CUDA out of memory" in run.compiling.problems[0]
    assert needed > 40_000
