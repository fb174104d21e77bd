"""The tasks: what is learnt, and what counts as right."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field

from .base import Spec, knob


class Shape(NamedTuple):
    """The size of a task's data and of a model for it."""

    samples: int
    """Training samples of one replica."""
    inputs: int
    outputs: int
    symbols: int = 0
    """Where inputs are one-hot blocks: how many symbols a block tells apart; else 0."""


class TaskSpec(Spec):
    """What every task declares besides its parameters."""

    measures: ClassVar[dict[str, str]] = {}
    """Measures of this task alone: name -> one line of help."""

    models: ClassVar[tuple[str, ...]] = ()
    """The models it goes with."""

    losses: ClassVar[tuple[str, ...]] = ()
    """The losses its targets are made for."""

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
    models: ClassVar[tuple[str, ...]] = ("linear",)
    losses: ClassVar[tuple[str, ...]] = ("mse",)
    coordinates: ClassVar[bool] = True

    name: Literal["linear101"]
    samples: int = knob(100, ge=1, le=1_000_000, help="training samples, each with a feature of its own")
    tolerance: float = knob(0.1, gt=0, help="a prediction is accurate when |prediction - 1| is below this")

    @property
    def shape(self) -> Shape:
        """N samples with N + 1 features."""
        return Shape(self.samples, self.samples + 1, 1)


class ModularAddition(TaskSpec):
    """a + b mod p: some pairs are for training, the rest for validation; the classes are the p sums."""

    models: ClassVar[tuple[str, ...]] = ("linear", "mlp")
    losses: ClassVar[tuple[str, ...]] = ("cross_entropy",)
    seeded: ClassVar[bool] = True

    name: Literal["modular_addition"]
    p: int = knob(31, ge=2, le=1009, help="the modulus")
    train_fraction: float = knob(0.5, gt=0, lt=1, help="share of the p * p pairs that is trained on")

    @property
    def shape(self) -> Shape:
        """One-hot a and b, p classes; at least one pair on each side."""
        pairs = self.p * self.p
        return Shape(min(pairs - 1, max(1, round(self.train_fraction * pairs))), 2 * self.p, self.p, self.p)


AnyTask = Annotated[Linear101 | ModularAddition, Field(discriminator="name")]
TASKS: dict[str, type[TaskSpec]] = {"linear101": Linear101, "modular_addition": ModularAddition}
