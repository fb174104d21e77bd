"""The charts of what an arm recorded besides measures: its weights by role, its pairs, its margins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grok_tui.charts.model import Bars, Cells, Chart, Heatmap, LineChart, Role, Series
from grok_tui.frontend.chart_builder import ArmLook, ChartBuilder
from grok_tui.frontend.curves import evenly, places_of
from grok_tui.frontend.margin_histogram import NO_MARGINS, margins_chart

if TYPE_CHECKING:
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.frontend.charts_of_runs import Extra

NO_COORDINATES = "this task marks no coordinates"
# The kinds of a pair in the order of `grok_tui.lab.measures.grid.PairState`.
KNOWN = (
    ("wrong", "axis"),
    ("right", "generalizer"),
    ("trained", "memorizer"),
    ("trained, wrong", "series-5"),
)


def weights(builder: ChartBuilder) -> Chart:
    """Return the coordinates of the selected arm in the way that the view names."""
    heading = builder.title
    if builder.chosen is None or not builder.chosen[0].generalizes:
        return LineChart(heading, empty=NO_COORDINATES)
    if builder.view.weights == "trajectories":
        return _trajectories(builder)
    arm, _ = builder.chosen
    if arm.coordinates is None:
        return LineChart(heading, empty="not recorded")
    steps, values = arm.coordinates.table()
    end = min((step for step in (builder.view.end, builder.view.cursor) if step is not None), default=None)
    if end is not None:
        kept = max(1, int(np.searchsorted(steps, end, "right")))
        steps, values = steps[:kept], values[:kept]
    if builder.view.weights == "heatmap":
        return _heatmap(builder, f"{heading} of {arm.name}", arm, steps, values)
    return Bars(
        f"{heading} of {arm.name}",
        values[-1].astype(np.float64),
        labels=arm.labels,
        roles=tuple(_role(general) for general in arm.generalizes),
        y_label=f"step {steps[-1]}",
    )


def _trajectories(builder: ChartBuilder) -> LineChart:
    """Return the generalizers of all arms, and the memorizers of the selected arm as a band."""
    assert builder.chosen is not None
    arm, _ = builder.chosen
    series: list[Series] = []
    for other, look in builder.others:
        series += builder.series(other.name, other, "generalizer_mean", look, legend="if room")
    both: tuple[Extra, ...] = (
        ("memorizers", "memorizer_mean", "dashed"),
        ("generalizer", "generalizer_mean", "solid"),
    )
    for label, measure, line in both:
        look = ArmLook(label.removesuffix("s"), "")
        series += builder.series(label, arm, measure, look, line=line, marker="", band=True)
    return builder.chart(series)


def _heatmap(
    builder: ChartBuilder, heading: str, arm: ArmStatus, steps: NDArray[np.int64], values: NDArray[np.float32]
) -> Heatmap:
    """Return the coordinates over time, generalizers on top."""
    first, last = np.searchsorted(steps, builder.window)
    shown = np.arange(len(steps))[max(0, first - 1) : last + 1]
    shown = shown[evenly(places_of(steps[shown], log=builder.view.log_x), builder.columns)]
    order = np.argsort(~np.array(arm.generalizes), kind="stable")
    labels = tuple(arm.labels[i] for i in order) if arm.labels else ()
    return Heatmap(
        heading,
        values[shown][:, order].T.astype(np.float64),
        steps[shown].astype(np.float64),
        labels=labels,
        log_x=builder.view.log_x,
    )


def pairs(builder: ChartBuilder) -> Cells:
    """Return what the selected arm has learnt of its table, as of its last record."""
    grid = builder.chosen[0].grid if builder.chosen is not None else None
    if builder.chosen is None or grid is None:
        return Cells(builder.title, np.empty((0, 0), dtype=np.int8), KNOWN)
    return Cells(f"Pairs of {builder.chosen[0].name}", grid, KNOWN, note="x down, y across")


def margins(builder: ChartBuilder) -> Bars:
    """Return by how much the selected arm is right, as of its last record."""
    if builder.chosen is None:
        return Bars(builder.title, np.empty(0), empty=NO_MARGINS)
    arm, _ = builder.chosen
    return margins_chart(arm, builder.columns, hinge=arm.name in builder.hinged)


def _role(generalizes: bool) -> Role:
    return "generalizer" if generalizes else "memorizer"
