"""The interventions: what may be done to a running arm between two steps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Spec, knob
from .optimizers import OptimizerSpec


class Intervention(Spec):
    """When and to which arm."""

    arm: str = knob(help="the arm it is done to")
    at_step: int = knob(ge=0, help="done after this many steps, before the next")


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


class Reset(Intervention):
    """Forget the optimizer's state, moments and step count, and the state of gradient filters."""

    action: Literal["reset"]


class Jump(Intervention):
    """Displace theta by a random vector, uniform in direction."""

    action: Literal["jump"]
    norm: float = knob(ge=0, help="L2 norm of the displacement")


AnyIntervention = Annotated[Switch | Set | Reset | Jump, Field(discriminator="action")]
ACTIONS: dict[str, type[Intervention]] = {"switch": Switch, "set": Set, "reset": Reset, "jump": Jump}
