"""As few points as a chart can show, with no spike lost.

Everything here works on positions along the axes (`Axis.units`: 0 at the low end, 1 at the high end, NaN for
a value that is not finite or has no place on a log axis), and so serves linear and logarithmic axes alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grok_tui.charts.axis import to_dots
from grok_tui.charts.model import Floats


def in_order(u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Return the points sorted by `u`; a point without a place on the x axis becomes a gap where it stood.

    u, v: [n]; both results [n], `u` without NaN and not decreasing.
    """
    placed = np.isfinite(u)
    if not placed.all():
        before = np.maximum.accumulate(np.where(placed, np.arange(u.size), -1))
        v = np.where(placed, v, np.nan)[before >= 0]
        u = u[before[before >= 0]]
    if np.any(u[1:] < u[:-1]):
        order = np.argsort(u, kind="stable")
        u, v = u[order], v[order]
    return u, v


def crop(u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Keep what lies between 0 and 1, and the crossings of these ends. u: not decreasing [n]; v: [n]."""
    first, last = int(np.searchsorted(u, 0.0, "left")), int(np.searchsorted(u, 1.0, "right"))
    if first == 0 and last == u.size:
        return u, v
    inside_u, inside_v = u[first:last], v[first:last]
    if 0 < first < u.size:
        inside_u = np.concatenate(([0.0], inside_u))
        inside_v = np.concatenate(([_between(u, v, first, 0.0)], inside_v))
    if 0 < last < u.size:
        inside_u = np.concatenate((inside_u, [1.0]))
        inside_v = np.concatenate((inside_v, [_between(u, v, last, 1.0)]))
    return inside_u, inside_v


def _between(u: Floats, v: Floats, right: int, at: float) -> float:
    """Interpolate between a point and the one before it; NaN when either is a gap."""
    share = (at - u[right - 1]) / (u[right] - u[right - 1])
    return float(v[right - 1] + (v[right] - v[right - 1]) * share)


def decimate(u: Floats, v: Floats, columns: int) -> tuple[Floats, Floats]:
    """Keep the lowest and the highest point of every column, and the first and the last of all.

    u: in [0, 1], not decreasing [n]; v: [n]. Returns at most 2 * columns + 2 of the points, in order, with a
    NaN in between wherever points that could not be drawn were left out between them.
    """
    good = np.flatnonzero(np.isfinite(v))
    if good.size == 0:
        return u[:0], v[:0]
    kept_u, kept_v = u[good], v[good]
    gaps = np.cumsum(np.diff(good, prepend=good[0]) > 1)  # how many gaps lie before each point
    starts, bucket = _buckets(kept_u, columns)
    kept = np.unique(
        np.concatenate(
            (
                [0, good.size - 1],
                _first_equal(kept_v, np.minimum.reduceat(kept_v, starts), bucket),
                _first_equal(kept_v, np.maximum.reduceat(kept_v, starts), bucket),
            )
        )
    )
    kept_u, kept_v, gaps = kept_u[kept], kept_v[kept], gaps[kept]
    broken = np.flatnonzero(np.diff(gaps) > 0) + 1
    return np.insert(kept_u, broken, kept_u[broken]), np.insert(kept_v, broken, np.nan)


def _buckets(u: Floats, columns: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each non-empty column starts, and for each point which of these it belongs to."""
    column = np.minimum((u * columns).astype(np.intp), columns - 1)
    new = np.diff(column, prepend=-1) > 0
    return np.flatnonzero(new), np.cumsum(new) - 1


def _first_equal(v: Floats, wanted: Floats, bucket: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return, for each bucket, the first point whose value is the wanted one."""
    hits = np.flatnonzero(v == wanted[bucket])
    return hits[np.unique(bucket[hits], return_index=True)[1]]


def band(u: Floats, low: Floats, high: Floats, dots: int) -> tuple[Floats, Floats]:
    """Return the lowest `low` and the highest `high` at each of `dots` places along the x axis [dots].

    Places between points are interpolated; places before, after and between points with a gap hold NaN.
    u: in [0, 1], not decreasing [n]; low, high: [n].
    """
    bottom, top = np.full(dots, np.nan), np.full(dots, np.nan)
    good = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    if good.size == 0:
        return bottom, top
    at = to_dots(u[good], dots)
    starts = np.flatnonzero(np.diff(at, prepend=-1))
    filled = at[starts]
    places = np.arange(dots)
    broken = np.diff(good, prepend=good[0])[starts] > 1
    hidden = broken[np.minimum(np.searchsorted(filled, places, "left"), filled.size - 1)]
    hidden[filled] = False
    for target, found in (
        (bottom, np.minimum.reduceat(low[good], starts)),
        (top, np.maximum.reduceat(high[good], starts)),
    ):
        target[:] = np.where(hidden, np.nan, np.interp(places, filled, found, left=np.nan, right=np.nan))
    return bottom, top
