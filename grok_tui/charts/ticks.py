"""Round numbers along an axis and their labels."""

from __future__ import annotations

import math
from typing import NamedTuple

from grok_tui.charts.axis import Axis, multiple, nice_step

_SUFFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


class Tick(NamedTuple):
    """A round number on an axis and how it is written."""

    value: float
    label: str


def ticks(axis: Axis, most: int, *, counts: bool = False) -> tuple[Tick, ...]:
    """Return at most `most` ticks, increasing, within the axis, no two labelled alike.

    counts: the values are steps or numbers of things: only whole numbers, written `1k`, `2.5M`.
    """
    if most < 1:
        return ()
    values, step = _decades(axis, most, counts) if axis.log else _multiples(axis, most, counts)
    largest = max(map(abs, values), default=0.0)
    found: dict[str, Tick] = {}
    for value in values:
        label = _label(value, step, largest, counts)
        found.setdefault(label, Tick(value, label))
    return tuple(found.values())


def short(value: float) -> str:
    """Write a value in at most nine characters, steadily in as many: `0.983`, `12.30`, `1.2e-5`."""
    size = abs(value)
    if not math.isfinite(value) or size == 0:
        return f"{value:g}"
    if size < 1e-3 or size >= 1e5:
        return _scientific(value, 1)
    return f"{value:.{3 - math.floor(math.log10(max(size, 1)))}f}" if size < 1e3 else f"{value:.0f}"


def _multiples(axis: Axis, most: int, counts: bool) -> tuple[list[float], float]:
    """Return multiples of a round step, and the step."""
    step = nice_step(axis.high - axis.low, most)
    if counts:
        step = max(step, 1.0)
    while math.floor(axis.high / step) - math.ceil(axis.low / step) >= most:
        step = nice_step(step * 1.5, 1)
    # The slack takes in an end that is a multiple but for rounding; the filter keeps ticks within the axis.
    first, last = math.ceil(axis.low / step - 1e-9), math.floor(axis.high / step + 1e-9)
    values = [multiple(k, step) for k in range(first, last + 1)]
    return [value for value in values if axis.low <= value <= axis.high][:most], step


def _decades(axis: Axis, most: int, counts: bool) -> tuple[list[float], float]:
    """Return whole decades, or else 1-2-5 values, or else even steps: the first that gives two ticks."""
    first, last = math.ceil(math.log10(axis.low) - 1e-9), math.floor(math.log10(axis.high) + 1e-9)
    low = max(axis.low, 1.0) if counts else axis.low
    stride = max(1, round(nice_step(last - first + 1, most))) if last > first else 1
    powers = list(range(math.ceil(first / stride) * stride, last + 1, stride))
    whole = [10.0**k for k in (powers if len(powers) > 1 else sorted({first, last}))]
    fine = [factor * 10.0**k for k in range(first - 1, last + 1) for factor in (1, 2, 5)]
    whole, fine = ([value for value in values if low <= value <= axis.high] for values in (whole, fine))
    if len(whole) >= 2 or most < 2:
        return whole[:most], 0.0
    if 2 <= len(fine) <= most:
        return fine, 0.0
    return _multiples(Axis(axis.low, axis.high), most, counts)


def _label(value: float, step: float, largest: float, counts: bool) -> str:
    if value == 0:
        return "0" if counts or largest >= 1e4 or step < 1e-4 else f"{0:.{_decimals(step)}f}"
    if step == 0 and not counts:  # decades
        return f"{value:g}" if 1e-2 <= value < 1e4 else _scientific(value, 0)
    if counts or 1e4 <= largest < 1e12:
        return _suffixed(value)
    if largest >= 1e12 or largest < 1e-2:
        return _scientific(
            value, math.floor(math.log10(abs(value)) + 1e-9) - math.floor(math.log10(step) + 1e-9)
        )
    return f"{value:.{_decimals(step)}f}"


def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step else 0


def _suffixed(value: float) -> str:
    for unit, suffix in _SUFFIXES:
        if unit <= abs(value) < unit * 1e4:
            return f"{value / unit:.12g}{suffix}"
    return f"{value:.12g}" if abs(value) < 1e3 else _scientific(value, 3)


def _scientific(value: float, decimals: int) -> str:
    mantissa, exponent = f"{value:.{max(decimals, 0)}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"
