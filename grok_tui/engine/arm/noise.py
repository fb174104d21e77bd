"""The random tensors of a step: a function of seed, purpose and step, whatever was drawn before."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import torch
from torch import Tensor

from grok_tui.lab.streams import Purpose, stream
from grok_tui.lab.tasks import Draw

SHIPPED: dict[str, tuple[int, ...]] = {
    "weight_noise": (Purpose.WEIGHT_NOISE,),
    "update_noise": (Purpose.UPDATE_NOISE,),
}
"""What the numbers of modifiers that ship are drawn for; those of a plugin's have its name in their place."""


class Noise:
    """Fills the buffers that a step reads its random numbers from, every replica from its own seed.

    Args:
        seeds: one a replica.
        device: where the buffers lie; CPU and GPU draw different numbers.
    """

    def __init__(self, seeds: Sequence[int], device: torch.device) -> None:
        self._seeds = seeds
        self._generator = torch.Generator(device)

    def fill_normal(self, buffer: Tensor, modifier: str, step: int) -> None:
        """Fill a buffer [R, ...] with the standard normal numbers of a modifier."""
        own = (Purpose.MODIFIER, crc32(modifier.encode()))
        purpose, *place = SHIPPED.get(modifier, own)
        for seed, part in zip(self._seeds, buffer, strict=True):
            part.normal_(generator=self._at(seed, Purpose(purpose), *place, step))

    def fill_kept(self, buffer: Tensor, rate: float, step: int) -> None:
        """Fill a buffer [R, ...] with dropout's factors: 0 with probability `rate`, else 1 / (1 - rate)."""
        for seed, part in zip(self._seeds, buffer, strict=True):
            part.bernoulli_(1 - rate, generator=self._at(seed, Purpose.DROPOUT, step))
        buffer.div_(1 - rate)

    def fill_samples(self, inputs: Tensor, targets: Tensor, draw: Draw, step: int) -> None:
        """Fill inputs [R, B, ...] and targets [R, B, ...] with the samples of an online step."""
        for seed, x, y in zip(self._seeds, inputs, targets, strict=True):
            draw(x, y, self._at(seed, Purpose.BATCHES, step))

    def _at(self, seed: int, purpose: Purpose, *position: int) -> torch.Generator:
        return self._generator.manual_seed(int(stream(seed, purpose, *position).integers(2**63)))
