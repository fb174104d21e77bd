"""A run as others see it: what the worker thread publishes. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    REPLAYING = "replaying"
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
    grid: NDArray[np.int8] | None
    """What is learnt of a table, [n, n], a `grok_tui.lab.measures.grid.Cell` each."""
    margins: NDArray[np.float32] | None
    """By how much the first replica is right on each training sample, [N], where it tells classes apart."""
    labels: tuple[str, ...]
    """One label a coordinate."""
    generalizes: tuple[bool, ...]
    """Which coordinates generalize."""
    parent: str = ""
    """Of a fork: the arm that it comes from."""
    born: int = 0
    """Of a fork: the step of its parent that it began with."""


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
    epoch: int = 0
    """Counts restarts, returns and forks: what was seen of an arm before may be no part of it any more."""
    moments: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By arm: the steps that it can return to at once; to others it is replayed."""
    replayed: float = 0.0
    """While the state is "replaying": how much of the way is done."""
    kept: str = ""
    """What the run is called that is kept in a folder, or nothing."""
    lasting: bool = False
    """Whether it goes on, in a process of its own, when nobody looks any more."""
    failure: str | None = None
    """What went wrong, in one line."""
    details: str = ""
    """The traceback that goes with it."""
