"""The histogram of the margins of an arm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grok_tui.charts.axis import fit_axis
from grok_tui.charts.model import Bars, Mark
from grok_tui.numbers import grouped

if TYPE_CHECKING:
    from grok_tui.engine.arm.status import ArmStatus

MOST_BINS = 60
Y_AXIS = 6  # columns of a chart that its bars cannot have
NO_LOSS = 1.0  # the margin from which on hinge loss is 0
NO_MARGINS = "no margins"


def margins_chart(arm: ArmStatus, columns: int, *, hinge: bool) -> Bars:
    """Return how the margins of an arm's training samples are distributed, as of its last record.

    Args:
        arm: the arm; one without margins has an empty chart.
        columns: the width of the chart.
        hinge: whether its loss is 0 for margins above 1.
    """
    title = f"Margins of {arm.name}"
    if "margins" not in arm.vectors:
        return Bars(title, np.empty(0), empty=NO_MARGINS)
    steps, values = arm.vectors["margins"].table()
    found = values[-1, 0][np.isfinite(values[-1, 0])].astype(np.float64)
    if not len(found):
        return Bars(title, np.empty(0), empty=NO_MARGINS)
    marks = (Mark(NO_LOSS, "no loss"),) if hinge else ()
    counts, width, below = histogram(found, columns - Y_AXIS, up_to=NO_LOSS if hinge else 0.0)
    wrong = int((found < 0).sum())
    return Bars(
        title,
        counts.astype(np.float64),
        roles=tuple("wrong" if place < below else "other" for place in range(len(counts))),
        y_label=f"{grouped(wrong)} of {grouped(len(found))} wrong at step {grouped(steps[-1])}",
        bins=(-below * width, (len(counts) - below) * width),
        marks=marks,
    )


def histogram(
    values: NDArray[np.float64], columns: int, *, up_to: float
) -> tuple[NDArray[np.int64], float, int]:
    """Count values in equal bins that begin or end at 0 and fill about as many columns.

    Args:
        values: finite, at least one.
        columns: how many there are.
        up_to: a value that the bins reach in any case.

    Returns:
        The counts [n], n <= 60; the width of a bin; and how many bins lie below 0.
    """
    columns = max(columns, 4)
    bins = columns // math.ceil(columns / MOST_BINS)
    low, high = min(float(values.min()), 0.0), max(float(values.max()), up_to)
    axis = fit_axis((low, high), rounded=True)
    width = (axis.high - axis.low) / (bins - 1)  # one more is lost to a bin edge at 0
    below, above = math.ceil(-axis.low / width - 1e-9), math.ceil(axis.high / width - 1e-9)
    places = np.clip(np.floor(values / width), -below, above - 1).astype(np.int64)
    return np.bincount(places + below, minlength=below + above), width, below
