"""The implementations, imported when a preset names them."""

from __future__ import annotations

from collections.abc import Mapping
from csv import reader
from importlib.resources import files

import torch
from torch import Tensor

from grok_tui.lab.measures import Probe
from grok_tui.lab.optimizers import Hyper, Rule
from grok_tui.lab.streams import Purpose, stream
from grok_tui.lab.tasks import Samples, Task

from . import TicTacToe


def tictactoe(spec: TicTacToe, seed: int, dtype: torch.dtype) -> Task:
    """Build the task; inputs [N, 27], one-hot by square, targets [N], +1 where X has three in a row."""
    with (files(__package__) / "endgames.csv").open() as file:
        rows = list(reader(file))
    marks = torch.tensor([["xob".index(mark) for mark in row[:9]] for row in rows])
    boards = torch.nn.functional.one_hot(marks, 3).flatten(1).to(dtype)
    labels = torch.tensor([1.0 if row[9] == "won" else -1.0 for row in rows], dtype=dtype)
    order = torch.from_numpy(stream(seed, Purpose.DATA).permutation(len(boards)))
    trained, others = order[: spec.shape.samples], order[spec.shape.samples :]
    return Task(
        train=Samples(boards[trained], labels[trained]),
        validation=Samples(boards[others], labels[others]),
        outputs=1,
        correct=lambda outputs, targets: outputs.squeeze(-1) * targets > 0,
        classes=True,
    )


def weight_kurtosis(probe: Probe) -> Tensor:
    """Return mean(theta^4) / mean(theta^2)^2, [R]: large where few weights carry the network."""
    squares = probe.theta.square()
    return squares.square().mean(-1) / squares.mean(-1).square()


class AdaBelief(Rule):
    """AdaBelief (Zhuang et al. 2020, 2010.07468, algorithm 2) with decoupled weight decay."""

    slots = ("exp_avg", "exp_avg_var")

    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """Bias corrections, in float64 for many steps at once."""
        beta1, beta2 = hyper["betas"]
        return {
            "intake": 1 - beta1,
            "intake_var": 1 - beta2,
            "eps": hyper["eps"],
            "unbiased": (1 - beta2**step).rsqrt(),
            "step": -hyper["lr"] / (1 - beta1**step),
            "shrink": 1 - hyper["lr"] * hyper["weight_decay"],
        }

    def update(
        self, theta: Tensor, grad: Tensor, state: Mapping[str, Tensor], c: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """No branches: it is traced once and serves all hyperparameters."""
        mean = torch.lerp(state["exp_avg"], grad, c["intake"])
        variance = torch.lerp(state["exp_avg_var"], (grad - mean).square(), c["intake_var"]) + c["eps"]
        root = variance.sqrt() * c["unbiased"] + c["eps"]
        theta = torch.addcmul(theta * c["shrink"], mean / root, c["step"])
        return theta, {"exp_avg": mean, "exp_avg_var": variance}
