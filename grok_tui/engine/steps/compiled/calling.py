"""How a compiled step is called: everything stays in place, and the step itself counts which one it is.

So a call needs no arguments that change, and any number of steps is the same call again and again: the bits
of a step do not depend on how many are taken at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from grok_tui.catalog.seen import SEEN

# What differs from step to step is laid ready for at most this many steps, and for no more than fit in here.
MOST_ROWS = 1024
ROW_BYTES = 1 << 23

PER_STEP = ("table", "indices")


@dataclass(frozen=True)
class Strided:
    """Shape, strides and dtype of a tensor."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    @classmethod
    def of(cls, tensor: Tensor) -> Strided:
        """Return those of a tensor."""
        return cls(tuple(tensor.shape), tensor.stride(), tensor.dtype)

    def zeros(self) -> Tensor:
        """Return zeros laid out so."""
        return torch.empty_strided(self.shape, self.stride, dtype=self.dtype).zero_()

    @property
    def bytes(self) -> int:
        """Bytes of its elements."""
        return torch.Size(self.shape).numel() * self.dtype.itemsize


@dataclass(frozen=True)
class Rows:
    """What a call finds laid ready, k rows for k steps.

    Attributes:
        place: which row is next, int64 [1]; every step adds one.
        seen: receives what is seen of each step, float64 [rows, S, R].
        per_step: for each name of `PER_STEP` that a step reads, [rows, ...].
    """

    place: Tensor
    seen: Tensor
    per_step: dict[str, Tensor]

    @classmethod
    def zeros(cls, layouts: Mapping[str, Strided], device: torch.device | None = None) -> Rows:
        """Return zeros for a step whose inputs have these layouts."""
        own = {name: layouts[name] for name in PER_STEP if name in layouts}
        rows = max(1, min(MOST_ROWS, ROW_BYTES // max(layout.bytes for layout in own.values())))
        replicas = layouts["theta"].shape[0]
        seen = torch.zeros(rows, len(SEEN), replicas, dtype=torch.float64, device=device)
        place = torch.zeros(1, dtype=torch.int64, device=device)
        per_step = {
            name: torch.zeros(rows, *layout.shape, dtype=layout.dtype, device=device)
            for name, layout in own.items()
        }
        return cls(place, seen, per_step)

    def all(self) -> list[Tensor]:
        """Return its tensors in the order of a call."""
        return [self.place, self.seen, *self.per_step.values()]

    def run(
        self,
        take: Callable[[int], None],
        table: Tensor,
        indices: Tensor | None,
        seen: Tensor,
        draw: Callable[[int], None] | None = None,
    ) -> None:
        """Take k steps; arguments as of `engine.step.Stepper.run`.

        take: takes a number of steps from the rows that are next.
        """
        most = len(self.seen)
        for first in range(0, len(seen), most):
            part = slice(first, first + most)
            steps = len(seen[part])
            self.per_step["table"][:steps].copy_(table[part] if len(table) > 1 else table)
            if indices is not None:
                self.per_step["indices"][:steps].copy_(indices[part])
            self.place.zero_()
            if draw is None:
                take(steps)
            else:
                for i in range(first, first + steps):
                    draw(i)
                    take(1)
            seen[part].copy_(self.seen[:steps])


def in_place(
    step: Callable[..., Sequence[Tensor]], names: Sequence[str], renewed: Sequence[str]
) -> Callable[..., tuple[()]]:
    """Return a function that takes one step on tensors that stay in place.

    Its arguments are those of `Rows.all`, the inputs that are not per step, and what else `step` takes.

    Args:
        step: maps inputs to renewed inputs and what is seen [S, R].
        names: of its first inputs; any after them have none.
        renewed: the inputs that it renews.
    """
    per_step = [name for name in PER_STEP if name in names]
    fixed = [name for name in names if name not in PER_STEP]

    def call(place: Tensor, seen: Tensor, *rest: Tensor) -> tuple[()]:
        rows, own = rest[: len(per_step)], rest[len(per_step) :]
        given = dict(zip(fixed, own, strict=False))
        given |= {
            name: row.index_select(0, place).squeeze(0) for name, row in zip(per_step, rows, strict=True)
        }
        *after, result = step(*(given[name] for name in names), *own[len(fixed) :])
        seen.index_copy_(0, place, result.to(seen.dtype).unsqueeze(0))
        for name, value in zip(renewed, after, strict=True):
            given[name].copy_(value)
        place.add_(1)
        return ()

    return call
