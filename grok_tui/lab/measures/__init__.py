"""The measures: functions of a `Probe`; `grok_tui.catalog.measures` says which there are."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from grok_tui.catalog.measures import MEASURES, MeasureSpec

from .probe import Probe


def taker(measure: MeasureSpec) -> Callable[[Probe], Tensor]:
    """Return the function that takes a measure with its settings, looked up once.

    Raises:
        PluginError: a plugin's implementation cannot be imported.
    """
    name, settings, axes = measure.name, measure.settings, MEASURES[measure.name].axes
    function = MEASURES.implementation(name)

    def taken(probe: Probe) -> Tensor:
        value: Tensor = function(probe, **settings)
        if value.dim() != 1 + len(axes) or len(value) != len(probe.theta):
            wanted = ", ".join(("replicas", *axes))
            raise ValueError(f"measure '{name}' gives {list(value.shape)}, not [{wanted}]")
        return value

    return taken


def take(measure: MeasureSpec | str, probe: Probe) -> Tensor:
    """Return one measure of every replica: a number each [R], or the numbers along its axes [R, ...].

    Args:
        measure: with its settings; by name alone, with those that it has where nothing is set.
        probe: the replicas.

    Raises:
        ValueError: the implementation gives something of another shape.
        PluginError: a plugin's implementation cannot be imported.
    """
    return taker(MEASURES.spec(measure) if isinstance(measure, str) else measure)(probe)


__all__ = ["Probe", "take", "taker"]
