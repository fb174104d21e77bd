"""The training samples of an arm: which of them it trains on, and with which labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grok_tui.engine.record.arrays import Arrays
from grok_tui.lab.streams import Purpose, stream
from grok_tui.lab.tasks import Samples, Task


class TrainingData:
    """The training samples of R replicas; some may be withheld from training, some have other labels.

    Until something is changed for the first time, samples are as the task made them, replicas share what they
    can, and there is no mask. From then on every replica has labels and a mask of its own, in tensors that
    stay in place, so that what was traced with them stays valid. All replicas train on the same number of
    samples.

    Args:
        tasks: one for all replicas, or one each.
        shared: which of the two.
        seeds: one a replica.
        device: where the samples lie.

    Attributes:
        version: how often something was changed.
        shared: whether the replicas have the same inputs.
    """

    def __init__(
        self, tasks: Sequence[Task], shared: bool, seeds: Sequence[int], device: torch.device
    ) -> None:
        self.shared = shared
        self._made = gathered([task.train for task in tasks], self.shared, device)
        self._seeds = seeds
        self._classes = tasks[0].outputs
        self.version = 0
        self.total = int(self._made.targets.shape[0 if self.shared else 1])
        self._in_set = np.ones((len(seeds), self.total), dtype=bool)
        self._own: tuple[Tensor, Tensor] | None = None
        self._chosen: Tensor | None = None

    @property
    def samples(self) -> Samples:
        """All samples: inputs [N, ...] or [R, N, ...], targets likewise, or [R, N, ...] once changed."""
        if not self.version:
            return self._made
        return Samples(self._made.inputs, self._tensors[0])

    @property
    def mask(self) -> Tensor | None:
        """Which samples are trained on, bool [R, N]; None as long as nothing was changed."""
        return self._tensors[1] if self.version else None

    @property
    def count(self) -> int:
        """How many samples a replica is trained on."""
        return int(self._in_set[0].sum())

    @property
    def chosen(self) -> Tensor | None:
        """The places of the samples that are trained on, ascending, int64 [R, n] on the CPU; None: all."""
        if self.version and self._chosen is None:
            places = np.nonzero(self._in_set)[1].reshape(len(self._seeds), -1)
            self._chosen = torch.from_numpy(places)
        return self._chosen

    def withhold_share(self, count: int) -> None:
        """Withhold so many samples of each replica from the start, chosen at random by its seed."""
        self._move(False, [self._drawn(r, count, True, Purpose.POOL) for r in range(len(self._seeds))])

    def move(
        self, into: bool, count: int | None, indices: Sequence[int] | None, place: Sequence[int]
    ) -> None:
        """Take samples into the training set, or out of it.

        Args:
            into: which of the two.
            count: so many, chosen at random; None takes those of `indices`.
            indices: of the samples.
            place: where in the run that is, for random numbers.

        Raises:
            ValueError: one of the samples is there already; then nothing has changed.
        """
        if indices is None:
            assert count is not None
            drawn = (
                self._drawn(r, count, not into, Purpose.SAMPLES, *place) for r in range(len(self._seeds))
            )
            self._move(into, list(drawn))
            return
        there = self._in_set[:, list(indices)] == into
        if there.any():
            where = "in the training set" if into else "withheld"
            raise ValueError(f"sample {indices[int(there.any(0).argmax())]} is {where} already")
        self._move(into, [np.array(indices)] * len(self._seeds))

    def relabel(self, share: float | None, indices: Sequence[int] | None, place: Sequence[int]) -> None:
        """Give samples labels other than those they have, uniform among the others.

        Args:
            share: of the samples that are trained on, chosen at random; None takes those of `indices`.
            indices: of the samples.
            place: where in the run that is, for random numbers.
        """
        self._change()
        targets = self._tensors[0]
        labels = targets.cpu().numpy().copy()
        for r, seed in enumerate(self._seeds):
            count = round((share or 0.0) * self.count)
            places = (
                self._drawn(r, count, True, Purpose.SAMPLES, *place) if indices is None else list(indices)
            )
            labels[r, places] = self._others(labels[r, places], stream(seed, Purpose.LABELS, *place))
        targets.copy_(torch.from_numpy(labels))

    def export_state(self) -> Arrays:
        """Return labels and mask; nothing as long as nothing was changed."""
        if not self.version:
            return {}
        return {"targets": self._tensors[0].cpu().numpy().copy(), "mask": self._in_set.copy()}

    def layouts(self, version: int) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of what `restore_state` needs of a version."""
        if not version:
            return {}
        targets = self._made.targets
        shape = tuple(targets.shape) if not self.shared else (len(self._seeds), *targets.shape)
        dtype = str(targets.dtype).removeprefix("torch.")
        return {"targets": (shape, dtype), "mask": (self._in_set.shape, "bool")}

    def restore_state(self, version: int, arrays: Arrays) -> None:
        """Become what `export_state` saw at a version.

        Raises:
            ValueError: the replicas train on different numbers of samples, or on none.
        """
        mask: NDArray[Any] = arrays["mask"] if version else np.ones_like(self._in_set)
        counts = mask.sum(1)
        if counts.min() < 1 or counts.min() != counts.max():
            raise ValueError("the replicas do not train on the same number of samples")
        self.version, self._chosen = version, None
        self._in_set[:] = mask
        if version:
            targets, own = self._tensors
            targets.copy_(torch.from_numpy(arrays["targets"]))
            own.copy_(torch.from_numpy(mask))

    @property
    def _tensors(self) -> tuple[Tensor, Tensor]:
        """Labels [R, N, ...] and mask [R, N]; made when first asked for, and in place from then on."""
        if self._own is None:
            targets = self._made.targets
            if self.shared:
                targets = targets.expand(len(self._seeds), *targets.shape)
            mask = torch.ones(self._in_set.shape, dtype=torch.bool, device=targets.device)
            self._own = targets.clone(memory_format=torch.contiguous_format), mask
        return self._own

    def _change(self) -> None:
        if not self.version:
            targets, mask = self._tensors
            targets.copy_(self._made.targets)
            mask.copy_(torch.from_numpy(self._in_set))
        self.version += 1

    def _move(self, into: bool, places: Sequence[NDArray[Any]]) -> None:
        self._change()
        for own, moved in zip(self._in_set, places, strict=True):
            own[moved] = into
        self._tensors[1].copy_(torch.from_numpy(self._in_set))
        self._chosen = None

    def _drawn(self, replica: int, count: int, of_set: bool, purpose: Purpose, *place: int) -> NDArray[Any]:
        """Draw samples of a replica from the training set, or from those that are withheld."""
        among = np.flatnonzero(self._in_set[replica] == of_set)
        if count > len(among):
            raise ValueError(f"{count} samples are more than the {len(among)} there are")
        return stream(self._seeds[replica], purpose, *place).choice(among, count, replace=False)

    def _others(self, labels: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        """Return other labels: of floating point +1 for -1 and the reverse, else another class."""
        if labels.dtype.kind == "f":
            return -labels
        shifts = random.integers(1, self._classes, labels.shape)
        return ((labels + shifts) % self._classes).astype(labels.dtype)


def gathered(samples: Sequence[Samples], shared: bool, device: torch.device) -> Samples:
    """Put the samples of all replicas on the device, stacked where each has its own."""
    if shared:
        return Samples(samples[0].inputs.to(device), samples[0].targets.to(device))
    return Samples(
        torch.stack([s.inputs for s in samples]).to(device),
        torch.stack([s.targets for s in samples]).to(device),
    )
