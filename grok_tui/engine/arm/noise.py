"""The random tensors of a step: a function of seed, purpose and step, whatever was drawn before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from zlib import crc32

import torch
from torch import Tensor

from grok_tui.engine.steps.step import Drawing
from grok_tui.lab.modifiers import NOISE
from grok_tui.lab.philox import normal, uniform
from grok_tui.lab.streams import Purpose, stream
from grok_tui.lab.tasks import Draw, Fresh

NORMAL = {"weight_noise": Purpose.WEIGHT_NOISE, "update_noise": Purpose.UPDATE_NOISE}
"""Which of the tensors that a step reads hold standard normal numbers [R, P], besides those of plugins."""

MOST_NUMBERS = 1 << 22
"""As many are drawn at once on a device: each takes some 50 bytes meanwhile."""


def normals(tensors: Mapping[str, Tensor]) -> dict[str, tuple[Purpose, ...] | tuple[Purpose, int]]:
    """Return which tensors hold standard normal numbers, and for what these are drawn.

    Those of a plugin's modifier are drawn for the modifiers of plugins, and in the place of its name.
    """
    found: dict[str, tuple[Purpose, ...] | tuple[Purpose, int]] = {
        name: (purpose,) for name, purpose in NORMAL.items() if name in tensors
    }
    brought = (name for name in tensors if name.startswith(NOISE))
    return found | {name: (Purpose.MODIFIER, crc32(name.encode())) for name in brought}


def counts(device: torch.device) -> bool:
    """Tell whether numbers come by counting there, many steps at once, and not from torch's generator.

    On a GPU the host would draw step by step, and every step wait for it. On a CPU the generator is faster: a
    factor of dropout takes 10 ns, a normal number 3, and by counting 12 to 19.
    """
    return device.type == "cuda"


COUNTED, GENERATED = "philox4x32-10/1", "torch {}/1"
"""By what numbers are drawn, of torch with the kind of device, and in which form: it counts up where the same
seed, purpose and step come to give other numbers, so that a run does not go on with them unawares."""


def scheme(device: torch.device, draw: Draw | None, fresh: Fresh | None) -> str:
    """Return by what random numbers are drawn there; samples as of `drawing_of`."""
    counted = counts(device) and (draw is None or fresh is not None)
    return COUNTED if counted else GENERATED.format(device.type)


def drawing_of(
    tensors: Mapping[str, Tensor], seeds: Sequence[int], draw: Draw | None, fresh: Fresh | None
) -> Drawing | None:
    """Return what draws the random numbers among what a step reads, if there are any.

    Args:
        tensors: by name, [R, ...]: "keep" and those of `NORMAL` where a step reads such.
        seeds: one a replica.
        draw: draws samples into "inputs" and "targets", where they are new at each step.
        fresh: makes them of uniform numbers; None where the task does not say how.
    """
    wanted = {name: tensors[name] for name in ("keep", *normals(tensors)) if name in tensors}
    if draw is not None:
        wanted |= {name: tensors[name] for name in ("inputs", "targets")}
    if not wanted:
        return None
    if scheme(tensors["theta"].device, draw, fresh) == COUNTED:
        return Counted(wanted, seeds, fresh)
    return Generated(wanted, seeds, draw)


class Generated:
    """Draws by torch's generator, seeded anew for each replica, purpose and step.

    Args:
        tensors: by name, what to fill, [R, ...].
        seeds: one a replica.
        draw: draws samples, where "inputs" and "targets" are among the tensors.

    Attributes:
        most: 0, see `Drawing`.
    """

    most = 0

    def __init__(self, tensors: Mapping[str, Tensor], seeds: Sequence[int], draw: Draw | None = None) -> None:
        self._tensors, self._seeds, self._draw = tensors, seeds, draw
        self._normals = normals(tensors)
        self._generator = torch.Generator(next(iter(tensors.values())).device)
        self._step, self._rate = 0, 0.0

    def begin(self, step: int, rate: float) -> None:
        """Go on after `step`, with this rate of dropout."""
        self._step, self._rate = step, rate

    def __call__(self, i: int) -> None:
        """Fill the tensors for the i-th step."""
        step = self._step + i
        if self._draw is not None:
            parts = zip(self._seeds, self._tensors["inputs"], self._tensors["targets"], strict=True)
            for seed, inputs, targets in parts:
                self._draw(inputs, targets, self._at(seed, Purpose.BATCHES, step))
        if "keep" in self._tensors:
            keep = self._tensors["keep"]
            for seed, part in zip(self._seeds, keep, strict=True):
                part.bernoulli_(1 - self._rate, generator=self._at(seed, Purpose.DROPOUT, step))
            keep.div_(1 - self._rate)
        for name, (purpose, *place) in self._normals.items():
            for seed, part in zip(self._seeds, self._tensors[name], strict=True):
                part.normal_(generator=self._at(seed, purpose, *place, step))

    def block(self, steps: int) -> dict[str, Tensor]:
        """Draw nothing: there are no blocks of steps here."""
        raise NotImplementedError

    def _at(self, seed: int, purpose: Purpose, *position: int) -> torch.Generator:
        return self._generator.manual_seed(int(stream(seed, purpose, *position).integers(2**63)))


class Counted:
    """Draws by counting, on the device and without a word from the host, so that a CUDA graph can do it.

    Args:
        tensors: by name, what to fill, [R, ...].
        seeds: one a replica.
        fresh: makes samples of uniform numbers, where "inputs" and "targets" are among the tensors.

    Attributes:
        most: for how many steps a block is drawn, at most.
    """

    def __init__(
        self, tensors: Mapping[str, Tensor], seeds: Sequence[int], fresh: Fresh | None = None
    ) -> None:
        self._tensors, self._fresh = tensors, fresh
        like = next(iter(tensors.values()))
        self._at = torch.zeros(1, dtype=torch.int64, device=like.device)
        self._dropped = torch.zeros(1, dtype=torch.float64, device=like.device)
        self._normals = normals(tensors)
        purposes = {"keep": (Purpose.DROPOUT,), "inputs": (Purpose.BATCHES,), **self._normals}
        self._keys = {
            name: torch.tensor(
                [stream(seed, *purpose).integers(2**32, size=2).tolist() for seed in seeds],
                device=like.device,
            ).t()
            for name, purpose in purposes.items()
            if name in tensors
        }
        self.most = max(1, MOST_NUMBERS // max(len(seeds) * self._count(name) for name in self._keys))
        self._step = 0

    def begin(self, step: int, rate: float) -> None:
        """Go on after `step`, with this rate of dropout."""
        self._step = step
        self._at.fill_(step)
        self._dropped.fill_(rate)

    def __call__(self, i: int) -> None:
        """Fill the tensors for the i-th step."""
        self._at.fill_(self._step + i)
        for name, rows in self.block(1).items():
            self._tensors[name].copy_(rows[0])

    def block(self, steps: int) -> dict[str, Tensor]:
        """Return what the next steps read, by name [k, R, ...], and count on; the host reads no values."""
        at = self._at + torch.arange(steps, device=self._at.device)
        self._at.add_(steps)
        found = {}
        for name, key in self._keys.items():
            like, count = self._tensors[name], self._count(name)
            if name in self._normals:
                found[name] = normal(key, at, count, like.dtype).view(steps, *like.shape)
                continue
            numbers = uniform(key, at, count, like.dtype)
            if name == "keep":
                rate = self._dropped.to(like.dtype)
                found[name] = ((numbers >= rate).to(like.dtype) / (1 - rate)).view(steps, *like.shape)
            elif self._fresh is not None:
                shape = (*like.shape[:2], self._fresh.numbers)
                samples = self._fresh.of(numbers.view(steps, *shape))
                found |= {"inputs": samples.inputs, "targets": samples.targets}
        return found

    def _count(self, name: str) -> int:
        """Return how many numbers a step of one replica needs."""
        shape = self._tensors[name].shape
        if name == "inputs" and self._fresh is not None:
            return shape[1] * self._fresh.numbers
        return prod(shape[1:])
