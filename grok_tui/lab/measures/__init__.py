"""The measures: pure functions of a `Probe`, one number a replica."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from ..tasks import Task
from . import (
    coordinates,
    curvature,
    general,
    learning_coefficient,
    margins,
    norms,
    parity,
    progress,
    spectrum,
)
from .grid import correctness_grid
from .probe import Probe

Measures = Mapping[str, Callable[[Probe], Tensor]]

CLASSES: Measures = {
    **margins.MEASURES,
    **norms.MEASURES,
    **curvature.MEASURES,
    **learning_coefficient.MEASURES,
}
KNOWN: Measures = {
    **general.MEASURES,
    **coordinates.MEASURES,
    **CLASSES,
    **spectrum.MEASURES,
    **progress.MEASURES,
    **parity.MEASURES,
}

UNTRACED = frozenset(curvature.MEASURES | learning_coefficient.MEASURES) | parity.UNTRACED
"""Measures that iterate or enumerate: as one traced function they would keep the memory of it all."""


def measure_names(task: Task) -> tuple[str, ...]:
    """Return the names of all measures that arms on this task have, in a fixed order."""
    symbols = task.symbols
    families: tuple[tuple[Mapping[str, object], bool], ...] = (
        (general.MEASURES, True),
        (coordinates.MEASURES, task.coordinates is not None),
        (CLASSES, task.classes),
        (spectrum.MEASURES, symbols is not None and symbols.basis is not None),
        (progress.MEASURES, symbols is not None and symbols.group),
        (parity.MEASURES, task.secret > 0),
        (task.measures, True),
    )
    return tuple(name for family, had in families if had for name in family)


def take(name: str, probe: Probe) -> Tensor:
    """Return one measure of every replica: [R]."""
    if name in KNOWN:
        return KNOWN[name](probe)
    return probe.each(probe.task.measures[name])


__all__ = ["UNTRACED", "Probe", "correctness_grid", "measure_names", "take"]
