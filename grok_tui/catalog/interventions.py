"""The interventions: what may be done to a running arm between two steps."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import TypeAdapter, model_validator

from ..numbers import shown
from .base import knob
from .entry import Entry
from .intervention import Intervention, PerReplica, S
from .optimizers import OptimizerSpec, titled
from .registry import Registry


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


class Reset(PerReplica):
    """Forget the optimizer's state, moments and step count, and the state of gradient filters."""

    action: Literal["reset"]

    def told(self) -> str:
        """Return what is reset, and where."""
        return f"optimizer state reset{self.where}"


class Jump(PerReplica):
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
