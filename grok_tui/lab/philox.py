"""Random numbers by counting: the same number is a function of its key and its counter, on every device.

Philox4x32-10 of Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", in operations on int64
tensors. They hold words of 32 bits, since torch has no unsigned arithmetic; a product of two words wraps
around in 64 bits and keeps all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from .shapes import Float, Int

WORD = 0xFFFFFFFF
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10

Words = tuple[Tensor, Tensor, Tensor, Tensor]


def philox(counter: Sequence[Tensor], key: Sequence[Tensor]) -> Words:
    """Return four random words for each counter.

    Args:
        counter: four words, int64 tensors that broadcast against each other.
        key: two words, which broadcast against them.
    """
    a, b, c, d = counter
    for number in range(ROUNDS):
        first, second = ((own + number * step) & WORD for own, step in zip(key, KEY_STEPS, strict=True))
        left, right = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a, b, c, d = _high(right) ^ (b ^ first), right & WORD, _high(left) ^ (d ^ second), left & WORD
    return a, b, c, d


def words(key: Int[Tensor, "2 R"], steps: Int[Tensor, " k"], count: int) -> Int[Tensor, "k R count"]:
    """Return random words, int64 [k, R, count].

    Args:
        key: two words a replica, int64 [2, R].
        steps: int64 [k]; which numbers a step has does not depend on the others.
        count: how many words; those of a smaller count are the first of a larger one's.
    """
    place = torch.arange(-(-count // 4), device=key.device)
    step = steps.view(-1, 1, 1)
    counter = (place, step & WORD, _high(step), torch.zeros_like(step))
    found = philox(counter, [word.view(-1, 1) for word in key])
    return torch.stack(found, -1).flatten(-2)[..., :count]


def uniform(
    key: Int[Tensor, "2 R"], steps: Int[Tensor, " k"], count: int, dtype: torch.dtype
) -> Float[Tensor, "k R count"]:
    """Return numbers [k, R, count] from [0, 1), multiples of 2^-24; arguments as of `words`."""
    return (words(key, steps, count) >> 8).to(dtype) * 2.0**-24


def normal(
    key: Int[Tensor, "2 R"], steps: Int[Tensor, " k"], count: int, dtype: torch.dtype
) -> Float[Tensor, "k R count"]:
    """Return standard normal numbers [k, R, count] (Box and Muller 1958); arguments as of `words`."""
    pairs = words(key, steps, count + count % 2).unflatten(-1, (-1, 2))  # type: ignore[no-untyped-call]
    radius, angle = ((pairs.to(dtype) + 0.5) * 2.0**-32).unbind(-1)
    radius, angle = (-2 * radius.log()).sqrt(), 2 * math.pi * angle
    return torch.stack([radius * angle.cos(), radius * angle.sin()], -1).flatten(-2)[..., :count]


def _high(product: Tensor) -> Tensor:
    return (product >> 32) & WORD
