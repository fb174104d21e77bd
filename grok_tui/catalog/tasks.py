"""The tasks: what is learnt, and what counts as right."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

from .base import Spec, knob


class Shape(NamedTuple):
    """The size of a task's data and of a model for it."""

    samples: int
    """Training samples of one replica."""
    inputs: int
    outputs: int


class TaskSpec(Spec):
    """What every task declares besides its parameters."""

    measures: ClassVar[dict[str, str]] = {}
    """Measures of this task alone: name -> one line of help."""

    coordinates: ClassVar[bool] = False
    """Whether the task marks coordinates as memorizers and generalizers."""

    seeded: ClassVar[bool] = False
    """Whether the data depend on the seed, so that every replica has its own."""

    @property
    def shape(self) -> Shape:
        """The size of the data, known before they are made."""
        raise NotImplementedError


class Linear101(TaskSpec):
    """One weight per training sample and a bias that all samples share; every target is 1."""

    measures: ClassVar[dict[str, str]] = {"bias": "weight of the feature that all samples share"}
    coordinates: ClassVar[bool] = True

    name: Literal["linear101"]
    samples: int = knob(100, ge=1, le=1_000_000, help="training samples, each with a feature of its own")
    tolerance: float = knob(0.1, gt=0, help="a prediction is accurate when |prediction - 1| is below this")

    @property
    def shape(self) -> Shape:
        """N samples with N + 1 features."""
        return Shape(self.samples, self.samples + 1, 1)


AnyTask = Linear101
TASKS: dict[str, type[TaskSpec]] = {"linear101": Linear101}
