"""The parity of k secret bits among n (Barak et al. 2022, arXiv 2207.08799, section 2).

Inputs are bits +-1, the label is the product of the secret ones. These are the first k: a network whose
weights start alike for all inputs cannot know, so another secret would give the same runs under other names.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...catalog.tasks import SparseParity
from ..models import Weights
from ..shapes import Float
from ..streams import Purpose, stream
from .task import Coordinates, Fresh, Samples, Task


def build(spec: SparseParity, seed: int, dtype: torch.dtype) -> Task:
    """Build the task; inputs [N, n], targets float [N] (+1 or -1), or classes int64 [N] (1 or 0)."""
    random = stream(seed, Purpose.DATA)
    sizes = (spec.samples, spec.validation)
    train, validation = (
        torch.from_numpy(random.integers(0, 2, (size, spec.n))).mul_(2).sub_(1).to(dtype) for size in sizes
    )
    labels = parity(train, spec.k)
    flipped = torch.from_numpy(random.permutation(spec.samples)[: round(spec.label_noise * spec.samples)])
    labels[flipped] *= -1
    generalizes = torch.arange(spec.n) < spec.k

    def draw(inputs: Tensor, targets: Tensor, generator: torch.Generator) -> None:
        inputs.bernoulli_(0.5, generator=generator).mul_(2).sub_(1)
        labels = parity(inputs, spec.k)
        if spec.label_noise:
            flips = torch.empty_like(labels).bernoulli_(spec.label_noise, generator=generator)
            labels = labels * (1 - 2 * flips)
        targets.copy_(_targets(spec, labels))

    def fresh(numbers: Tensor) -> Samples:
        inputs = 1 - 2 * (numbers[..., : spec.n] < 0.5).to(numbers.dtype)
        flips = (numbers[..., spec.n] < spec.label_noise).to(numbers.dtype)
        return Samples(inputs, _targets(spec, parity(inputs, spec.k) * (1 - 2 * flips)))

    return Task(
        train=Samples(train, _targets(spec, labels)),
        validation=Samples(validation, _targets(spec, parity(validation, spec.k))),
        outputs=spec.logits,
        correct=_classified if spec.logits == 2 else _signed,
        coordinates=Coordinates(_masses, lambda _: generalizes, tuple(f"x{i}" for i in range(1, spec.n + 1))),
        classes=True,
        draw=draw,
        fresh=Fresh(spec.n + 1, fresh),
        secret=spec.k,
    )


def parity(bits: Float[Tensor, "*N n"], k: int) -> Float[Tensor, "*N"]:
    """Return the product of the first k of bits [..., N, n]: [..., N]."""
    return bits[..., :k].prod(-1)


def _targets(spec: SparseParity, labels: Tensor) -> Tensor:
    return (labels > 0).to(torch.int64) if spec.logits == 2 else labels


def _masses(weights: Weights) -> Tensor:
    """Return the L2 norm of the first layer's weights from each bit, [n]."""
    masses: Tensor = torch.linalg.vector_norm(weights.first, dim=0)
    return masses


def _signed(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs.squeeze(-1) * targets > 0


def _classified(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs.argmax(-1) == targets
