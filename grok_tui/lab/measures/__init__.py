"""The measures: functions of a `Probe`; `grok_tui.catalog.measures` says which there are."""

from __future__ import annotations

from torch import Tensor

from grok_tui.catalog.measures import MEASURES, MeasureSpec

from .grid import correctness_grid
from .probe import Probe


def take(measure: MeasureSpec | str, probe: Probe) -> Tensor:
    """Return one measure of every replica: a number each [R], or the numbers along its axes [R, ...].

    Args:
        measure: with its settings; by name alone, with those that it has where nothing is set.
        probe: the replicas.

    Raises:
        ValueError: the implementation gives something of another shape.
        PluginError: a plugin's implementation cannot be imported.
    """
    spec = MEASURES.spec(measure) if isinstance(measure, str) else measure
    value: Tensor = MEASURES.implementation(spec.name)(probe, **spec.settings)
    axes = MEASURES[spec.name].axes
    if value.dim() != 1 + len(axes) or len(value) != len(probe.theta):
        wanted = ", ".join(("replicas", *axes))
        raise ValueError(f"measure '{spec.name}' gives {list(value.shape)}, not [{wanted}]")
    return value


__all__ = ["Probe", "correctness_grid", "take"]
