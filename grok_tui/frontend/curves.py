"""A measure of an arm as a curve with a band, thinned to what can be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.record.history import History

Floats = NDArray[np.float64]

# What spans the band of a measure, where it is not the replicas.
ENVELOPES = {
    "train_loss": ("step_loss_min", "step_loss_max"),
    "update_size_max": ("update_size_min", "update_size_max"),
    "memorizer_mean": ("memorizer_min", "memorizer_max"),
}
POINTS_PER_COLUMN = 16  # below it nothing is thinned: drawing does it as well, and elsewhere


class Curve(NamedTuple):
    """A measure of one arm: the median over replicas, and a band around it or none; all [n]."""

    steps: Floats
    middle: Floats
    low: Floats | None
    high: Floats | None


def curve_of(arm: ArmStatus, measure: str) -> Curve | None:
    """Return a measure of an arm over its recorded steps, or None where the arm has no such measure.

    The band is the envelope of all steps where there is one, and else spans the replicas.
    """
    if measure in arm.looked_back.names:
        return _with_band(arm.looked_back.steps.astype(np.float64), arm.looked_back.values(measure))
    if measure not in arm.history.names:
        return None
    low, high = ENVELOPES.get(measure, (measure, measure))
    steps, (values, lows, highs) = _together(arm.history, (measure, low, high))
    if low == high:
        return _with_band(steps, values)
    middle = _middle(values)
    return Curve(steps, middle, _over_replicas(np.fmin, lows, middle), _over_replicas(np.fmax, highs, middle))


def _with_band(steps: Floats, values: Floats) -> Curve:
    """Return a measure [n, R] with a band that spans the replicas, where there are several."""
    middle = _middle(values)
    if values.shape[1] == 1:
        return Curve(steps, middle, None, None)
    low, high = (_over_replicas(fold, values, middle) for fold in (np.fmin, np.fmax))
    return Curve(steps, middle, low, high)


def _middle(values: Floats) -> Floats:
    """Return the median over replicas of a measure [n, R]: [n]."""
    middle: Floats = values[:, 0] if values.shape[1] == 1 else np.median(values, axis=1)
    return middle


def _together(history: History, measures: Sequence[str]) -> tuple[Floats, list[Floats]]:
    """Return the recorded steps [n] and several measures at them [n, R], while another thread appends."""
    while True:
        curves = [history.curve(measure) for measure in measures]
        count = min(len(steps) for steps, _ in curves)
        steps = curves[0][0][:count]
        # When the history has made room in between, the rows of two curves are not those of the same steps.
        if all(np.array_equal(steps, others[:count]) for others, _ in curves[1:]):
            return steps.astype(np.float64), [values[:count] for _, values in curves]


def _over_replicas(fold: np.ufunc, side: Floats, middle: Floats) -> Floats:
    """Fold one side of an envelope [n, R] over the replicas, with the curve itself inside."""
    folded: Floats = fold(fold.reduce(side, axis=1), middle)
    return folded


def stretch(curve: Curve, first: float, last: float | None) -> Curve:
    """Return the part of a curve from one step to another, both included."""
    steps, *sides = curve
    start = int(np.searchsorted(steps, first))
    stop = len(steps) if last is None else int(np.searchsorted(steps, last, "right"))
    middle, low, high = (None if side is None else side[start:stop] for side in sides)
    assert middle is not None
    return Curve(steps[start:stop], middle, low, high)


def thinned(curve: Curve, window: tuple[float, float], columns: int, *, log_x: bool) -> Curve:
    """Keep the extremes of every column of a chart, and what lies in the window."""
    steps, *bands = curve
    first = max(0, int(np.searchsorted(steps, window[0])) - 1)
    last = int(np.searchsorted(steps, window[1], "right")) + 1
    steps = steps[first:last]
    bands = [None if side is None else side[first:last] for side in bands]
    kept = extremes(steps, [side for side in bands if side is not None], columns, log_x)
    middle, low, high = (None if side is None else side[kept] for side in bands)
    assert middle is not None
    return Curve(steps[kept], middle, low, high)


def places_of(steps: NDArray[np.int64], *, log: bool) -> Floats:
    """Return where steps lie along the axis, in any unit."""
    places: Floats = np.log10(np.maximum(steps, 1)) if log else steps.astype(np.float64)
    return places


def evenly(places: Floats, columns: int) -> NDArray[np.intp]:
    """Return the indices of the last of the ascending places in each of `2 * columns` equal stretches."""
    if len(places) <= 2 * columns:
        return np.arange(len(places))
    edges = np.linspace(places[0], places[-1], 2 * columns + 1)[1:]
    return np.unique(np.searchsorted(places, edges, "right") - 1)


def extremes(steps: Floats, sides: Sequence[Floats], columns: int, log: bool) -> NDArray[np.intp]:
    """Return the indices of the first, the last, the lowest and the highest points in each column.

    Args:
        steps: ascending [n].
        sides: curves over the steps [n] each; NaN is never lowest or highest.
        columns: the width of the chart.
        log: whether columns are even on a logarithmic axis.
    """
    count = len(steps)
    if count <= POINTS_PER_COLUMN * columns:
        return np.arange(count)
    places = places_of(steps.astype(np.int64), log=log)
    column = ((places - places[0]) / (places[-1] - places[0]) * columns).astype(np.intp)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    ends = np.append(starts[1:], count)
    kept = [starts, ends - 1]
    for side in sides:
        for fill, find in ((np.inf, np.minimum), (-np.inf, np.maximum)):
            filled = np.where(np.isnan(side), fill, side)
            best = np.repeat(find.reduceat(filled, starts), ends - starts)
            hits = np.flatnonzero(filled == best)
            bucket = np.searchsorted(starts, hits, "right")
            kept.append(hits[np.unique(bucket, return_index=True)[1]])
    return np.unique(np.concatenate(kept))
