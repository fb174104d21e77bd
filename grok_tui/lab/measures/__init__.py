"""The measures: pure functions of a `Probe`, one number a replica."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from ..tasks import Task
from . import coordinates, curvature, general, margins, norms, progress, spectrum
from .grid import correctness_grid
from .probe import Probe

Measures = Mapping[str, Callable[[Probe], Tensor]]

CLASSES: Measures = {**margins.MEASURES, **norms.MEASURES, **curvature.MEASURES}
KNOWN: Measures = {
    **general.MEASURES,
    **coordinates.MEASURES,
    **CLASSES,
    **spectrum.MEASURES,
    **progress.MEASURES,
}

UNTRACED = frozenset(curvature.MEASURES)
"""Measures that iterate: as one traced function they would take the memory of all iterations at once."""


def measure_names(task: Task) -> tuple[str, ...]:
    """Return the names of all measures that arms on this task have, in a fixed order."""
    symbols = task.symbols
    families: tuple[tuple[Mapping[str, object], bool], ...] = (
        (general.MEASURES, True),
        (coordinates.MEASURES, task.coordinates is not None),
        (CLASSES, symbols is not None),
        (spectrum.MEASURES, symbols is not None and symbols.basis is not None),
        (progress.MEASURES, symbols is not None and symbols.group),
        (task.measures, True),
    )
    return tuple(name for family, had in families if had for name in family)


def take(name: str, probe: Probe) -> Tensor:
    """Return one measure of every replica: [R]."""
    return KNOWN[name](probe) if name in KNOWN else probe.each(probe.task.measures[name])


__all__ = ["UNTRACED", "Probe", "correctness_grid", "measure_names", "take"]
