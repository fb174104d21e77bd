"""A comparison over the course of training: both of its sides as curves, and the steps that it speaks of.

What a claim says of the end, of an extreme or of a step is then seen where it happens: `end(a.x) < 2` is the
curve of `a.x` beside a line at 2, `at(100, a.x)` has a mark at step 100, and `first_step(a.grok) < 500` is
the curve in which that event is seen, with marks at the step it came and at 500.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from grok_tui.catalog.events import LEVELS
from grok_tui.claims.condition import Condition
from grok_tui.claims.evaluate import Curves, value_of
from grok_tui.claims.functions import Floats
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

STEPS = {"first_step": "first", "last_step": "last"}
"""The functions whose values are steps, and how those are called."""

VALUES = ("start", "end", "min", "max", "mean", "median")
"""The functions whose values are on the axis of the curve that they are taken of."""


class Track(NamedTuple):
    """One thing to draw: a curve, or a number that is a line across.

    Attributes:
        text: what it is, as the claim has it.
        right: whether it stands to the right of the comparison.
        arms: those that it reads, in order.
        steps: of a curve, [n]; empty for a number.
        values: of a curve, [n]; of a number, [1].
    """

    text: str
    right: bool
    arms: tuple[str, ...]
    steps: Floats
    values: Floats

    @property
    def is_number(self) -> bool:
        """Whether it is a line across."""
        return not len(self.steps) and len(self.values) == 1


class Point(NamedTuple):
    """A step that a comparison speaks of."""

    step: float
    label: str


@dataclass(frozen=True)
class ComparisonCourse:
    """A comparison as it went: what to draw, and the steps to mark."""

    text: str
    tracks: tuple[Track, ...]
    points: tuple[Point, ...]


def courses(condition: Condition, curves: Curves) -> list[ComparisonCourse]:
    """Return how each comparison of a condition went in one replica, in source order."""
    with np.errstate(all="ignore"):
        return [_Collector(curves).of(part) for part in _comparisons(condition.root)]


def _comparisons(node: Truth) -> Iterator[Compare | Throughout]:
    match node:
        case Logic():
            for part in node.parts:
                yield from _comparisons(part)
        case Not():
            yield from _comparisons(node.part)
        case _:
            yield node


class _Collector:
    """Collects what a comparison is about."""

    def __init__(self, curves: Curves) -> None:
        self._curves = curves
        self._tracks: dict[str, Track] = {}
        self._points: dict[tuple[float, str], Point] = {}

    def of(self, node: Compare | Throughout) -> ComparisonCourse:
        self._truth(node)
        return ComparisonCourse(node.text, tuple(self._tracks.values()), tuple(self._points.values()))

    def _truth(self, node: Truth | Event) -> None:
        match node:
            case Compare():
                self._compare(node)
            case Throughout():
                self._truth(node.of)
            case Not():
                self._truth(node.part)
            case Logic():
                for part in node.parts:
                    self._truth(part)
            case Event():
                self._event(node)

    def _compare(self, node: Compare) -> None:
        sides = (node.right.low, node.right.high) if isinstance(node.right, Interval) else (node.right,)
        every = [one for side in (node.left, *sides) for one in _inside(side)]
        taken = [one for side in (node.left, *sides) for one in _inside(_over_time(side))]
        occurrences = [one for one in taken if isinstance(one, Occurrence)]
        for side in (node.left, *sides):
            self._mark(side)
        for one in occurrences:
            self._truth(one.of)
        if any(one.function in STEPS for one in occurrences):
            names = ("from", "to") if len(sides) == 2 else (node.operator,)
            for side, name in zip(sides, names, strict=True):
                if isinstance(side, Literal):
                    self._point(side.value, name)
        elif not occurrences:
            on_axis = all(one.function in VALUES for one in every if isinstance(one, Summary))
            for side in (node.left, *sides):
                if on_axis or _over_time(side).varies:
                    self._draw(side, right=side is not node.left)

    def _draw(self, side: Quantity, *, right: bool = False) -> None:
        """Draw a side as the curve of which it takes a value, or as a line across."""
        course, text = _over_time(side), side.text
        if isinstance(side, Summary | At):
            text = side.curve.text
        value = value_of(course, self._curves)
        arms = tuple(
            dict.fromkeys(one.arm for one in _inside(course) if isinstance(one, Measure | EventNumber))
        )
        steps = np.empty(0) if value.timeline is None else value.timeline.steps.astype(np.float64)
        self._tracks.setdefault(text, Track(text, right, arms, steps, np.atleast_1d(value.values)))

    def _event(self, event: Event) -> None:
        """Draw the curve in which an event is seen, the level that it has to come to, and the event."""
        measure, level = LEVELS[event.name]
        self._draw(Measure(event.arm, measure, f"{event.arm}.{measure}"))
        if level is not None:
            self._draw(Literal(level, f"{level:g}"), right=True)
        for step in np.sort(self._curves.events(event.arm, event.name)).tolist():
            self._point(step, f"{event.name} {event.arm}")

    def _mark(self, side: Quantity) -> None:
        """Mark the steps that a side speaks of."""
        for one in _inside(side):
            match one:
                case At():
                    self._mark_step(one.step, "at")
                case Summary():
                    for bound, name in zip(one.window, ("from", "to"), strict=False):
                        self._mark_step(bound, name)
                case Occurrence() if one.function in STEPS and not isinstance(one.of, Event):
                    self._mark_step(one, STEPS[one.function])

    def _mark_step(self, step: Quantity, name: str) -> None:
        number = value_of(step, self._curves).number
        if number is not None:
            self._point(number, name)

    def _point(self, step: float, label: str) -> None:
        self._points.setdefault((step, label), Point(step, label))


def _over_time(node: Quantity) -> Quantity:
    """Return a quantity with the curves in the place of the values that are taken of them."""
    match node:
        case Summary() | At():
            return _over_time(node.curve)
        case OverReplicas():
            return _over_time(node.of)
        case Elementwise():
            return replace(node, operands=tuple(map(_over_time, node.operands)))
        case _:
            return node


def _inside(node: Quantity) -> Iterator[Quantity]:
    """Yield a quantity and all those that it is made of, but not what its conditions compare."""
    yield node
    match node:
        case Summary():
            parts: tuple[Quantity, ...] = (node.curve, *node.window)
        case At():
            parts = (node.step, node.curve)
        case OverReplicas():
            parts = (node.of,)
        case Elementwise():
            parts = node.operands
        case Gain():
            parts = (node.curve, node.after)
        case _:
            parts = ()
    for part in parts:
        yield from _inside(part)
