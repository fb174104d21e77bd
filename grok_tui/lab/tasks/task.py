"""What a task is: plain data, a split, what counts as right, and coordinates with roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..models import Weights
from .bases import Basis

Draw = Callable[[Tensor, Tensor, torch.Generator], None]
"""Fills inputs [B, ...] and targets [B, ...] with new samples."""


@dataclass(frozen=True)
class Samples:
    """Samples of one split: inputs [N, ...] and targets [N] or [N, O]."""

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Fresh:
    """How new samples are made of uniform numbers, for many steps at once.

    Attributes:
        numbers: how many a sample needs.
        of: maps numbers [..., B, numbers] from [0, 1) to samples, inputs [..., B, ...] and targets
            [..., B, ...].
    """

    numbers: int
    of: Callable[[Tensor], Samples]


@dataclass(frozen=True)
class Coordinates:
    """The weights in the task's own basis.

    Attributes:
        of: maps the weights of one replica to its C coordinates.
        generalizes: maps coordinates [..., C] to which of them generalize, bool [..., C] or [C]; the
            others memorize.
        labels: one short label a coordinate.
    """

    of: Callable[[Weights], Tensor]
    generalizes: Callable[[Tensor], Tensor]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Symbols:
    """What the one-hot inputs and the classes of a binary operation stand for.

    Attributes:
        table: which symbol x o y is, int64 [n, n]; -1 where it is not defined.
        basis: the spectrum of functions on the symbols, where the task has one.
        group: whether x o y is the product in the group of that basis, or a quotient.
    """

    table: Tensor
    basis: Basis | None
    group: bool

    def __len__(self) -> int:
        return len(self.table)


@dataclass(frozen=True)
class Task:
    """A task as plain data.

    Attributes:
        train: the samples trained on.
        validation: samples of the same rule, never trained on.
        outputs: how many outputs a model for it has.
        correct: maps outputs [..., N, O] and targets to bool [..., N].
        coordinates: the weights that memorize and those that generalize, where the task knows them.
        symbols: the symbols of a binary operation, where it is one.
        classes: whether the outputs are scores of classes, or one score whose sign tells two apart.
        draw: draws new samples into inputs [B, ...] and targets [B] of one replica, where the task can.
        fresh: makes new samples for many steps at once, where the task can, so that a GPU waits for none.
        secret: of a parity, how many of the bits it depends on; they come first.
        axes: the labels of the places along those axes of measures that have any, by the axis' name.
    """

    train: Samples
    validation: Samples
    outputs: int
    correct: Callable[[Tensor, Tensor], Tensor]
    coordinates: Coordinates | None = None
    symbols: Symbols | None = None
    classes: bool = False
    draw: Draw | None = None
    fresh: Fresh | None = None
    secret: int = 0
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """The labels along all axes that have any, those of coordinates as well, by the axis' name."""
        own = {} if self.coordinates is None else {"coordinate": self.coordinates.labels}
        return {**own, **self.axes}

    @property
    def inputs(self) -> int:
        """How many inputs a sample has."""
        return int(self.train.inputs.shape[-1])
