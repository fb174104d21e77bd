"""A run as others see it: what the worker thread publishes. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.catalog.modifiers import Modifiers
    from grok_tui.catalog.optimizers import OptimizerSpec
    from grok_tui.presets import Preset

    from .history import CoordinateHistory, Event, History
    from .verdicts import JudgedClaim


class State(StrEnum):
    """What the worker is doing."""

    LOADING = "loading"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True)
class ArmStatus:
    """One arm as it stands; any thread may read `history.curve` and `coordinates.table`."""

    name: str
    step: int
    end: int
    optimizer: OptimizerSpec
    since: int
    modifiers: Modifiers
    batch_size: int | Literal["full"]
    diverged: bool
    interventions: tuple[AnyIntervention, ...]
    events: tuple[Event, ...]
    history: History
    coordinates: CoordinateHistory | None
    labels: tuple[str, ...]
    """One label a coordinate."""
    generalizes: tuple[bool, ...]
    """Which coordinates generalize."""


@dataclass(frozen=True)
class Snapshot:
    """The run as it stood when the worker last looked up."""

    state: State
    version: int = 0
    preset: Preset | None = None
    arms: tuple[ArmStatus, ...] = ()
    claims: tuple[JudgedClaim, ...] = ()
    device: str = ""
    threads: int = 0
    steps_per_second: float = 0.0
    """Steps of all arms together, over about the last second."""
    seconds_left: float | None = None
    pace: float | None = None
    """Steps a second that each arm is held to, or None for full speed."""
    memory: int = 0
    """Bytes of memory in use on the device."""
    failure: str | None = None
    """What went wrong, in one line."""
    details: str = ""
    """The traceback that goes with it."""
