"""The measures: pure functions of a `Probe`, one number a replica."""

from __future__ import annotations

from torch import Tensor

from ..tasks import Task
from . import coordinates, general
from .probe import Probe


def measure_names(task: Task) -> tuple[str, ...]:
    """Return the names of all measures that arms on this task have, in a fixed order."""
    own = coordinates.MEASURES if task.coordinates is not None else {}
    return (*general.MEASURES, *own, *task.measures)


def take(name: str, probe: Probe) -> Tensor:
    """Return one measure of every replica: [R]."""
    if name in general.MEASURES:
        return general.MEASURES[name](probe)
    if name in coordinates.MEASURES:
        return coordinates.MEASURES[name](probe)
    return probe.each(probe.task.measures[name])


__all__ = ["Probe", "measure_names", "take"]
