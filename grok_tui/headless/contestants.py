"""What `grok-tui bench` compares: the loop one would write by hand, and the engine's ways to take steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy, mse_loss

from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.steps.backends import Compiling
from grok_tui.lab.models import build_network
from grok_tui.lab.tasks import Samples
from grok_tui.presets import Preset

ADAMW = {"name": "adamw", "lr": 1e-3, "weight_decay": 0.01}

ENDLESS = 10**7  # steps that a preset of a benchmark has

RECORD_EVERY = 100  # about as often as "auto" records at step 10 000

Stretch = Callable[[float], float]
"""Trains for about that many seconds and returns steps a second."""


@dataclass(frozen=True)
class Problem:
    """A training problem, full batch under AdamW.

    Attributes:
        name: what it is called.
        task: as a preset declares it.
        model: likewise.
        loss: likewise.
        replicas: how many are trained side by side in the contest of replicas.
    """

    name: str
    task: dict[str, Any]
    model: dict[str, Any]
    loss: str
    replicas: int

    def arm(self, device: torch.device, mode: str = "off", replicas: int = 1) -> Arm:
        """Return the engine's arm for it.

        mode: of compiling, as `Compiling` takes it.
        """
        training = {"loss": self.loss, "steps": ENDLESS, "record_every": RECORD_EVERY}
        own = {"task": self.task, "model": self.model}
        preset = Preset.model_validate(
            {
                "title": self.name,
                "summary": "a benchmark",
                "sources": ["none"],
                **own,
                "training": training | {"replicas": replicas},
                "arms": [{"name": "a", "optimizer": ADAMW, "training": training, **own}],
            }
        )
        spec = preset.arms[0]
        return Arm(spec, preset.measures_of(spec), preset.seeds, device, (), Compiling(mode))


PROBLEMS = (
    Problem("linear101", {"name": "linear101"}, {"name": "linear"}, "mse", 64),
    Problem(
        "quadratic MLP, p = 31, 128 hidden",
        {"name": "binary_operation", "p": 31, "train_fraction": 0.5},
        {"name": "mlp", "hidden": 128, "activation": "quadratic"},
        "cross_entropy",
        8,
    ),
    Problem(
        "transformer, p = 59, 1 layer",
        {"name": "binary_operation", "p": 59, "train_fraction": 0.3},
        {"name": "transformer"},
        "cross_entropy",
        2,
    ),
)


def data(problem: Problem) -> Samples:
    """Return the training samples of a problem, on the CPU."""
    return problem.arm(torch.device("cpu")).task.train


def plain(problem: Problem, device: torch.device) -> Stretch:
    """Return the loop one would write: a module, `torch.optim.AdamW`, nothing recorded."""
    arm = problem.arm(torch.device("cpu"))
    module = build_network(arm.spec.model, arm.spec.task.shape).to(device)
    samples = arm.task.train
    x, y = samples.inputs.to(device), samples.targets.to(device)
    loss_of = mse_loss if y.is_floating_point() else cross_entropy
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3, weight_decay=0.01)

    def steps(count: int) -> int:
        for _ in range(count):
            optimizer.zero_grad()
            loss_of(module(x), y).backward()  # type: ignore[no-untyped-call]  # torch has no types here
            optimizer.step()
        return count

    return _timed(steps, device)


def engine(problem: Problem, device: torch.device, mode: str, replicas: int = 1) -> Stretch:
    """Return the engine's training, with every step's loss and update size and all measures recorded."""
    arm = problem.arm(device, mode, replicas)
    return _timed(arm.advance, device)


def _timed(steps: Callable[[int], int], device: torch.device) -> Stretch:
    """Return a stretch of calls that take up to so many steps and return how many they took."""
    count = 1

    def stretch(seconds: float) -> float:
        nonlocal count
        taken, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            if taken and elapsed < seconds / 20:
                count = min(2 * count, 1024)
            taken += steps(count)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
        return taken / (time.perf_counter() - started)

    return stretch


def contestants(problem: Problem, device: torch.device) -> dict[str, Callable[[], Stretch]]:
    """Return what builds each contestant on a device, by name; the first is the plain loop."""
    fast = "CUDA graph" if device.type == "cuda" else "compiled"
    return {
        "plain torch loop, no recording": lambda: plain(problem, device),
        "eager": lambda: engine(problem, device, "off"),
        fast: lambda: engine(problem, device, "on"),
        f"{fast}, {problem.replicas} replicas": lambda: engine(problem, device, "on", problem.replicas),
    }
