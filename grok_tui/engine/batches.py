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
        self._drawn: tuple[int, np.ndarray] = (-1, np.empty(0))
        self._block = -(-samples // self.size) if kind == "epoch" else BLOCK

    def stretch(self, step: int) -> tuple[int, int]:
        """Return the batch size after `step` steps, and for how many steps it surely stays."""
        place = (step - self.origin) % self._block
        rest = self.samples % self.size
        if self.kind == "epoch" and rest:
            last = self._block - 1
            return (rest, 1) if place == last else (self.size, last - place)
        return self.size, self._block - place

    def indices(self, step: int, steps: int) -> Tensor:
        """Return the samples [steps, R, B] of a stretch, int64 on the CPU."""
        block, place = divmod(step - self.origin, self._block)
        if self._drawn[0] != block:
            self._drawn = (block, np.stack([self._draw(seed, block) for seed in self.seeds], axis=1))
        size, _ = self.stretch(step)
        if self.kind == "epoch":
            order = self._drawn[1][place * self.size : place * self.size + steps * size]
            return torch.from_numpy(order.reshape(steps, size, -1).swapaxes(1, 2).copy())
        return torch.from_numpy(self._drawn[1][place : place + steps])

    def _draw(self, seed: int, block: int) -> np.ndarray:
        """Draw one epoch [N], or the batches of one block of steps [BLOCK, B]."""
        random = stream(seed, Purpose.BATCHES, self.origin, block)
        if self.kind == "epoch":
            return random.permutation(self.samples)
        keys = random.random((BLOCK, self.samples), dtype=np.float32)
        return np.argpartition(keys, self.size - 1, axis=1)[:, : self.size]
