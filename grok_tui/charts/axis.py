"""An axis: the part of the number line that is shown, linear or logarithmic, and where on it a value lies."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grok_tui.charts.model import Floats, Range

_NICE = (1.0, 2.0, 5.0, 10.0)
_LARGEST = 1e300  # beyond it the distance of two float64 numbers may overflow
_SMALLEST = 1e-290  # a span below it has too few digits left
_FAR = 1e6
_FINEST = 1e-9  # a relative spread below it is rounding noise, and is shown as a constant


@dataclass(frozen=True)
class Axis:
    """The values from `low` to `high` (low < high, both finite, and positive when `log`)."""

    low: float
    high: float
    log: bool = False

    def units(self, values: ArrayLike) -> Floats:
        """Return where values lie, 0 at `low` and 1 at `high`; NaN for what has no place on this axis.

        What lies far outside is moved to a million times the length of the axis, so that results are finite.
        """
        array = np.asarray(values, dtype=np.float64)
        with np.errstate(all="ignore"):
            if self.log:
                span = math.log10(self.high) - math.log10(self.low)
                placed = (np.log10(np.where(array > 0, array, np.nan)) - math.log10(self.low)) / span
            else:
                # Halves, so that the distance of -1e308 and 1e308 does not overflow.
                placed = (array / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return np.where(np.isfinite(array), np.clip(placed, -_FAR, _FAR), np.nan)

    def cell(self, value: float, cells: int, dots: int = 1) -> int:
        """Return the cell (of `cells`, each of `dots` dots) in which a value within the axis is drawn."""
        return int(to_dots(self.units(value), cells * dots)) // dots


def to_dots(units: Floats, dots: int) -> NDArray[np.intp]:
    """Return the dot, 0 to dots - 1, nearest to each finite position on an axis."""
    return np.floor(np.clip(units, 0.0, 1.0) * (dots - 1) + 0.5).astype(np.intp)


def finite_bounds(arrays: Iterable[Floats | None], *, positive: bool = False) -> Range | None:
    """Return the smallest and the largest finite (and positive) value, or None when there is none."""
    low, high = math.inf, -math.inf
    for array in arrays:
        if array is None:
            continue
        kept = array[np.isfinite(array) & (array > 0)] if positive else array[np.isfinite(array)]
        if kept.size:
            low, high = min(low, float(kept.min())), max(high, float(kept.max()))
    return (low, high) if low <= high else None


def usable(wanted: Range | None, *, positive: bool = False) -> Range | None:
    """Return the range that was asked for, or None when an axis cannot show it."""
    if wanted is None or not all(map(math.isfinite, wanted)) or (positive and min(wanted) <= 0):
        return None
    return wanted


def nice_step(span: float, most: int) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that divides `span` into at most `most` parts."""
    raw = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in _NICE if factor * power >= raw * (1 - 1e-9))


def multiple(count: int, step: float) -> float:
    """Return `count * step` without the rounding noise, and never a negative zero."""
    digits = -math.floor(math.log10(step) + 1e-9)
    return round(count * step, digits) + 0.0 if abs(digits) < 300 else count * step


def fit_axis(bounds: Range, *, log: bool = False, rounded: bool = False) -> Axis:
    """Return the axis that shows `bounds`, widened where they are (nearly) one value.

    rounded: widen it to round numbers, so that an axis that follows live data seldom moves.
    log: bounds are positive.
    """
    low, high = (min(max(bound, -_LARGEST), _LARGEST) for bound in sorted(bounds))
    if log:
        return _fit_log(low, high, rounded=rounded)
    if high - low <= max(_FINEST * max(abs(low), abs(high)), _SMALLEST):
        margin = abs(low) / 2 if abs(low) > 1 / _FINEST * _SMALLEST else 1.0
        low, high = low - margin, high + margin
    if rounded:
        step = nice_step(high - low, 10)
        low = min(low, multiple(math.floor(low / step + 1e-9), step))
        high = max(high, multiple(math.ceil(high / step - 1e-9), step))
    return Axis(low, high)


def _fit_log(low: float, high: float, *, rounded: bool) -> Axis:
    low = max(low, 1 / _LARGEST)
    high = max(high, low)
    if high <= low * (1 + _FINEST):
        low, high = low / 2, high * 2
    if rounded:
        low, high = _round_log(low, down=True), _round_log(high, down=False)
    return Axis(low, high, log=True)


def _round_log(value: float, *, down: bool) -> float:
    """Return the next of 1, 2, 5 times a power of ten that is not above (not below) `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    if down:
        return next(factor * power for factor in reversed(_NICE) if factor * power <= value * (1 + 1e-9))
    return next(factor * power for factor in _NICE if factor * power >= value * (1 - 1e-9))
