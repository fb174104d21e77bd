"""Which samples a step sees: all of them, shuffled epochs, or a batch drawn anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from grok_tui.lab.streams import Purpose, stream

# Independent batches are drawn for this many steps at a time, so that chunks of any size see the same ones.
BLOCK = 128

# Samples are picked for no more steps than fit in here, 8 MiB.
MOST_PICKED = 1 << 20

BatchKind = Literal["epoch", "independent", "online"]


class Batches:
    """The batches of one arm, a pure function of seed and step.

    Args:
        samples: N, the training samples of a replica.
        size: samples in a batch, or "full".
        kind: "epoch": a new permutation each epoch, cut into batches, the last one smaller where N is no
            multiple (as `torch.utils.data.DataLoader(shuffle=True)`); "independent": drawn anew at each
            step, without replacement; "online": every sample is new, and none is picked here.
        seeds: one a replica.
        origin: the step from which these batches count.
    """

    def __init__(
        self,
        samples: int,
        size: int | Literal["full"],
        kind: BatchKind,
        seeds: Sequence[int],
        origin: int = 0,
    ) -> None:
        self.samples = samples
        self.size = samples if size == "full" else size
        self.full = self.size >= samples and kind != "online"
        self.kind = kind
        self.seeds = seeds
        self.origin = origin
        self._latest: tuple[int, np.ndarray] = (-1, np.empty(0))
        self._block = -(-samples // self.size) if kind == "epoch" else BLOCK

    def stretch(self, step: int) -> tuple[int, int]:
        """Return the batch size after `step` steps, and of how many steps the samples can be had at once."""
        rest = self.samples % self.size
        if self.kind != "epoch" or not rest:
            return self.size, max(1, MOST_PICKED // (self.size * len(self.seeds)))
        place = (step - self.origin) % self._block
        last = self._block - 1
        return (rest, 1) if place == last else (self.size, last - place)

    def indices(self, step: int, steps: int) -> Tensor:
        """Return the samples [steps, R, B] of a stretch, int64 on the CPU."""
        first, place = divmod(step - self.origin, self._block)
        last = (step - self.origin + steps - 1) // self._block
        drawn = np.concatenate([self._drawn(block) for block in range(first, last + 1)])
        if self.kind != "epoch":
            return torch.from_numpy(drawn[place : place + steps])
        size, _ = self.stretch(step)
        start = place * self.size
        order = drawn[start : start + steps * size]
        return torch.from_numpy(order.reshape(steps, size, -1).swapaxes(1, 2).copy())

    def _drawn(self, block: int) -> np.ndarray:
        """Return what all replicas draw for a block; the latest is kept, as a chunk may end within it."""
        if self._latest[0] != block:
            self._latest = block, np.stack([self._draw(seed, block) for seed in self.seeds], axis=1)
        return self._latest[1]

    def _draw(self, seed: int, block: int) -> np.ndarray:
        """Draw one epoch [N], or the batches of one block of steps [BLOCK, B]."""
        random = stream(seed, Purpose.BATCHES, self.origin, block)
        if self.kind == "epoch":
            return random.permutation(self.samples)
        keys = random.random((BLOCK, self.samples), dtype=np.float32)
        return np.argpartition(keys, self.size - 1, axis=1)[:, : self.size]
