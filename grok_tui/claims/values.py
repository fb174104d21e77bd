"""Values of quantities: numbers and curves with NaN for what is missing, aligned on their common steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grok_tui.claims.functions import ELEMENTWISE, SUMMARIES, Floats

Steps = NDArray[np.int64]


@dataclass(frozen=True)
class Value:
    """A number (`values` is 0-d, `steps` None) or a curve (`values: [n]` at `steps: [n]`)."""

    values: Floats
    steps: Steps | None = None
    missing: str = ""  # why a value is NaN, in a word or two

    @classmethod
    def of(cls, number: float) -> Value:
        """Make a number."""
        return cls(np.asarray(number, dtype=np.float64))

    @classmethod
    def absent(cls, why: str) -> Value:
        """Make a number that is missing."""
        return cls(np.asarray(np.nan), missing=why)

    @property
    def number(self) -> float | None:
        """The number, None where it is missing."""
        return None if np.isnan(self.values) else float(self.values)

    def __str__(self) -> str:
        """Show a number to five significant digits, steps and counts in full."""
        number = self.number
        if number is None:
            return self.missing
        return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:.5g}"


def align(values: Sequence[Value]) -> tuple[Steps | None, list[Floats]]:
    """Return the steps that all curves have in common (None if all are numbers) and the values there."""
    steps = next((value.steps for value in values if value.steps is not None), None)
    if steps is None:
        return None, [value.values for value in values]
    for value in values:
        if value.steps is not None and not np.array_equal(value.steps, steps):
            steps = np.intersect1d(steps, value.steps, assume_unique=True)
    arrays = [
        value.values if value.steps is None else value.values[np.searchsorted(value.steps, steps)]
        for value in values
    ]
    return steps, arrays


def elementwise(function: str, operands: Sequence[Value]) -> Value:
    """Apply a function; what is undefined, overflows or has a missing operand is missing."""
    steps, arrays = align(operands)
    values = np.asarray(ELEMENTWISE[function](*arrays), dtype=np.float64)
    # numpy says nan ** 0 = 1 and 1 / inf = 0; nothing may come back from missing.
    known = np.isfinite(values)
    for array in arrays:
        known = known & np.isfinite(array)
    missing = next((operand.missing for operand in operands if np.isnan(operand.values).any()), "undefined")
    return Value(np.where(known, values, np.nan), steps, missing)


def summary(function: str, curve: Value, window: Sequence[Value]) -> Value:
    """Summarize a curve between the steps `window` (from and to, each optional), inclusive."""
    steps, values = _recorded(curve)
    for bound in window:
        if bound.number is None:
            return bound
    if not steps.size:
        return Value.absent("not recorded")
    bounds = [float(bound.values) for bound in window]
    first, last = (bounds + [-np.inf, np.inf][len(bounds) :])[:2]
    if len(bounds) == 2 and last > steps[-1]:
        return _beyond(steps)
    inside = values[(steps >= first) & (steps <= last)]
    if not inside.size:
        return Value.absent("not recorded")
    result = np.asarray(SUMMARIES[function](inside), dtype=np.float64)
    if np.isfinite(result):
        return Value(result)
    return Value.absent(curve.missing if np.isnan(inside).any() else "undefined")


def at(step: Value, curve: Value) -> Value:
    """Return the value at the last recorded step that is not after `step`."""
    steps, values = _recorded(curve)
    if step.number is None:
        return step
    if not steps.size:
        return Value.absent("not recorded")
    if step.number > steps[-1]:
        return _beyond(steps)
    index = int(np.searchsorted(steps, step.number, side="right")) - 1
    if index < 0:
        return Value.absent(f"not recorded before step {steps[0]}")
    return Value(values[index], missing=curve.missing)


def _recorded(curve: Value) -> tuple[Steps, Floats]:
    assert curve.steps is not None, "the parser lets only curves come here"
    return curve.steps, curve.values


def _beyond(steps: Steps) -> Value:
    return Value.absent(f"not recorded after step {steps[-1]}")
