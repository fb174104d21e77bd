"""Evaluates the tree of a claim on the recorded curves of one replica."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, assert_never

import numpy as np

from grok_tui.claims.functions import COMPARISONS, COMPLEMENTS, MARGINS, Floats
from grok_tui.claims.judgement import Comparison, Judgement
from grok_tui.claims.tree import (
    At,
    Compare,
    Elementwise,
    Event,
    EventNumber,
    Gain,
    Interval,
    Literal,
    Logic,
    Measure,
    Not,
    Occurrence,
    OverReplicas,
    Quantity,
    Summary,
    Throughout,
    Truth,
)
from grok_tui.claims.values import (
    NEVER,
    NOT_RECORDED,
    Steps,
    Timeline,
    Value,
    align,
    at,
    broken_off,
    elementwise,
    gain,
    median_of,
    summary,
)

# Kleene's truth values in their order, so that `and` is the minimum, `or` the maximum and `not` is 1 - x.
UNKNOWN, TRUE = 0.5, 1.0

BREAKDOWN = "divergence"
"""The event that ends an arm, and so is seen of one that was cut off."""

# The value of a curve that decides an inequality over all steps, for the curve on its left and on its right.
_EXTREMES = {"<": ("max", "min"), "<=": ("max", "min"), ">": ("min", "max"), ">=": ("min", "max")}


class Curve(NamedTuple):
    """A measure of one replica.

    Attributes:
        steps: at which it is known, strictly increasing, `[n]`.
        values: `[n]`; what is not finite counts as missing.
        nothing: what is said of it where there are no steps.
    """

    steps: Steps
    values: Floats
    nothing: str = NOT_RECORDED


class Curves(Protocol):
    """What one replica recorded."""

    def steps(self, arm: str) -> Steps:
        """Return the recorded steps of the arm, strictly increasing, `[n]`."""
        ...

    def curve(self, arm: str, measure: str) -> Curve:
        """Return a measure of the arm."""
        ...

    def cut_off(self, arm: str) -> bool:
        """Return whether the arm broke down before its last step, as one does that diverges."""
        ...

    def events(self, arm: str, event: str) -> Steps:
        """Return the steps at which the event was seen, in any order; empty if it was not."""
        ...

    def event_numbers(self, arm: str, event: str, number: str) -> tuple[Steps, Floats]:
        """Return those steps, strictly increasing, `[n]`, and a number that the event had there, `[n]`."""
        ...


def evaluate(root: Truth, replicas: Sequence[Curves], *, once: bool = False) -> tuple[Judgement, ...]:
    """Evaluate a truth that does not vary, listing its comparisons in source order.

    Args:
        root: the truth.
        replicas: what each replica recorded.
        once: judge in the first replica alone, as the others come out the same.
    """
    pool = _Pool(replicas)
    with np.errstate(all="ignore"):
        return tuple(_judgement(root, curves, pool) for curves in (replicas[:1] if once else replicas))


def value_of(node: Quantity, curves: Curves) -> Value:
    """Return the value of a quantity, a number or a curve, on what one replica recorded."""
    return _Evaluation(curves, _Pool([curves])).quantity(node)


def _judgement(root: Truth, curves: Curves, pool: _Pool) -> Judgement:
    level, comparisons = _Evaluation(curves, pool).judge(root, negated=False)
    return Judgement(_holds(level), tuple(comparisons))


class _Pool:
    """What is taken over all replicas, each computed once."""

    def __init__(self, replicas: Sequence[Curves]) -> None:
        self.replicas = replicas
        self.known: dict[OverReplicas, Value] = {}

    def median(self, node: OverReplicas) -> Value:
        if node not in self.known:
            self.known[node] = median_of([_Evaluation(one, self).quantity(node.of) for one in self.replicas])
        return self.known[node]


class _Side(NamedTuple):
    """One operand of a comparison: its text, its value, and whether the text alone says the value."""

    text: str
    value: Value
    literal: bool = False

    def __str__(self) -> str:
        return self.text if self.literal else f"{self.text} = {self.value}"


class _Evaluation:
    def __init__(self, curves: Curves, pool: _Pool) -> None:
        self.curves = curves
        self.pool = pool
        self.known: dict[Quantity, Value] = {}

    def judge(self, node: Truth, *, negated: bool) -> tuple[float, list[Comparison]]:
        """Return the truth value of a node that does not vary, or of its negation, and its comparisons."""
        match node:
            case Compare():
                level, comparison = self.compare(node, negated)
                return level, [comparison]
            case Throughout():
                level, comparison = self.throughout(node, negated)
                return level, [comparison]
            case Not():
                return self.judge(node.part, negated=not negated)
            case Logic():
                levels: list[float] = []
                comparisons: list[Comparison] = []
                for part in node.parts:
                    level, found = self.judge(part, negated=negated)
                    levels.append(level)
                    comparisons += found
                all_needed = (node.operator == "and") != negated  # De Morgan
                return (min(levels) if all_needed else max(levels)), comparisons
            case _:
                assert_never(node)

    def compare(self, node: Compare, negated: bool) -> tuple[float, Comparison]:
        operator = COMPLEMENTS[node.operator] if negated else node.operator
        operands = _operands(node)
        sides = [_Side(part.text, self.quantity(part), isinstance(part, Literal)) for part in operands]
        level = float(_compared(operator, [side.value.values for side in sides]))
        text = f"{node.left.text} {operator} {node.right.text}"
        return level, _comparison(text, operator, sides, level)

    def throughout(self, node: Throughout, negated: bool) -> tuple[float, Comparison]:
        """Judge `never` or `always`, or under `not` their negation."""
        never = node.quantifier == "never"
        if isinstance(node.of, Compare):
            needed = COMPLEMENTS[node.of.operator] if never else node.of.operator
            level, sides = self.nearest_approach(node.of, needed)
            operator = needed
        else:
            broken, what = self.times_broken(node.of, never)
            level = UNKNOWN if broken.number is None else float(broken.number == 0)
            operator, sides = "==", [_Side(what, broken), _Side("0", Value.of(0), literal=True)]
        if not negated:
            return level, _comparison(node.text, operator, sides, level)
        return 1 - level, _comparison(f"not {node.text}", COMPLEMENTS[operator], sides, 1 - level)

    def nearest_approach(self, node: Compare, needed: str) -> tuple[float, list[_Side]]:
        """Compare by `needed` at every step, and return the sides at the step that decides.

        That is the step where the margin is least or, where it stays unknown whether `needed` holds at every
        step, the first one where it is unknown.
        """
        operands = _operands(node)
        values = [self.quantity(part) for part in operands]
        timeline, arrays = align(values)
        assert timeline is not None, "the parser lets only conditions that vary come here"
        kept = _compared(needed, arrays)
        level = _at_every_step(kept)
        if not timeline.steps.size:
            decider = None
        elif level == UNKNOWN:
            decider = int(np.argmax(kept == UNKNOWN))
        else:
            decider = int(np.nanargmin(MARGINS[needed](*arrays)))
        sides = []
        for part, value, array in zip(operands, values, arrays, strict=True):
            if not part.varies:
                side = _Side(part.text, value, isinstance(part, Literal))
            elif decider is None:
                side = _Side(part.text, Value.absent(timeline.nothing))
            else:
                text = f"at({timeline.steps[decider]}, {part.text})"
                if level != UNKNOWN and needed in _EXTREMES and not (node.left.varies and node.right.varies):
                    text = f"{_EXTREMES[needed][part is not node.left]}({part.text})"
                side = _Side(text, Value(array[decider], missing=value.missing))
            sides.append(side)
        return level, sides

    def times_broken(self, of: Truth | Event, never: bool) -> tuple[Value, str]:
        """Count the sightings of an event, or the steps at which a condition is not as it should be."""
        if isinstance(of, Event):
            what = f"count({of.text})"
            seen = self.curves.events(of.arm, of.name).size  # one is enough, whatever came of the arm later
            return Value.of(seen) if seen else self.occurrence(Occurrence("count", of, what)), what
        condition = self.condition(of)
        assert condition.timeline is not None, "the parser lets only conditions that vary come here"
        broken = condition.values if never else 1 - condition.values
        what = f"count({of.text})" if never else f"count(not ({of.text}))"
        if not broken.size:
            return Value.absent(condition.timeline.nothing), what
        if _at_every_step(1 - broken) == UNKNOWN:
            first = condition.timeline.steps[np.argmax(broken == UNKNOWN)]
            return Value.absent(condition.timeline.unknown(first)), what
        return Value.of(int(np.count_nonzero(broken == TRUE))), what

    def condition(self, node: Truth) -> Value:
        """Return the truth value at each step: 0, 1/2 or 1."""
        match node:
            case Compare():
                timeline, arrays = align([self.quantity(part) for part in _operands(node)])
                return Value(_compared(node.operator, arrays), timeline)
            case Logic():
                timeline, arrays = align([self.condition(part) for part in node.parts])
                combine = np.minimum if node.operator == "and" else np.maximum
                levels, *others = (np.where(np.isnan(array), UNKNOWN, array) for array in arrays)
                for array in others:
                    levels = combine(levels, array)
                if timeline is not None and timeline.cut_off:
                    levels[-1] = UNKNOWN  # whatever is certain of a step, it is not known that there was one
                return Value(levels, timeline)
            case Not():
                part = self.condition(node.part)
                return Value(1 - part.values, part.timeline)
            case Throughout():
                return Value.of(self.throughout(node, negated=False)[0])
            case _:
                assert_never(node)

    def quantity(self, node: Quantity) -> Value:
        """Return the value of a node, computed once: nested chains would double the work at each level."""
        if node not in self.known:
            self.known[node] = self.compute(node)
        return self.known[node]

    def compute(self, node: Quantity) -> Value:
        match node:
            case Literal():
                return Value.of(node.value)
            case Measure():
                steps, values, nothing = self.curves.curve(node.arm, node.name)
                known = _finite(np.asarray(values, dtype=np.float64))
                curve = Value(known, Timeline(steps, nothing=nothing), "not finite")
                return self.as_far_as_seen(curve, node.arm)
            case EventNumber():
                return self.event_number(node)
            case Gain():
                seen = self.curves.events(node.event.arm, node.event.name)
                cut_off = self.curves.cut_off(node.event.arm)
                return gain(self.quantity(node.curve), seen, self.quantity(node.after), cut_off)
            case Elementwise():
                return elementwise(node.function, [self.quantity(operand) for operand in node.operands])
            case Summary():
                window = [self.quantity(bound) for bound in node.window]
                return summary(node.function, self.quantity(node.curve), window)
            case At():
                return at(self.quantity(node.step), self.quantity(node.curve))
            case Occurrence():
                return self.occurrence(node)
            case OverReplicas():
                return self.pool.median(node)
            case _:
                assert_never(node)

    def occurrence(self, node: Occurrence) -> Value:
        """Find the steps at which an event or a condition was seen; missing where unknown steps matter."""
        if isinstance(node.of, Event):
            timeline = Timeline(self.curves.steps(node.of.arm))
            if timeline.steps.size and self.curves.cut_off(node.of.arm) and node.of.name != BREAKDOWN:
                timeline = timeline.broken_off()
            seen = np.unique(self.curves.events(node.of.arm, node.of.name))
            unknown = timeline.steps[-1:] if timeline.cut_off else timeline.steps[:0]
        else:
            condition = self.condition(node.of)
            assert condition.timeline is not None, "the parser lets only conditions that vary come here"
            timeline = condition.timeline
            seen, unknown = (timeline.steps[condition.values == level] for level in (TRUE, UNKNOWN))
        if not timeline.steps.size:
            return Value.absent(timeline.nothing)
        if node.since is not None:
            since = self.quantity(node.since)
            if since.number is None:
                return Value.absent(since.missing)
            seen, unknown = seen[seen >= since.number], unknown[unknown >= since.number]
        if seen.size and node.function == "first_step":
            unknown = unknown[unknown < seen[0]]
        elif seen.size and node.function == "last_step":
            unknown = unknown[unknown > seen[-1]]
        if unknown.size:
            return Value.absent(timeline.unknown(int(unknown[0])))
        return _found(node.function, seen, timeline)

    def as_far_as_seen(self, curve: Value, arm: str) -> Value:
        """Return a recorded curve, with a step of which nothing is known if its arm was cut off."""
        assert curve.timeline is not None
        return broken_off(curve) if curve.timeline.steps.size and self.curves.cut_off(arm) else curve

    def event_number(self, node: EventNumber) -> Value:
        """Return the curve of a number that an event has; of an arm not recorded nothing was seen."""
        recorded = self.curves.steps(node.arm)
        if not recorded.size:
            return Value(np.empty(0), Timeline(recorded))
        steps, values = self.curves.event_numbers(node.arm, node.name, node.number)
        until = int(np.append(recorded[-1:], steps[-1:]).max())
        numbers = Value(_finite(values), Timeline(steps, until, NEVER, sightings=True), "not finite")
        return broken_off(numbers) if self.curves.cut_off(node.arm) else numbers


def _found(function: str, seen: Steps, timeline: Timeline) -> Value:
    """Return what a function says of the steps at which something was seen, all that matter being known."""
    if function == "count":
        return Value.of(seen.size)
    if function == "share":
        weights = timeline.weights()
        return Value.of(float(weights[np.isin(timeline.steps, seen)].sum() / weights.sum()))
    if not seen.size:
        return Value.absent(NEVER, timeline.until if function == "first_step" else None)
    return Value.of(float(seen[0] if function == "first_step" else seen[-1]))


def _operands(node: Compare) -> tuple[Quantity, ...]:
    if isinstance(node.right, Interval):
        return node.left, node.right.low, node.right.high
    return node.left, node.right


def _compared(operator: str, arrays: Sequence[Floats]) -> Floats:
    levels = np.asarray(COMPARISONS[operator](*arrays), dtype=np.float64)
    for array in arrays:
        levels = np.where(np.isnan(array), UNKNOWN, levels)
    return levels


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _at_every_step(levels: Floats) -> float:
    """Kleene's "for all"; of nothing recorded nothing is known."""
    return float(levels.min()) if levels.size else UNKNOWN


def _holds(level: float) -> bool | None:
    return None if level == UNKNOWN else level == TRUE


def _comparison(text: str, operator: str, sides: Sequence[_Side], level: float) -> Comparison:
    left, *others = sides
    numbers = [side.value.number for side in others]
    right: float | tuple[float, float] | None = numbers[0]
    right_shown = str(others[0])
    if len(others) == 2:
        low, high = numbers
        right = None if low is None or high is None else (low, high)
        right_shown = f"[{', '.join(side.text if side.literal else str(side.value) for side in others)}]"
    never = level == UNKNOWN and all(side.value.never for side in sides if side.value.number is None)
    return Comparison(text, left.value.number, operator, right, _holds(level), str(left), right_shown, never)
