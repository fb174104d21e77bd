"""Training on a device: kernels called one by one, a replayed graph, and the CPU come to the same bits.

The emulated device computes as the CPU does, so whatever differs is a step that a graph left out or froze, a
tensor on another device, or a place where the engine goes another way on a GPU.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from tiny_problems import ALL, KINDS, TRANSFORMER, tiny
from torch.utils._python_dispatch import TorchDispatchMode

from grok_tui.catalog.interventions import Jump, Reset
from grok_tui.catalog.measures import MEASURES, measures_of
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.steps.backends import Compiling
from grok_tui.lab.modifiers import l_inf_proximal
from grok_tui.options import RunOptions
from grok_tui.presets import Preset

WAYS = (("cpu", "off"), ("cuda:0", "off"), ("cuda:0", "on"))

COSTLY = ("llc", "llc_rescaled")


@pytest.fixture(autouse=True)
def _short_graphs(monkeypatch):
    monkeypatch.setattr("grok_tui.engine.steps.cuda_graph.STEPS_PER_REPLAY", 4)


pytestmark = pytest.mark.usefixtures("as_on_a_gpu")


def trained(preset: Preset, device: str, mode: str, measures=None) -> tuple[dict[str, np.ndarray], Arm]:
    """Return all that an arm has become after steps in chunks, a jump, and a reset."""
    compiling = Compiling(mode)
    measures = measures or preset.measures_of(preset.arms[0])
    arm = Arm(preset.arms[0], measures, preset.seeds, torch.device(device), preset.interventions, compiling)
    arm.watch()
    for steps in (3, 4, 9):
        arm.advance(steps)
    arm.intervene(Jump(action="jump", arm="a", at_step=0, norm=0.01))
    if len(preset.seeds) > 1:
        arm.intervene(Reset(action="reset", arm="a", at_step=0, replica=1))
    arm.intervene(Jump(action="jump", arm="a", at_step=0, of_next_steps=2))
    for steps in (9, 7):
        arm.advance(steps)
    assert not compiling.problems
    _, arrays = arm.export_state()
    return arrays, arm


def require_the_same_bits(preset: Preset, measures=None) -> None:
    kept, _ = trained(preset, *WAYS[0], measures)
    for way in WAYS[1:]:
        arrays, arm = trained(preset, *way, measures)
        made = {since.backend for since in arm.backends}
        assert made == {"cuda graph" if way[1] == "on" else "eager"}
        assert [name for name in kept if kept[name].tobytes() != arrays[name].tobytes()] == [], way


@pytest.mark.parametrize("kind", KINDS)
def test_one_problem_of_each_kind_comes_out_with_the_same_bits(devices, kind):
    require_the_same_bits(tiny(**KINDS[kind]))


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("kind", ALL)
def test_every_problem_comes_out_with_the_same_bits(devices, kind, replicas):
    preset = tiny(**ALL[kind] | {"replicas": replicas})
    arm = preset.arms[0]
    had = measures_of(arm.task, arm.model)
    numbers = [name for name in had if name not in COSTLY and not had[name].axes]
    require_the_same_bits(preset, {name: MEASURES.spec(name) for name in numbers})


@pytest.mark.parametrize("name", ["linear101", "parity-hidden-progress"])
def test_a_shipped_preset_comes_out_with_the_same_bits(devices, name):
    preset = RunOptions(profile="quick").load(name)
    arm = preset.arms[0].model_copy(update={"name": "a"})
    require_the_same_bits(preset.model_copy(update={"arms": [arm], "interventions": [], "claims": []}))


@pytest.mark.parametrize("kind", ["mlp", "batches of two replicas", "linear", "online"])
def test_a_chunk_asks_little_of_the_device_besides_its_graph(devices, kind):
    preset = tiny(**KINDS[kind] | {"record_every": 100})
    measures = preset.measures_of(preset.arms[0])
    arm = Arm(preset.arms[0], measures, preset.seeds, torch.device("cuda"), (), Compiling("on"))
    arm.advance(3)
    devices.forget_counts()
    taken = arm.advance(4)
    counts = devices.counts()
    assert counts["replayed"]["graph"] == taken // 4 + taken % 4
    assert counts["read"] == {"item": 1}  # how many steps the graphs took
    assert counts["to the device"]["copy_"] <= 2  # coefficients, and which samples
    assert counts["to the host"]["copy_"] == 1  # what was seen
    besides = ("launched", "read", "to the device", "to the host")
    assert sum(counts[how].total() for how in besides if how in counts) <= 10


def test_a_transformer_of_two_layers_and_five_places_takes_few_kernels_a_step(devices):
    model = TRANSFORMER | {"layers": 2, "norm": "post", "sequence": "eos a op b ="}
    preset = tiny(model=model, optimizer={"name": "adam"}, batch_size=5, dtype="float32")
    arm = Arm(preset.arms[0], preset.measures_of(preset.arms[0]), preset.seeds, torch.device("cuda"))
    arm.advance(1)
    devices.forget_counts()
    arm.advance(1)
    kernels = {name: count for name, count in devices.counts()["launched"].items() if name != "copy_"}
    assert sum(kernels.values()) <= 270


@pytest.mark.parametrize(("replicas", "rows"), [(1, 2), (2, 2)])
def test_a_proximal_step_scans_no_single_row_whose_sums_would_differ_from_time_to_time(
    devices, replicas, rows
):
    class Scans(TorchDispatchMode):
        shapes: ClassVar[list[torch.Size]] = []

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            if function is torch.ops.aten.cumsum.default:
                self.shapes.append(args[0].shape)
            return function(*args, **(kwargs or {}))

    theta = torch.randn(replicas, 9)
    with Scans() as scans:
        found = l_inf_proximal(theta.to("cuda"), torch.full((replicas, 1), 0.3, device="cuda"))
    assert scans.shapes == [(rows, 9)]
    assert torch.equal(found.cpu(), l_inf_proximal(theta, torch.full((replicas, 1), 0.3)))
