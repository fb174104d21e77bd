"""What an arm is at one step, apart from what its preset says: numbers as arrays, and all else as a document.

There is no generator state in it: random numbers depend on seed, purpose and step alone (`lab.streams`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from grok_tui.catalog.base import Count
from grok_tui.catalog.frames import FrameSpec, Identity
from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.catalog.modifiers import Modifiers
from grok_tui.catalog.optimizers import OptimizerSpec
from grok_tui.catalog.schedules import Course
from grok_tui.engine.record.history import Event
from grok_tui.engine.steps.backends import BackendSince


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Settled(_Part):
    """What has become, for one replica or for all, of an intervention that waited for its own arm."""

    place: Count
    """Of the intervention among those of the arm that wait."""
    intervention: AnyIntervention


class ArmState(_Part):
    """An arm without its arrays."""

    step: Count
    end: Count
    optimizer: str
    since: Count
    optimizers: dict[str, OptimizerSpec]
    """Those that the arm has used, with the hyperparameters they had last."""
    frame: FrameSpec = Identity()
    """The coordinates that their state is in."""
    modifiers: Modifiers = Modifiers()
    courses: dict[str, Course] = {}
    """The schedules that values follow, by their names."""
    filter_steps: Count = 0
    """How many steps old the state of gradient filters is."""
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"]
    batches_since: Count
    data_version: Count = 0
    """How often the training data were changed."""
    restarts: Count = 0
    """How often weights were drawn anew."""
    backends: list[BackendSince] = []
    """What made which steps."""
    drawn_by: list[str] = []
    """What drew the random numbers of steps, in order, see `noise.scheme`; empty where no step had any."""
    interventions: list[AnyIntervention]
    """All that was done to the arm, in order."""
    scheduled: Count
    """How many of the preset's own interventions are among them."""
    settled: list[Settled] = []
    given: list[AnyIntervention] | None = None
    """What has become of those that waited for another arm; None where nothing is said of it."""
    first: list[Count] = []
    """The first step at which events of each replica's present network count; none: all are 0."""
    stride: Annotated[int, Field(ge=1, le=2**53)]
    version: Count
    events: list[Event]
