"""Values of quantities: numbers and curves with NaN for what is missing, aligned on their common steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grok_tui.claims.functions import ELEMENTWISE, SUMMARIES, Floats
from grok_tui.claims.survival import NOT_REACHED, median_time

Steps = NDArray[np.int64]

NOT_RECORDED = "not recorded"
NEVER = "never"


@dataclass(frozen=True)
class Timeline:
    """The steps of a curve, strictly increasing, `[n]`: those recorded, or those of an event."""

    steps: Steps
    seen_until: int | None = None  # of events: the last step at which one would have been seen
    nothing: str = NOT_RECORDED  # what is said of a time that holds none of the steps
    sightings: bool = False  # whether the steps are those of an event, each of which counts once
    cut_off: bool = (
        False  # whether the last step stands for all after the arm broke down: nothing is known there
    )

    @property
    def until(self) -> int:
        """The step after which nothing is known; there has to be one."""
        return int(self.steps[-1]) if self.seen_until is None else self.seen_until

    @property
    def known(self) -> Steps:
        """The steps at which the arm had not broken down."""
        return self.steps[:-1] if self.cut_off else self.steps

    def broken_off(self) -> Timeline:
        """Return the timeline of an arm that broke down after its last step."""
        last = max([self.until, *self.steps[-1:]])
        return replace(self, steps=np.append(self.steps, last + 1), cut_off=True)

    def unknown(self, step: int) -> str:
        """Return why nothing is known at one of its steps."""
        if self.cut_off and step == self.steps[-1]:
            return f"cut off after step {step - 1}"
        return f"unknown at step {step}"

    def weights(self, first: float = -np.inf) -> Floats:
        """Return for how many steps, from `first` on, each of these stands: `[n]`, 0 or less before `first`.

        A recorded step stands for those since the one before it, the first for itself. So what is summed up
        is spread evenly over the steps of training, which are not recorded evenly.
        """
        if self.sightings:
            return np.ones(len(self.steps))
        before = np.concatenate([self.steps[:1] - 1, self.steps[:-1]])
        return np.asarray(self.steps - np.maximum(before, np.ceil(first) - 1), dtype=np.float64)


@dataclass(frozen=True)
class Value:
    """A number (`values` is 0-d, `timeline` None) or a curve (`values: [n]` at the n steps of `timeline`)."""

    values: Floats
    timeline: Timeline | None = None
    missing: str = ""  # why a value is NaN, in a word or two
    beyond: float | None = None  # of a missing number that is known to be larger than this: it is censored
    note: str = ""  # what is shown beside the number

    @classmethod
    def of(cls, number: float) -> Value:
        """Make a number."""
        return cls(np.asarray(number, dtype=np.float64))

    @classmethod
    def absent(cls, why: str, beyond: float | None = None) -> Value:
        """Make a number that is missing; what did not come until some step is beyond it."""
        return cls(np.asarray(np.nan), missing=why, beyond=beyond)

    @property
    def never(self) -> bool:
        """Whether it is missing because something did not come to be, not because it was not seen."""
        return self.number is None and self.missing.startswith((NEVER, NOT_REACHED))

    @property
    def number(self) -> float | None:
        """The number, None where it is missing."""
        return None if np.isnan(self.values) else float(self.values)

    def __str__(self) -> str:
        """Show a number to five significant digits, steps and counts in full."""
        number = self.number
        if number is None:
            return self.missing
        text = f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:.5g}"
        return f"{text} {self.note}" if self.note else text


def align(values: Sequence[Value]) -> tuple[Timeline | None, list[Floats]]:
    """Return the timeline that all curves have in common (None if all are numbers) and the values there."""
    timelines = [value.timeline for value in values if value.timeline is not None]
    if not timelines:
        return None, [value.values for value in values]
    common = _common(timelines)
    return common, [_along(common, value) for value in values]


def _along(common: Timeline, value: Value) -> Floats:
    if value.timeline is None:
        return value.values
    values = value.values[np.searchsorted(value.timeline.steps, common.known)]
    return np.append(values, np.nan) if common.cut_off else values


def _common(timelines: Sequence[Timeline]) -> Timeline:
    steps = timelines[0].known
    for timeline in timelines[1:]:
        if not np.array_equal(timeline.known, steps):
            steps = np.intersect1d(steps, timeline.known, assume_unique=True)
    cuts = [timeline.steps[-1] for timeline in timelines if timeline.cut_off]
    if cuts:
        steps = np.append(steps, max(cuts))
    ends = [timeline.seen_until for timeline in timelines if timeline.seen_until is not None]
    to_blame = [timeline for timeline in timelines if not timeline.steps.size] or timelines
    reasons = {timeline.nothing for timeline in to_blame}
    return Timeline(
        steps,
        min(ends) if len(ends) == len(timelines) else None,
        reasons.pop() if len(reasons) == 1 else NOT_RECORDED,
        any(timeline.sightings for timeline in timelines),
        bool(cuts),
    )


def elementwise(function: str, operands: Sequence[Value]) -> Value:
    """Apply a function; what is undefined, overflows or has a missing operand is missing."""
    timeline, arrays = align(operands)
    values = np.asarray(ELEMENTWISE[function](*arrays), dtype=np.float64)
    # numpy says nan ** 0 = 1 and 1 / inf = 0; nothing may come back from missing.
    known = np.isfinite(values)
    for array in arrays:
        known = known & np.isfinite(array)
    missing = next((operand.missing for operand in operands if np.isnan(operand.values).any()), "undefined")
    return Value(np.where(known, values, np.nan), timeline, missing, _beyond_by(function, operands))


def _beyond_by(function: str, operands: Sequence[Value]) -> float | None:
    """Return what a result with a censored operand is known to be larger than; None where it is nothing.

    That is so of numbers, where the result grows with each censored operand.
    """
    if any(operand.timeline is not None for operand in operands):
        return None
    if all(operand.beyond is None for operand in operands):
        return None
    bounds = [operand.number if operand.beyond is None else operand.beyond for operand in operands]
    censored = [operand.beyond is not None for operand in operands]
    least = [bound for bound in bounds if bound is not None]
    if len(least) < len(bounds):
        return None
    grows = {
        "+": True,
        "-": not censored[-1],
        "*": min(least) > 0,
        "/": not censored[-1] and least[-1] > 0,
        "ratio": not censored[-1] and least[-1] > 0,
        "sqrt": True,
        "log10": True,
        "log": True,
        "exp": True,
    }
    bound = float(ELEMENTWISE[function](*least)) if grows.get(function, False) else np.nan
    return bound if np.isfinite(bound) else None


def median_of(numbers: Sequence[Value]) -> Value:
    """Return the median of numbers of which some may be censored; missing where another one is missing.

    It is missing too where it was not reached, as more than half are censored.
    """
    unknown = next((one for one in numbers if one.number is None and one.beyond is None), None)
    if unknown is not None:
        return Value.absent(unknown.missing)
    times = [one.beyond if one.number is None else one.number for one in numbers]
    found = median_time(
        [time for time in times if time is not None], [one.number is not None for one in numbers]
    )
    if found.value is None:
        return Value.absent(str(found))
    return Value(np.asarray(found.value), note=str(found))


def summary(function: str, curve: Value, window: Sequence[Value]) -> Value:
    """Summarize a curve between the steps `window` (from and to, each optional), inclusive."""
    timeline = _timeline(curve)
    for bound in window:
        if bound.number is None:
            return Value.absent(bound.missing)
    if not timeline.steps.size:
        return Value.absent(timeline.nothing)
    bounds = [float(bound.values) for bound in window]
    first, last = (bounds + [-np.inf, np.inf][len(bounds) :])[:2]
    if len(bounds) == 2 and last > timeline.until:
        return _beyond(timeline)
    within = (timeline.steps >= first) & (timeline.steps <= last)
    inside = curve.values[within]
    if not inside.size:
        return Value.absent(timeline.nothing)
    result = np.asarray(SUMMARIES[function](inside, timeline.weights(first)[within]), dtype=np.float64)
    if np.isfinite(result):
        return Value(result)
    return Value.absent(curve.missing if np.isnan(inside).any() else "undefined")


def at(step: Value, curve: Value) -> Value:
    """Return the value at the last step of the curve that is not after `step`."""
    timeline = _timeline(curve)
    if step.number is None:
        return Value.absent(step.missing)
    if not timeline.steps.size:
        return Value.absent(timeline.nothing)
    if step.number > timeline.until:
        return _beyond(timeline)
    index = int(np.searchsorted(timeline.steps, step.number, side="right")) - 1
    if index < 0:
        return Value.absent(f"{timeline.nothing} before step {timeline.steps[0]}")
    return Value(curve.values[index], missing=curve.missing)


def gain(curve: Value, seen: Steps, after: Value, cut_off: bool = False) -> Value:
    """Return by how much a curve grew from its last step before each event at s to its last by s + after.

    Events for which s + after is later than the curve's record are left out. A gain is missing where the
    curve has no step before the event, or none from the event until s + after: nothing was seen of it. Where
    the arm of the events or that of the curve was cut off, more of them may have been to come.
    """
    timeline, steps = _timeline(curve), np.unique(seen)
    if not timeline.steps.size:
        return Value(np.empty(0), timeline)
    whole = steps[steps + after.values <= timeline.until]  # none where `after` is missing
    left_out = after.missing if after.number is None else _beyond(timeline).missing
    nothing = left_out if steps.size and not whole.size else NEVER
    events = Timeline(whole, timeline.until, nothing, sightings=True)
    befores = np.searchsorted(timeline.steps, whole, side="left") - 1
    afters = np.searchsorted(timeline.steps, whole + after.values, side="right") - 1
    recorded = (befores >= 0) & (afters > befores)

    def end(indices: NDArray[np.intp]) -> Value:
        missing = curve.missing if recorded.all() else NOT_RECORDED
        return Value(np.where(recorded, curve.values[indices], np.nan), events, missing)

    gains = elementwise("-", [end(afters), end(befores)])
    return broken_off(gains) if cut_off or timeline.cut_off else gains


def broken_off(curve: Value) -> Value:
    """Return a curve with a step after its last, for all of which nothing is known, as the arm broke down."""
    timeline = _timeline(curve).broken_off()
    return Value(np.append(curve.values, np.nan), timeline, timeline.unknown(int(timeline.steps[-1])))


def _timeline(curve: Value) -> Timeline:
    assert curve.timeline is not None, "the parser lets only curves come here"
    return curve.timeline


def _beyond(timeline: Timeline) -> Value:
    return Value.absent(f"{NOT_RECORDED} after step {timeline.until}")
