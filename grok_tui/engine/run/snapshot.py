"""A run as others see it: what the worker thread publishes. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.record.verdicts import JudgedClaim
    from grok_tui.presets import Preset


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
class DeviceMemory:
    """How much of a GPU's memory is taken, by whatever process, as `nvidia-smi` tells it."""

    device: str
    """As torch calls it."""
    used: int
    """Bytes."""
    total: int
    """Bytes that it has."""


@dataclass(frozen=True)
class RunFacts:
    """What is short of a run as it stands: over a socket it is said whole each time."""

    state: State
    doing: str = ""
    """While the state is "loading": what goes on, in a word or two."""
    device: str = ""
    """The device's name for people."""
    torch_device: str = ""
    """As torch calls it: "cpu", "cuda:0"; several: "cuda:0,cuda:1"."""
    threads: int = 0
    tf32: bool = False
    """Whether a GPU may round the factors of float32 products to 10 bits."""
    steps_per_second: float = 0.0
    """Steps of all arms together, over about the last second."""
    seconds_left: float | None = None
    pace: float | None = None
    """Steps a second that each arm is held to, or None for full speed."""
    memory: int = 0
    """Bytes of memory that the run's process holds, on GPUs where it computes on those."""
    gpus: tuple[DeviceMemory, ...] = ()
    """The memory of each GPU that has arms."""
    epoch: int = 0
    """Counts restarts, returns and forks: what was seen of an arm before may be no part of it any more."""
    moments: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By arm: the steps that it can return to at once; to others it is replayed."""
    replayed: float = 0.0
    """While the state is "replaying": how much of the way is done."""
    kept: str = ""
    """What the run is called that is kept in a folder, or nothing."""
    failure: str | None = None
    """What went wrong, in one line."""
    details: str = ""
    """The traceback that goes with it."""


@dataclass(frozen=True)
class Snapshot(RunFacts):
    """The run as it stood when the worker last looked up."""

    version: int = 0
    preset: Preset | None = None
    arms: tuple[ArmStatus, ...] = ()
    claims: tuple[JudgedClaim, ...] = ()
    lasting: bool = False
    """Whether it goes on, in a process of its own, when nobody looks any more."""
