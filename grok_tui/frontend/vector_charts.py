"""The charts of measures that have axes: lines or bars along the axis now, or a heatmap over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grok_tui.charts.model import Bars, Chart, Heatmap, LineChart, Series
from grok_tui.frontend.curves import evenly, places_of
from grok_tui.numbers import grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grok_tui.charts.model import Floats, Legend
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.record.vectors import VectorHistory
    from grok_tui.frontend.chart_builder import ArmLook, ChartBuilder


def vector(builder: ChartBuilder) -> Chart:
    """Return a measure along its axis at the step that is looked at, in the way that the view names.

    The median of the replicas is shown, lines have a band from the least to the largest. A matrix is a table
    of its two axes.
    """
    if builder.chosen is None or builder.measure not in builder.chosen[0].vectors:
        return LineChart(builder.title, empty="not recorded")
    arm, look = builder.chosen
    record = arm.vectors[builder.measure]
    steps, values = until_now(builder, record)
    heading = f"{builder.title} of {arm.name}"
    if len(record.axes) != 1:
        return _matrix(heading, record, steps, values)
    (axis,) = record.axes
    if builder.view.weights == "heatmap":
        return over_time(builder, heading, steps, np.median(values, axis=1), axis.names)
    if builder.view.weights == "bars":
        middle = np.median(values[-1], axis=0).astype(np.float64)
        return Bars(heading, middle, labels=axis.names, y_label=f"step {grouped(steps[-1])}")
    series = [_line(builder, other, style, "if room") for other, style in builder.others]
    series.append(_line(builder, arm, look, "always"))
    log_y = builder.log_y
    return LineChart(
        f"{builder.title} by {axis.name}, step {grouped(steps[-1])}",
        tuple(line for line in series if line is not None),
        log_y=log_y,
        x_range=(float(axis.places.min()), float(axis.places.max())) if axis.size > 1 else None,
        x_label=axis.name,
        y_label="log" if log_y else "",
    )


def until_now(builder: ChartBuilder, record: VectorHistory) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the rows up to the step that is looked at, at least one."""
    steps, values = record.table()
    end = min((step for step in (builder.view.end, builder.view.cursor) if step is not None), default=None)
    kept = len(steps) if end is None else max(1, int(np.searchsorted(steps, end, "right")))
    return steps[:kept], values[:kept]


def over_time(
    builder: ChartBuilder,
    heading: str,
    steps: NDArray[np.int64],
    values: NDArray[np.float32],
    labels: Sequence[str],
) -> Heatmap:
    """Return rows [n, A] over time, as many as have room, the first place of the axis on top."""
    first, last = np.searchsorted(steps, builder.window)
    shown = np.arange(len(steps))[max(0, first - 1) : last + 1]
    shown = shown[evenly(places_of(steps[shown], log=builder.view.log_x), builder.columns)]
    return Heatmap(
        heading,
        values[shown].T.astype(np.float64),
        steps[shown].astype(np.float64),
        labels=tuple(labels),
        log_x=builder.view.log_x,
    )


def _line(builder: ChartBuilder, arm: ArmStatus, look: ArmLook, legend: Legend) -> Series | None:
    record = arm.vectors.get(builder.measure)
    if record is None or len(record.axes) != 1:
        return None
    _, values = until_now(builder, record)
    now: Floats = values[-1].astype(np.float64)
    low, high = (now.min(0), now.max(0)) if len(now) > 1 and legend == "always" else (None, None)
    sign = look.marker if builder.others else ""
    return Series(
        arm.name, record.axes[0].places, np.median(now, axis=0), low, high, look.color, "solid", sign, legend
    )


def _matrix(
    heading: str, record: VectorHistory, steps: NDArray[np.int64], values: NDArray[np.float32]
) -> Heatmap:
    """Return the latest matrix, its first axis down and its second across; of more axes, the first two."""
    now = np.median(values[-1], axis=0).astype(np.float64)
    down, across = record.axes[:2]
    table = now.reshape(down.size, across.size, -1)[..., 0]
    return Heatmap(
        f"{heading}, step {grouped(steps[-1])}",
        table,
        np.arange(1.0, across.size + 1),
        labels=down.names,
        x_label=across.name,
    )
