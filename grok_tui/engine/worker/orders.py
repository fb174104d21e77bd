"""What may be asked of a run that trains: one message a thing, the same in a thread and over a socket.

An order is given by `give` of whatever has the run (`grok_tui.engine.worker.runner.Runner`,
`grok_tui.engine.remote.client.Attached`), is carried out between two chunks by `Runner`, and gets no answer:
what comes of it is in the next snapshot, and what could not be done among the refusals. Free of torch.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from grok_tui.catalog.base import Count
from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.catalog.names import ArmName
from grok_tui.presets import Preset

Pace = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=100)]


MESSAGE = ConfigDict(
    extra="forbid", frozen=True, strict=True, ser_json_bytes="base64", val_json_bytes="base64"
)
"""Of all that one process says to another: frozen, and nothing unknown is in it."""


class _Message(BaseModel):
    model_config = MESSAGE


class Pause(_Message):
    """Stop after the chunk at work."""

    order: Literal["pause"] = "pause"


class GoOn(_Message):
    """Go on; a run at its end goes on to twice its steps."""

    order: Literal["go on"] = "go on"


class Step(_Message):
    """Pause, and bring every arm up to that many steps further than the one that is furthest behind."""

    order: Literal["step"] = "step"
    steps: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class SetPace(_Message):
    """Hold every arm to that many steps a second; None is full speed."""

    order: Literal["pace"] = "pace"
    pace: Pace | None


class Intervene(_Message):
    """Carry out an intervention on the arm that it names, at once; its `at_step` is filled in."""

    order: Literal["intervene"] = "intervene"
    intervention: AnyIntervention


class Restart(_Message):
    """Begin anew with a preset: the same for the same start, with another seed for another one."""

    order: Literal["restart"] = "restart"
    preset: Preset


class Rewind(_Message):
    """Take an arm back to what it was as it came to a step, and pause; what it did since is dropped."""

    order: Literal["rewind"] = "rewind"
    arm: Name
    step: Count


class ForkArm(_Message):
    """Add an arm that begins with what another was as it came to a step, and pause."""

    order: Literal["fork"] = "fork"
    arm: Name
    step: Count | None
    """None takes the present, with all that was done."""
    name: ArmName


class Stay(_Message):
    """Give up a way back that is being replayed, or steps that are being taken one order long."""

    order: Literal["stay"] = "stay"


class End(_Message):
    """Keep the run as it stands, and end it."""

    order: Literal["end"] = "end"


Order = Pause | GoOn | Step | SetPace | Intervene | Restart | Rewind | ForkArm | Stay | End
