"""What `grok-tui bench` compares: the loops one would write by hand, and the engine's ways to take steps.

All train the network that the engine trains, full batch under AdamW; the engine alone records anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value
from torch.nn.functional import cross_entropy, mse_loss

from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.steps.backends import Compiling
from grok_tui.lab.models import build_network
from grok_tui.lab.tasks import Samples
from grok_tui.presets import Preset

LR, WEIGHT_DECAY, BETAS, EPS = 1e-3, 0.01, (0.9, 0.999), 1e-8

ADAMW = {"name": "adamw", "lr": LR, "weight_decay": WEIGHT_DECAY, "betas": list(BETAS), "eps": EPS}

WARM_UP_STEPS = 3  # as torch recommends before a capture; what is compiled is compiled by then

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


class UnavailableError(Exception):
    """A contestant that cannot be built here; one line."""


def data(problem: Problem) -> Samples:
    """Return the training samples of a problem, on the CPU."""
    return problem.arm(torch.device("cpu")).task.train


@dataclass(frozen=True)
class ByHand:
    """What a loop written by hand trains: the network that the engine trains as a module, and its samples.

    Attributes:
        module: on the device.
        inputs: [N, ...], on the device.
        targets: [N] or [N, 1], likewise.
    """

    module: torch.nn.Module
    inputs: Tensor
    targets: Tensor

    @classmethod
    def of(cls, problem: Problem, device: torch.device) -> ByHand:
        """Return it for a problem."""
        arm = problem.arm(torch.device("cpu"))
        module = build_network(arm.spec.model, arm.spec.task.shape).to(device)
        samples = arm.task.train
        return cls(module, samples.inputs.to(device), samples.targets.to(device))

    def loss(self, outputs: Tensor) -> Tensor:
        """Return the mean loss of outputs."""
        of = mse_loss if self.targets.is_floating_point() else cross_entropy
        return of(outputs, self.targets)

    def backward(self) -> None:
        """Add the gradient at the module's parameters to what they hold."""
        self.loss(self.module(self.inputs)).backward()  # type: ignore[no-untyped-call]  # torch has no types here


def plain(problem: Problem, device: torch.device, fused: bool = False) -> Stretch:
    """Return the loop one would write: a module, `torch.optim.AdamW`, nothing recorded.

    fused: whether the optimizer is the one of a single kernel.
    """
    ours = ByHand.of(problem, device)
    optimizer = torch.optim.AdamW(ours.module.parameters(), lr=LR, weight_decay=WEIGHT_DECAY, fused=fused)

    def steps(count: int) -> int:
        for _ in range(count):
            optimizer.zero_grad()
            ours.backward()
            optimizer.step()
        return count

    return _timed(steps, device)


def own_graph(problem: Problem, device: torch.device) -> Stretch:
    """Return the loop of somebody who captures a whole step as torch's notes on CUDA graphs have it.

    It replays a graph of one step with `AdamW(fused=True, capturable=True)`.

    Raises:
        UnavailableError: this torch or this device cannot capture it.
    """
    ours = ByHand.of(problem, device)
    optimizer = torch.optim.AdamW(
        ours.module.parameters(), lr=LR, weight_decay=WEIGHT_DECAY, fused=True, capturable=True
    )

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        ours.backward()
        optimizer.step()

    graph = torch.cuda.CUDAGraph()
    try:
        side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch has no types here
        side.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(side):
            for _ in range(WARM_UP_STEPS):
                step()
        torch.cuda.current_stream(device).wait_stream(side)
        with torch.cuda.graph(graph, stream=side):
            step()
    except RuntimeError as error:
        raise UnavailableError(f"no CUDA graph: {_line(error)}") from error

    def steps(count: int) -> int:
        for _ in range(count):
            graph.replay()
        return count

    return _timed(steps, device)


def whole_step(problem: Problem, device: torch.device) -> Stretch:
    """Return the loop of somebody who has `torch.compile` make one program of gradient and AdamW.

    On a GPU in the mode "reduce-overhead", which replays it as a CUDA graph.

    Raises:
        UnavailableError: it cannot be compiled here, as for want of a C++ compiler or of Triton.
    """
    ours = ByHand.of(problem, device)
    theta = {name: value.detach().clone() for name, value in ours.module.named_parameters()}
    m, v = ({name: torch.zeros_like(value) for name, value in theta.items()} for _ in range(2))
    count = torch.zeros((), device=device)
    for kept in (*theta.values(), *m.values(), *v.values(), count):
        torch._dynamo.mark_static_address(kept)  # what is renewed in place may be part of a CUDA graph

    def loss(theta: dict[str, Tensor]) -> Tensor:
        outputs: Tensor = functional_call(ours.module, theta, (ours.inputs,))
        return ours.loss(outputs)

    def step() -> object:
        gradients, value = grad_and_value(loss)(theta)
        count.add_(1)
        first, second = 1 - BETAS[0] ** count, (1 - BETAS[1] ** count).sqrt()
        for name, weights in theta.items():
            gradient = gradients[name]
            m[name].lerp_(gradient, 1 - BETAS[0])
            v[name].mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
            moved = LR * (m[name] / first) / (v[name].sqrt() / second + EPS)
            weights.mul_(1 - LR * WEIGHT_DECAY).sub_(moved)
        return value

    compiled = torch.compile(step, mode="reduce-overhead" if device.type == "cuda" else None)

    def steps(taken: int) -> int:
        with torch.no_grad():
            for _ in range(taken):
                compiled()
        return taken

    try:
        steps(WARM_UP_STEPS)
    except Exception as error:  # whatever the compilers behind it raise
        raise UnavailableError(f"torch.compile: {_line(error)}") from error
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
    on_gpu = device.type == "cuda"
    fast = "CUDA graph" if on_gpu else "compiled"
    found = {"plain torch loop, no recording": lambda: plain(problem, device)}
    if on_gpu:
        found["the same, AdamW(fused=True)"] = lambda: plain(problem, device, fused=True)
        found["own CUDA graph, capturable AdamW"] = lambda: own_graph(problem, device)
    return found | {
        "own step in torch.compile": lambda: whole_step(problem, device),
        "eager": lambda: engine(problem, device, "off"),
        fast: lambda: engine(problem, device, "on"),
        f"{fast}, {problem.replicas} replicas": lambda: engine(problem, device, "on", problem.replicas),
    }


def _line(error: Exception) -> str:
    """Return the beginning of what an error says, in one line."""
    return " ".join(str(error).split())[:200]
