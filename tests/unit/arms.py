"""Small presets and arms for the tests."""

from __future__ import annotations

import torch

from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.run.run import Run
from grok_tui.presets import Arm as ArmSpec
from grok_tui.presets import Preset

LINEAR = {"name": "linear101", "samples": 10}
SUMS = {"name": "binary_operation", "p": 5}

PARITY = """
title = "t"
summary = "s"
sources = ["x"]
[task]
name = "sparse_parity"
n = 9
k = 2
samples = 40
validation = 100
[model]
name = "mlp"
hidden = 16
bias = true
[training]
steps = 60
loss = "logistic"
dtype = "float64"
record_every = 7
[[arms]]
name = "a"
optimizer = { name = "adamw", lr = 0.01, weight_decay = 0.01 }
"""

OTHER_ARM = '[[arms]]\nname = "b"\noptimizer = { name = "adamw", lr = 0.01, weight_decay = 0.01 }\n'


def intervention(**keys: object) -> str:
    """Return the table of an intervention in a preset's file."""
    lines = "".join(f"{key} = {value!r}\n".replace("'", '"') for key, value in keys.items())
    return f"[[interventions]]\n{lines}"


def preset(*arms: dict, interventions=(), claims=(), task=None, **training) -> Preset:
    """Return a preset on 10 + 1 weights, or on another task; each arm may override `training`."""
    shared = {"steps": 300, "loss": "mse", "dtype": "float64", "loss_dtype": "float64"} | training
    own = {k: v for k, v in shared.items() if k not in ("seed", "replicas")}
    return Preset.model_validate(
        {
            "title": "a test",
            "summary": "small",
            "sources": ["none"],
            "task": task or LINEAR,
            "model": {"name": "linear"},
            "training": shared,
            "arms": [
                {
                    "name": arm["name"],
                    "optimizer": arm["optimizer"],
                    "task": task or LINEAR,
                    "model": arm.get("model", {"name": "linear"}),
                    "training": own | arm.get("training", {}),
                    "modifiers": arm.get("modifiers", {}),
                    "schedule": arm.get("schedule", {}),
                    "frame": arm.get("frame", "identity"),
                }
                for arm in arms
            ],
            "interventions": list(interventions),
            "claims": list(claims),
        }
    )


def arm(
    optimizer: dict,
    *,
    interventions=(),
    seeds=None,
    task=None,
    model=None,
    modifiers=None,
    schedule=None,
    **training,
) -> Arm:
    """Return one arm on the CPU."""
    extra = {"model": model} if model else {}
    p = preset(
        {
            "name": "a",
            "optimizer": optimizer,
            "modifiers": modifiers or {},
            "schedule": schedule or {},
            **extra,
        },
        interventions=[{"arm": "a", **i} for i in interventions],
        task=task,
        **training,
    )
    return Arm(p.arms[0], p.measures_of(p.arms[0]), seeds or p.seeds, torch.device("cpu"), p.interventions)


def arm_of(preset: Preset, name: str) -> ArmSpec:
    """Return the arm of a preset that has this name."""
    return next(arm for arm in preset.arms if arm.name == name)


def run_to(arm: Arm, step: int, chunk: int = 10_000) -> Arm:
    """Advance an arm to a step."""
    while arm.step < step:
        arm.advance(min(chunk, step - arm.step))
    return arm


def finished(run: Run) -> Arm:
    """Bring a run to its end; return its first arm."""
    while not run.finished:
        run.advance()
    return next(iter(run.arms.values()))
