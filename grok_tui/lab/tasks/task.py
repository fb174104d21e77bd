"""What a task is: plain data, a split, what counts as right, and coordinates with roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

Parameters = Mapping[str, Tensor]
"""The parameters of one replica by name, shaped as in the module."""


@dataclass(frozen=True)
class Samples:
    """Samples of one split: inputs [N, ...] and targets [N] or [N, O]."""

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Coordinates:
    """The weights in the task's own basis.

    Attributes:
        of: maps the parameters of one replica to its C coordinates.
        generalizes: bool [C]; the others memorize.
        labels: one short label a coordinate.
    """

    of: Callable[[Parameters], Tensor]
    generalizes: Tensor
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """A task as plain data.

    Attributes:
        train: the samples trained on.
        validation: samples of the same rule, never trained on.
        outputs: how many outputs a model for it has.
        correct: maps outputs [..., N, O] and targets to bool [..., N].
        coordinates: the weights that memorize and those that generalize, where the task knows them.
        measures: the task's own measures: name -> function of one replica's parameters, giving a number.
    """

    train: Samples
    validation: Samples
    outputs: int
    correct: Callable[[Tensor, Tensor], Tensor]
    coordinates: Coordinates | None = None
    measures: Mapping[str, Callable[[Parameters], Tensor]] = field(default_factory=dict)

    @property
    def inputs(self) -> int:
        """How many inputs a sample has."""
        return int(self.train.inputs.shape[-1])
