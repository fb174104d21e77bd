"""Every arm that ships, at a small size, on two GPUs: the bits of the CPU, of eager steps and of graphs."""

from __future__ import annotations

import pytest
import torch

from grok_tui.engine.run.run import Run
from grok_tui.engine.steps.backends import Compiling
from grok_tui.options import RunOptions
from grok_tui.presets import Arm, Preset, names

STEPS = 22

FIRST_INTERVENTION, BETWEEN = 6, 3  # steps

SMALL_TASK = {"p": 7, "samples": 40, "validation": 40}

SMALL_MODEL = {"hidden": 8, "width": 8, "heads": 2, "mlp_width": 16}

WAYS = (("cpu", "off"), ("cuda:0,cuda:1", "off"), ("cuda:1,cuda:0", "on"))
"""By the third, each arm is on the other GPU than by the second."""


def small(name: str, replicas: int) -> Preset:
    """Return a shipped preset with small arms, few steps, and its interventions within them."""
    preset = RunOptions(profile="quick").load(name)
    interventions = [
        one.model_copy(update={"at_step": FIRST_INTERVENTION + BETWEEN * i} if one.at_step else {})
        for i, one in enumerate(preset.interventions)
    ]
    shared = {"steps": STEPS, "record_every": 5}
    return preset.model_copy(
        update={
            "arms": [small_arm(arm, shared) for arm in preset.arms],
            "training": preset.training.model_copy(update=shared | {"replicas": replicas}),
            "interventions": [one for one in interventions if (one.at_step or 0) < STEPS],
            "measures": [],
            "claims": [],
        }
    )


def small_arm(arm: Arm, training: dict[str, int]) -> Arm:
    task = arm.task.model_copy(update=shrunk(arm.task, SMALL_TASK))
    size = arm.training.batch_size
    batch = size if size == "full" else min(size, 5)
    return arm.model_copy(
        update={
            "task": task,
            "model": arm.model.model_copy(update=shrunk(arm.model, SMALL_MODEL)),
            "training": arm.training.model_copy(update=training | {"batch_size": batch}),
        }
    )


def shrunk(spec: object, sizes: dict[str, int]) -> dict[str, int]:
    found = {name: size for name, size in sizes.items() if isinstance(getattr(spec, name, None), int)}
    return found if getattr(spec, "name", "") != "linear101" else {}


@pytest.mark.slow
@pytest.mark.usefixtures("few_measures", "as_on_a_gpu")
@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("name", list(names()))
def test_every_shipped_arm_has_the_same_bits_on_either_gpu_as_on_the_cpu(
    devices, monkeypatch, name, replicas
):
    monkeypatch.setattr("grok_tui.engine.steps.cuda_graph.STEPS_PER_REPLAY", 4)
    monkeypatch.setattr("grok_tui.engine.run.run.require_rooms", lambda *_: None)
    preset, kept = small(name, replicas), {}
    for device, mode in WAYS:
        run = Run(preset, device, None, Compiling(mode))
        while not run.finished:
            run.advance_together(STEPS)
        assert run.compiling.problems == []
        assert all(arm.step == STEPS or arm.stopped for arm in run.arms.values())
        if mode == "on":
            made = {since.backend for arm in run.arms.values() for since in arm.backends}
            assert made == {"cuda graph"}
        for arm in run.arms.values():
            _, arrays = arm.export_state()
            same = kept.setdefault(arm.name, arrays)
            off = [each for each in same if same[each].tobytes() != arrays[each].tobytes()]
            assert off == [], f"{arm.name} on {arm.device}, {mode}"
        places = [arm.device for arm in run.arms.values()]
        if device != "cpu" and len(places) > 1:
            assert set(places) == {torch.device("cuda", 0), torch.device("cuda", 1)}
