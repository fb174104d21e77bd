"""The interventions: what may be done to a running arm between two steps."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, Protocol, Self, TypeVar

from pydantic import TypeAdapter, model_validator

from ..numbers import shown
from .base import Spec, knob
from .entry import Entry
from .optimizers import OptimizerSpec, titled
from .registry import Registry


class Adjustable(Protocol):
    """The settings of an arm, of which an intervention makes others: `grok_tui.presets.Settings`."""

    def with_optimizer(self, optimizer: OptimizerSpec, since: int) -> Self:
        """Return the settings with another optimizer, at work since a step."""

    def with_value(self, name: str, value: Any) -> Self:
        """Return the settings with a hyperparameter, a modifier or the batch size changed."""


S = TypeVar("S", bound=Adjustable)


class Intervention(Spec):
    """When and to which arm; each says besides how it is told, and what becomes of the arm's settings."""

    arm: str = knob(help="the arm it is done to")
    at_step: int = knob(help="done after this many steps, before the next")
    action: str

    def told(self) -> str:
        """Return what is done, in a few words: "switch to SGD lr 0.1"."""
        return self.action

    def named(self) -> str:
        """Return the label of its mark on charts: "SGD", "lr 0.01"."""
        return self.action

    def after(self, settings: S) -> S:
        """Return an arm's settings as this leaves them.

        Raises:
            ValueError: it does not fit the arm as it stands.
        """
        return settings

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

    @property
    def where(self) -> str:
        """Which replica it is done to, as the end of what is told."""
        return "" if self.replica is None else f", replica {self.replica}"


class Switch(Intervention):
    """Go on with another optimizer."""

    action: Literal["switch"]
    optimizer: OptimizerSpec
    state: Literal["fresh", "kept"] = knob(
        "fresh", help="start the new optimizer's state anew, or take up the state it had when it last ran"
    )

    def told(self) -> str:
        """Return the optimizer with its learning rate and what is not as it is by default."""
        special = self.optimizer.model_dump(include={"lr"}) | self.optimizer.model_dump(
            exclude={"name"}, exclude_defaults=True
        )
        settings = (f"{key} {shown(value)}" for key, value in special.items())
        return " ".join([f"switch to {self.named()}", *settings])

    def named(self) -> str:
        """Return the optimizer's name as its papers write it."""
        return titled(self.optimizer.name)

    def after(self, settings: S) -> S:
        """Return the settings with the new optimizer."""
        return settings.with_optimizer(self.optimizer, self.at_step)


class Set(Intervention):
    """Change one hyperparameter of the running optimizer, a modifier, or the batch size."""

    action: Literal["set"]
    hyperparameter: str = knob(help="name of the hyperparameter or modifier, or batch_size")
    value: float | bool | str | list[float] = knob(help="its new value")

    def told(self) -> str:
        """Return "lr = 0.01"."""
        return f"{self.hyperparameter} = {shown(self.value)}"

    def named(self) -> str:
        """Return "lr 0.01"."""
        return f"{self.hyperparameter} {shown(self.value)}"

    def after(self, settings: S) -> S:
        """Return the settings with the new value."""
        return settings.with_value(self.hyperparameter, self.value)


class Reset(Sudden):
    """Forget the optimizer's state, moments and step count, and the state of gradient filters."""

    action: Literal["reset"]

    def told(self) -> str:
        """Return what is reset, and where."""
        return f"optimizer state reset{self.where}"


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

    def told(self) -> str:
        """Return how far the jump goes, and where."""
        if self.of_next_steps is None:
            return f"random jump of norm {shown(self.norm)}{self.where}"
        return f"random jump as far as {self.of_next_steps} steps{self.where}"


INTERVENTIONS: Registry[Intervention] = Registry(
    "intervention",
    Intervention,
    Entry(Switch, "grok_tui.engine.arm.interventions:switch", key="action"),
    Entry(Set, "grok_tui.engine.arm.interventions:settle", key="action"),
    Entry(Reset, "grok_tui.engine.arm.interventions:reset", key="action"),
    Entry(Jump, "grok_tui.engine.arm.interventions:jump", key="action"),
    plugins="grok_tui.interventions",
)
"""The implementation of an intervention is called with the arm (`grok_tui.engine.arm.interventions.Steered`),
with the intervention, and with the settings that the arm is to have after it."""

AnyIntervention = Annotated[Intervention, INTERVENTIONS]


@cache
def _adapter() -> TypeAdapter[AnyIntervention]:
    return TypeAdapter(AnyIntervention)


def intervention(document: object) -> AnyIntervention:
    """Return the intervention that a document says.

    Raises:
        ValidationError: it says none.
    """
    return _adapter().validate_python(document)
