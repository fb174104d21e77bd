"""The charts of a claim: each of its comparisons over time, with its condition drawn in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from grok_tui.charts.model import LineChart, Mark, Series
from grok_tui.claims import courses
from grok_tui.engine.record.verdicts import RecordedArm, ReplicaCurves
from grok_tui.frontend.charts_of_runs import claim_place
from grok_tui.frontend.curves import Curve, stretch, thinned
from grok_tui.frontend.happenings import happenings
from grok_tui.numbers import grouped

if TYPE_CHECKING:
    from grok_tui.charts.model import Line
    from grok_tui.claims import Track
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.frontend.chart_builder import ChartBuilder

WIDE = 1000.0  # of the largest to the smallest value, from which they are on a logarithmic axis
LINES: tuple[Line, ...] = ("dashed", "dotted", "dashed", "dotted")
LONGEST_LABEL = 18  # cells, as many as a legend has
ROOM = 0.12  # of the range of values, above and below
CONDITION = "mark"
"""The colour of what a condition asks for."""


def comparison(builder: ChartBuilder) -> LineChart:
    """Return the chart of one comparison of a claim, in the first replica."""
    claim, part = claim_place(builder.name)
    arms, judged = {arm.name: arm for arm in builder.snapshot.arms}, builder.snapshot.claims
    condition = judged[claim].claim.condition if claim < len(judged) else None
    if condition is None or not condition.arms() <= set(arms):
        return LineChart("", empty="this run has no such claim")
    recorded = {arm.name: RecordedArm(arm.history, False, arm.looked_back) for arm in arms.values()}
    course = courses(condition, ReplicaCurves(recorded, 0))[part]
    series = [
        *_asked_for(course.tracks, builder),
        *(one for track in course.tracks for one in _series(track, builder, len(condition.arms()))),
    ]
    wanted = [Mark(point.step, f"{point.label} {grouped(round(point.step))}") for point in course.points]
    return LineChart(
        title=course.text,
        series=tuple(series),
        marks=(*wanted, *_done(condition.arms(), arms), *builder.cursor_marks()),
        log_x=builder.view.log_x,
        log_y=(log_y := _spread(course.tracks)),
        x_range=builder.window,
        y_range=None if log_y else _with_room(course.tracks),
    )


def _series(track: Track, builder: ChartBuilder, arms: int) -> Iterator[Series]:
    if track.is_number:
        return
    look = builder.looks[track.arms[0]] if len(track.arms) == 1 else None
    curve = Curve(track.steps, track.values, None, None)
    if builder.view.cursor is not None:
        curve = stretch(curve, 0, builder.view.cursor)
    curve = thinned(curve, builder.window, builder.columns, log_x=builder.view.log_x)
    color, marker = (look.color, look.marker if arms > 1 else "") if look is not None else ("text", "")
    yield Series(_label(track), curve.steps, curve.middle, color=color, line="solid", marker=marker)


def _asked_for(tracks: Sequence[Track], builder: ChartBuilder) -> Iterator[Series]:
    """Yield the numbers of a condition as lines across; of an interval both ends."""
    numbers = [float(track.values[0]) for track in tracks if track.is_number and np.isfinite(track.values[0])]
    across = np.array(builder.window)
    labels = ("from", "to") if len(numbers) == 2 else ("asked for",) * len(numbers)
    for number, label, line in zip(numbers, labels, LINES, strict=False):
        yield Series(label, across, np.full(2, number), color=CONDITION, line=line)


def _label(track: Track) -> str:
    """Return the name of a side in the legend; the title has what does not fit there."""
    if len(track.text) <= LONGEST_LABEL:
        return track.text
    return "right side" if track.right else "left side"


def _done(names: frozenset[str], arms: Mapping[str, ArmStatus]) -> Iterator[Mark]:
    """Yield what was done to the arms that a claim is about."""
    seen = set()
    for name in sorted(names):
        for step, label, kind in happenings(arms[name]):
            if kind == "intervention" and (step, label) not in seen:
                seen.add((step, label))
                yield Mark(step, label, kind)


def _with_room(tracks: Sequence[Track]) -> tuple[float, float] | None:
    """Return the range of all values with some room around, so that lines at its ends can be seen."""
    values = np.concatenate([track.values[np.isfinite(track.values)] for track in tracks] or [np.empty(0)])
    if not values.size or values.min() == values.max():
        return None
    low, high = float(values.min()), float(values.max())
    return low - ROOM * (high - low), high + ROOM * (high - low)


def _spread(tracks: Sequence[Track]) -> bool:
    """Whether what is drawn spans so much that it needs a logarithmic axis."""
    values = np.concatenate([track.values[np.isfinite(track.values)] for track in tracks] or [np.empty(0)])
    positive = values[values > 0]
    return bool(positive.size) and bool(values.min() >= 0) and float(positive.max() / positive.min()) > WIDE
