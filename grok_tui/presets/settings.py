"""What may be changed while an arm goes on: its settings, and what an intervention makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, TypeVar

from ..catalog.base import LARGEST_COUNT, Count, Spec, nearest, parameters
from ..catalog.interventions import INTERVENTIONS, AnyIntervention
from ..catalog.modifiers import MODIFIERS, Modifiers
from ..catalog.optimizers import OptimizerSpec
from ..catalog.plugins import require
from ..catalog.schedules import Course, Schedule
from ..numbers import shown

Adjusted = TypeVar("Adjusted", bound="Settings")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an arm is trained with, as far as it may change on the way."""

    optimizer: OptimizerSpec
    since: Count = 0
    """The step at which the optimizer was put to work."""
    modifiers: Modifiers
    batch_size: int | Literal["full"]
    courses: Mapping[str, Course] = field(default_factory=dict)
    """The schedules that hyperparameters and modifiers follow, by their names; the others stay."""
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
        """Return the settings with another optimizer, at work since a step; its values follow no schedule."""
        kept = {name: course for name, course in self.courses.items() if part_of(name) != "optimizer"}
        return replace(self, optimizer=optimizer, since=since, courses=kept)

    def with_schedule(self, name: str, parts: Sequence[Schedule], since: int) -> Self:
        """Return the settings in which a hyperparameter or a modifier follows a schedule since a step.

        Raises:
            ValueError: there is none of this name, it follows none, or it would leave its bounds.
        """
        course = Course(parts=tuple(parts), since=since)
        value = self.set_value(name)
        for reached in course.reached(value):
            try:
                self.with_value(name, reached)
            except ValueError as error:
                raise ValueError(f"{name}: its schedule leads to {shown(reached)}: {error}") from None
            if reached == 0 and (owner := MODIFIERS.owner(name)) is not None and owner.spec.off_at_zero:
                raise ValueError(f"{name}: its schedule leads to 0, which would turn it off")
        return _sound(replace(self, courses={**self.courses, name: course}))

    def at(self, step: int) -> Self:
        """Return the settings with the values that schedules give after so many steps of the arm."""
        parts: dict[str, dict[str, float]] = {"optimizer": {}, "modifiers": {}}
        for name, course in self.courses.items():
            parts[part_of(name)][name] = course.value(step, self.set_value(name))
        return replace(
            self, **{part: getattr(self, part).model_copy(update=new) for part, new in parts.items()}
        )

    def set_value(self, name: str) -> float:
        """Return the value of a hyperparameter or modifier that is set, from which a schedule goes on.

        Raises:
            ValueError: there is none of this name, or it follows none.
        """
        owner = MODIFIERS.owner(name)
        spec: Spec = self.optimizer if owner is None else self.modifiers.of(owner.name)
        valid = [one.name for one in parameters(type(spec)) if one.type is float and one.live]
        if owner is None and name not in valid:
            raise ValueError(
                f"{self.optimizer.name} has no number '{name}' that follows a schedule{nearest(name, valid)}"
            )
        if owner is not None and (not owner.spec.follows or name not in valid):
            raise ValueError(f"'{name}' follows no schedule")
        return float(getattr(spec, name))

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

        What had followed a schedule stays at this value.

        Raises:
            ValueError: as `after`.
        """
        others = {key: course for key, course in self.courses.items() if key != name}
        match part_of(name):
            case "batch_size":
                size = _checked_batch_size(value)
                if self.samples:
                    check_batch_size(size, self.samples)
                return replace(self, batch_size=size)
            case "modifiers":
                return _sound(replace(self, modifiers=self.modifiers.having(name, value), courses=others))
            case "optimizer":
                optimizer = _with_hyperparameter(self.optimizer, name, value)
                return replace(self, optimizer=optimizer, courses=others)


def _sound(settings: Adjusted) -> Adjusted:
    """Return the settings.

    Raises:
        ValueError: a value of the optimizer follows a schedule where steps make its state anew by themselves.
    """
    if settings.modifiers.reset_every or settings.modifiers.reset_on_return:
        for name in settings.courses:
            if part_of(name) == "optimizer":
                raise ValueError(f"{name}: a schedule does not go with resets within steps")
    return settings


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
