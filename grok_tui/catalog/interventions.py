"""The interventions: what may be done to a running arm between two steps."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from .base import Spec, knob
from .optimizers import OptimizerSpec


class Intervention(Spec):
    """When and to which arm."""

    arm: str = knob(help="the arm it is done to")
    at_step: int = knob(help="done after this many steps, before the next")

    @property
    def awaited(self) -> tuple[str, str] | None:
        """The arm and its event from which `at_step` counts, if it does not count from the start."""
        return None

    @model_validator(mode="after")
    def _step_is_there(self) -> Intervention:
        if self.at_step < 0 and self.awaited is None:
            raise ValueError(f"at_step is {self.at_step}; the first steps of an arm are its 0th and 1st")
        return self


class Sudden(Intervention):
    """An intervention that may be done to one replica alone, and when another arm has an event."""

    replica: int | None = knob(None, ge=0, help="the replica it is done to, counted from 0; else all")
    since: str | None = knob(
        None,
        pattern=r"^[a-z][a-z0-9_]*\.[a-z]+$",
        help="arm.event from whose first time in each replica at_step counts; the arm waits for it",
    )
    not_before: int = knob(0, ge=0, help="with since: the first step at which the event counts")

    @model_validator(mode="after")
    def _only_events_are_waited_for(self) -> Self:
        if self.not_before and self.since is None:
            raise ValueError("not_before is for interventions with since")
        return self

    @property
    def awaited(self) -> tuple[str, str] | None:
        """The arm and its event from which `at_step` counts."""
        if self.since is None:
            return None
        arm, _, event = self.since.partition(".")
        return arm, event

    def settled(self, at_step: int, replica: int | None) -> Self:
        """Return what has become of an intervention that waited, for one replica."""
        return self.model_copy(
            update={"since": None, "not_before": 0, "at_step": at_step, "replica": replica}
        )


class Switch(Intervention):
    """Go on with another optimizer."""

    action: Literal["switch"]
    optimizer: OptimizerSpec
    state: Literal["fresh", "kept"] = knob(
        "fresh", help="start the new optimizer's state anew, or take up the state it had when it last ran"
    )


class Set(Intervention):
    """Change one hyperparameter of the running optimizer, a modifier, or the batch size."""

    action: Literal["set"]
    hyperparameter: str = knob(help="name of the hyperparameter or modifier, or batch_size")
    value: float | bool | str | list[float] = knob(help="its new value")


class Reset(Sudden):
    """Forget the optimizer's state, moments and step count, and the state of gradient filters."""

    action: Literal["reset"]


class Jump(Sudden):
    """Displace theta by a random vector, uniform in direction."""

    action: Literal["jump"]
    norm: float | None = knob(None, ge=0, help="L2 norm of the displacement")
    of_next_steps: int | None = knob(
        None, ge=1, le=10_000, help="displace each tensor as far as this many steps would, instead of norm"
    )

    @model_validator(mode="after")
    def _length_is_given(self) -> Jump:
        if (self.norm is None) == (self.of_next_steps is None):
            raise ValueError("a jump has either a norm or of_next_steps")
        return self


AnyIntervention = Annotated[Switch | Set | Reset | Jump, Field(discriminator="action")]
ACTIONS: dict[str, type[Intervention]] = {"switch": Switch, "set": Set, "reset": Reset, "jump": Jump}


@cache
def _adapter() -> TypeAdapter[AnyIntervention]:
    return TypeAdapter(AnyIntervention)


def intervention(document: object) -> AnyIntervention:
    """Return the intervention that a document says.

    Raises:
        ValidationError: it says none.
    """
    return _adapter().validate_python(document)
