"""What may be changed while an arm goes on: its settings, and what an intervention makes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from ..catalog.base import LARGEST_COUNT, Count, nearest
from ..catalog.interventions import INTERVENTIONS, AnyIntervention
from ..catalog.modifiers import MODIFIERS, Modifiers
from ..catalog.optimizers import OptimizerSpec
from ..catalog.plugins import require


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an arm is trained with, as far as it may change on the way."""

    optimizer: OptimizerSpec
    since: Count = 0
    """The step at which the optimizer was put to work."""
    modifiers: Modifiers
    batch_size: int | Literal["full"]
    samples: Count = 0
    """In the training set of a replica; 0 where every step has new ones."""
    withheld: Count = 0
    """Training samples of a replica that are not in its training set."""

    def after(self, intervention: AnyIntervention) -> Self:
        """Return the settings as an intervention leaves them; many change none.

        Raises:
            ValueError: the optimizer at work has no such hyperparameter, or a value is out of its bounds.
        """
        after = intervention.after(self)
        found = type(after).__name__
        INTERVENTIONS.asked(
            intervention.action,
            lambda: require(isinstance(after, Settings), f"after gives {found}, not Settings"),
        )
        return after

    def with_optimizer(self, optimizer: OptimizerSpec, since: int) -> Self:
        """Return the settings with another optimizer, at work since a step."""
        return replace(self, optimizer=optimizer, since=since)

    def with_samples(self, more: int) -> Self:
        """Return the settings with so many samples taken from those withheld, or withheld where negative.

        Raises:
            ValueError: there are none or not so many, none would be left, or fewer than are in a batch.
        """
        if not self.samples:
            raise ValueError("an arm that learns online has no training set")
        if more > 0 and not self.withheld:
            raise ValueError("no sample is withheld that could be acquired")
        if more > self.withheld:
            raise ValueError(f"{more} samples are more than the {self.withheld} withheld")
        if self.samples + more < 1:
            raise ValueError(f"of the {self.samples} training samples one has to stay")
        try:
            check_batch_size(self.batch_size, self.samples + more)
        except ValueError as error:
            raise ValueError(f"batch_size: {error}") from None
        return replace(self, samples=self.samples + more, withheld=self.withheld - more)

    def with_value(self, name: str, value: Any) -> Self:
        """Return the settings with a hyperparameter, a modifier or the batch size changed.

        Raises:
            ValueError: as `after`.
        """
        match part_of(name):
            case "batch_size":
                size = _checked_batch_size(value)
                if self.samples:
                    check_batch_size(size, self.samples)
                return replace(self, batch_size=size)
            case "modifiers":
                return replace(self, modifiers=self.modifiers.having(name, value))
            case "optimizer":
                return replace(self, optimizer=_with_hyperparameter(self.optimizer, name, value))


def part_of(name: str) -> Literal["batch_size", "modifiers", "optimizer"]:
    """Return which part of the settings has a value of this name, as a `Set` gives it."""
    if name == "batch_size":
        return "batch_size"
    return "modifiers" if MODIFIERS.owner(name) is not None else "optimizer"


def _with_hyperparameter(optimizer: OptimizerSpec, name: str, value: Any) -> OptimizerSpec:
    """Return the optimizer with one hyperparameter changed.

    Raises:
        ValueError: the optimizer has no such hyperparameter, or the value is out of its bounds.
    """
    valid = [field for field in type(optimizer).model_fields if field != "name"]
    if name not in valid:
        raise ValueError(f"{optimizer.name} has no hyperparameter '{name}'{nearest(name, valid)}")
    return type(optimizer).model_validate({**optimizer.model_dump(), name: value})


def _checked_batch_size(value: Any) -> int | Literal["full"]:
    """Return a batch size given as a number or "full".

    Raises:
        ValueError: it is neither.
    """
    if value == "full":
        return "full"
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and 1 <= value <= LARGEST_COUNT and value == int(value):
        return int(value)
    raise ValueError(f"batch_size is a whole number from 1 or 'full', not {value!r}")


def check_batch_size(size: int | Literal["full"], samples: int) -> None:
    """Make sure that there are samples for a batch.

    Raises:
        ValueError: there are fewer.
    """
    if size != "full" and size > samples:
        raise ValueError(f"{size} is more than the {samples} training samples")
