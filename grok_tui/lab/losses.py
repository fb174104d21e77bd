"""The losses, one value a sample; the training loss is their mean."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

SampleLoss = Callable[[Tensor, Tensor], Tensor]
"""Maps outputs [..., N, O] and targets [..., N] or [..., N, O] to losses [..., N]."""


def mse(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the squared error of each sample, averaged over its outputs; targets [..., N, O]."""
    return (outputs - targets).square().mean(-1)


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return -log softmax(outputs)[target]; targets are class indices, int64 [..., N]."""
    picked = targets.expand(outputs.shape[:-1]).unsqueeze(-1)
    return -torch.log_softmax(outputs, -1).gather(-1, picked).squeeze(-1)


def hinge(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return max(0, 1 - y f); one output a sample, targets y = +1 or -1, [..., N]."""
    return torch.relu(1 - targets * outputs.squeeze(-1))


def logistic(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return log(1 + exp(-y f)); one output a sample, targets y = +1 or -1, [..., N]."""
    return torch.nn.functional.softplus(-targets * outputs.squeeze(-1))


LOSSES: dict[str, SampleLoss] = {
    "mse": mse,
    "cross_entropy": cross_entropy,
    "hinge": hinge,
    "logistic": logistic,
}


def sample_loss(name: str, dtype: torch.dtype) -> SampleLoss:
    """Return a loss that is computed in `dtype` whatever the dtype of the outputs."""
    loss = LOSSES[name]

    def in_dtype(outputs: Tensor, targets: Tensor) -> Tensor:
        targets = targets.to(dtype) if targets.is_floating_point() else targets
        return loss(outputs.to(dtype), targets)

    return in_dtype
