"""Addition modulo p (Power et al. 2022, "Grokking", section 2), for networks that take one-hot pairs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ...catalog.tasks import ModularAddition
from ..streams import Purpose, stream
from .task import Samples, Task


def build(spec: ModularAddition, seed: int, dtype: torch.dtype) -> Task:
    """Build the task; inputs [N, 2 p], targets int64 [N]; the seed sets which pairs are trained on."""
    p = spec.p
    order = torch.from_numpy(stream(seed, Purpose.DATA).permutation(p * p))
    a, b = order // p, order % p
    inputs = torch.cat([one_hot(a, p), one_hot(b, p)], dim=1).to(dtype)
    targets = (a + b) % p
    trained = spec.shape.samples
    return Task(
        train=Samples(inputs[:trained], targets[:trained]),
        validation=Samples(inputs[trained:], targets[trained:]),
        outputs=p,
        correct=_correct,
    )


def _correct(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs.argmax(-1) == targets
