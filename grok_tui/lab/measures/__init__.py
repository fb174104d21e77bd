"""The measures: functions of a `Probe`; `grok_tui.catalog.measures` says which there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from grok_tui.catalog.measure import MeasureSpec
from grok_tui.catalog.measures import MEASURES
from grok_tui.catalog.plugins import ContractError, PluginError, require

from ..contract import is_a
from .probe import Probe


def taker(measure: MeasureSpec) -> Callable[[Probe], Tensor]:
    """Return the function that takes a measure with its settings, looked up once.

    Raises:
        PluginError: a plugin's implementation cannot be imported.
    """
    name, settings, entry = measure.name, measure.settings, MEASURES[measure.name]
    axes, origin = entry.axes, entry.origin
    sizes: set[tuple[int, ...]] = set()
    MEASURES.implementation(name)

    def taken(probe: Probe) -> Tensor:
        value: object = MEASURES.called(name, probe, **settings)
        try:
            numbers = measured(value, axes, probe.theta)
            sizes.add(numbers.shape[1:])
            require(len(sizes) == 1, f"its axes have other sizes than before: {sorted(map(tuple, sizes))}")
            return numbers
        except ContractError as error:
            blamed = f"measure '{name}': {error}"
            raise PluginError(f"plugin {origin}: {blamed}") if origin else ValueError(blamed) from None

    return taken


def measured(value: object, axes: Sequence[str], theta: Tensor) -> Tensor:
    """Return what an implementation gave as numbers, where that is one number a replica or those along axes.

    Args:
        value: what it gave; whole numbers and booleans become numbers of theta's dtype.
        axes: the measure's.
        theta: [R, P].

    Raises:
        ContractError: it is something else.
    """
    is_a(Tensor, "what it gives", value)
    assert isinstance(value, Tensor)
    wanted = ", ".join(("replicas", *axes))
    fits = value.dim() == 1 + len(axes) and len(value) == len(theta)
    require(fits, f"it gives {list(value.shape)}, not [{wanted}]")
    require(not value.is_complex(), f"it gives {value.dtype}")
    require(value.device == theta.device, f"it gives a tensor on {value.device}, not on {theta.device}")
    return value if value.is_floating_point() else value.to(theta.dtype)


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


__all__ = ["Probe", "measured", "take", "taker"]
