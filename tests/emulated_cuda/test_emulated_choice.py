"""Which of two GPUs `auto` takes, and what is told where neither will do."""

from __future__ import annotations

import pytest
import torch
from emulator import UUIDS
from tiny_problems import MLP, tiny

from grok_tui.catalog.sizes import MOST_VECTOR_BYTES
from grok_tui.engine.run.device import SMALL_STEP, choose_device
from grok_tui.engine.run.memory import NoRoomError
from grok_tui.engine.run.run import Run
from grok_tui.presets import Preset

LARGE = 2 * SMALL_STEP


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Have `nvidia-smi` tell so many MiB free of either GPU, in another order than torch's; or be missing."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def tells(first: int, second: int) -> None:
        program = tmp_path / "nvidia-smi"
        lines = f"GPU-{UUIDS[1]}, {second}\\nGPU-{UUIDS[0]}, {first}\\n"
        program.write_text(f"#!/bin/sh\nprintf '{lines}'\n")
        program.chmod(0o700)

    return tells


@pytest.mark.parametrize(("first", "second", "taken"), [(600, 900, 1), (900, 600, 0)])
def test_auto_takes_the_gpu_with_the_most_memory_free_and_leaves_the_other_alone(
    devices, driver, first, second, taken
):
    driver(first, second)
    choice = choose_device("auto", LARGE)
    assert choice.device == torch.device("cuda", taken)
    assert choice.why.endswith(f"enough for a GPU; cuda:{taken} has the most memory free")
    assert devices.contexts() == [taken]


def test_without_a_driver_to_ask_the_gpus_themselves_are_asked(devices, driver):
    devices.limit(300 * 2**20, 0)
    devices.limit(600 * 2**20, 1)
    assert choose_device("auto", LARGE).device == torch.device("cuda", 1)


def test_auto_goes_past_a_gpu_that_does_not_work_or_is_full(devices, driver):
    driver(900, 600)
    devices.break_down(0, "no kernel image is available for execution on the device")
    choice = choose_device("auto", LARGE)
    assert choice.device == torch.device("cuda", 1)
    assert "cuda:0: CUDA error: no kernel image" in choice.why
    devices.limit(2**20, 1)
    choice = choose_device("auto", LARGE)
    assert choice.device == torch.device("cpu")
    assert choice.why.startswith("no GPU will do: cuda:0: CUDA error: no kernel image")
    assert choice.why.endswith("cuda:1: only 1 MiB are free")


def test_auto_touches_no_gpu_for_a_small_step(devices):
    assert choose_device("auto", 1.0).device == torch.device("cpu")
    assert devices.contexts() == []


def test_a_run_that_does_not_fit_its_gpu_is_told_what_would(devices):
    devices.limit(3 * 2**20)
    with pytest.raises(NoRoomError, match=r"need about .* of memory on cuda:0, .* --replicas"):
        Run(tiny(model=MLP | {"hidden": 256}, replicas=64), "cuda")


def test_records_of_vectors_need_memory_of_the_host_and_not_of_the_gpu(devices, monkeypatch):
    preset = Preset.model_validate(tiny().model_dump() | {"measures": ["pairs", "margins"]})
    devices.limit(30 * 2**20)
    Run(preset, "cuda").advance()
    monkeypatch.setattr("grok_tui.engine.run.memory.physical_memory", lambda: 2 * MOST_VECTOR_BYTES - 1)
    with pytest.raises(NoRoomError, match=r"measures with axes need up to 128 MiB of the host's memory"):
        Run(preset, "cuda")


def test_memory_that_runs_out_against_expectation_is_told_with_what_would_fit(devices, monkeypatch):
    preset = tiny(replicas=64)
    monkeypatch.setattr("grok_tui.engine.run.run.require_rooms", lambda *_, **__: None)
    devices.limit(80_000)
    with pytest.raises(
        NoRoomError, match=r"cuda:0: CUDA out of memory. Tried .*; this would fit: --replicas"
    ):
        Run(preset, "cuda")


def test_memory_is_what_the_allocator_holds(devices):
    run = Run(tiny(), "cuda")
    kept = torch.empty(2**20, dtype=torch.uint8, device="cuda")
    held = run.memory()
    del kept
    assert run.memory() == held > 2**20
