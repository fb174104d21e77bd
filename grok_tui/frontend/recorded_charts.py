"""The charts of what an arm recorded besides measures: its weights by role, its pairs, its margins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from grok_tui.charts.model import Bars, Cells, Chart, LineChart, Role, Series
from grok_tui.charts.style import GENERALIZER, MEMORIZERS
from grok_tui.frontend.chart_builder import ArmLook, ChartBuilder
from grok_tui.frontend.margin_histogram import NO_MARGINS, margins_chart
from grok_tui.frontend.vector_charts import over_time, until_now

if TYPE_CHECKING:
    from grok_tui.charts.model import Line

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
    if builder.chosen is not None and builder.chosen[0].name in builder.spectral:
        heading = "Weights by frequency"
    if builder.chosen is None or "generalizes" not in builder.chosen[0].vectors:
        return LineChart(heading, empty=NO_COORDINATES)
    if builder.view.weights == "trajectories":
        return _trajectories(builder, heading)
    arm, _ = builder.chosen
    if "coordinates" not in arm.vectors:
        return LineChart(heading, empty="not recorded")
    record = arm.vectors["coordinates"]
    (axis,) = record.axes
    steps, rows = until_now(builder, record)
    values, generalizes = rows[:, 0], arm.vectors["generalizes"].table()[1][-1, 0] > 0
    if builder.view.weights == "heatmap":  # generalizers on top
        order = np.argsort(~generalizes, kind="stable")
        labels = [axis.labels[i] for i in order] if axis.labels else ()
        return over_time(builder, f"{heading} of {arm.name}", steps, values[:, order], labels)
    return Bars(
        f"{heading} of {arm.name}",
        values[-1].astype(np.float64),
        labels=axis.labels,
        roles=tuple(_role(general) for general in generalizes),
        called=_called(builder, bool(generalizes.any())),
        y_label=f"step {steps[-1]}",
    )


def _trajectories(builder: ChartBuilder, heading: str) -> LineChart:
    """Return the generalizers of all arms, and the memorizers of the selected arm as a band."""
    assert builder.chosen is not None
    arm, _ = builder.chosen
    series: list[Series] = []
    for other, look in builder.others:
        series += builder.series(other.name, other, "generalizer_mean", look, legend="if room")
    _, generalizes = until_now(builder, arm.vectors["generalizes"])
    found = bool((generalizes[-1, 0] > 0).any())
    memorizers, generalizers = _called(builder, found)
    both = [(memorizers, "memorizer_mean", "memorizer", "dashed", MEMORIZERS)]
    if found:
        one = generalizers if arm.name in builder.spectral else "generalizer"
        both.append((one, "generalizer_mean", "generalizer", "solid", GENERALIZER))
    for label, measure, color, line, sign in both:
        look = ArmLook(color, sign)
        # Frequencies have no letter of their own: what is short for memorizers would say what they are not.
        marker = "" if label.endswith("frequencies") else sign
        series += builder.series(label, arm, measure, look, line=cast("Line", line), marker=marker, band=True)
    return replace(builder.chart(series), title=heading)


def _called(builder: ChartBuilder, found: bool) -> tuple[str, str]:
    """Return what memorizers and generalizers of the selected arm are called.

    Frequencies that do not stand out memorize nothing: of a network that has no key frequencies, the task
    cannot tell which of them generalize.

    found: whether any generalize.
    """
    assert builder.chosen is not None
    if builder.chosen[0].name not in builder.spectral:
        return "memorizers", "generalizers"
    return "other frequencies" if found else "frequencies", "key frequencies"


def pairs(builder: ChartBuilder) -> Cells:
    """Return what the selected arm has learnt of its table, as of its last record."""
    record = builder.chosen[0].vectors.get("pairs") if builder.chosen is not None else None
    if builder.chosen is None or record is None:
        return Cells(builder.title, np.empty((0, 0), dtype=np.int8), KNOWN)
    _, values = record.table()
    return Cells(
        f"Pairs of {builder.chosen[0].name}", values[-1, 0].astype(np.int8), KNOWN, note="x down, y across"
    )


def margins(builder: ChartBuilder) -> Bars:
    """Return by how much the selected arm is right, as of its last record."""
    if builder.chosen is None:
        return Bars(builder.title, np.empty(0), empty=NO_MARGINS)
    arm, _ = builder.chosen
    return margins_chart(arm, builder.columns, hinge=arm.name in builder.hinged)


def _role(generalizes: np.bool) -> Role:
    return "generalizer" if generalizes else "memorizer"
