"""The 101 weights of the comment "phase changes are an artifact of AdamW" (seeds 000 and 001).

Sample i = 1..N has a feature of its own and one that all share, the bias; every target is 1. The weights
w_1..w_N can only memorize, the bias b alone generalizes, and any w_i + b = 1 fits. A new sample has no weight
of its own, so it sees the bias alone: the validation loss is (b - 1)^2.
"""

from __future__ import annotations

from functools import reduce
from operator import mul

import torch
from torch import Tensor

from ...catalog.tasks import Linear101
from ..models import Weights
from .task import Coordinates, Samples, Task


def build(spec: Linear101, seed: int, dtype: torch.dtype) -> Task:  # noqa: ARG001  (the data are the same for every seed)
    """Build the task; inputs [N, N + 1], targets [N, 1]."""
    n = spec.samples
    inputs = torch.cat([torch.eye(n, dtype=dtype), torch.ones(n, 1, dtype=dtype)], dim=1)
    new_sample = torch.zeros(1, n + 1, dtype=dtype)
    new_sample[0, n] = 1

    def correct(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs - targets).abs() < spec.tolerance).squeeze(-1)

    def values(weights: Weights) -> Tensor:
        first, *deeper = (w for w in weights.parameters.values() if w.shape == (1, n + 1))
        return reduce(mul, deeper, first).reshape(-1)

    generalizes = torch.zeros(n + 1, dtype=torch.bool)
    generalizes[n] = True
    return Task(
        train=Samples(inputs, torch.ones(n, 1, dtype=dtype)),
        validation=Samples(new_sample, torch.ones(1, 1, dtype=dtype)),
        outputs=1,
        correct=correct,
        coordinates=Coordinates(values, lambda _: generalizes, (*(f"w{i}" for i in range(1, n + 1)), "bias")),
    )
