"""What the charts show: pure functions from a snapshot and a view to charts, thinned to what can be drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.measures import COORDINATES, ENVELOPE, GENERAL
from grok_tui.charts.model import Bars, Cells, Chart, Heatmap, LineChart, Mark, Role, Series
from grok_tui.frontend.glyphs import UNICODE, arm_look
from grok_tui.frontend.happenings import happenings
from grok_tui.frontend.margins import NO_MARGINS, margins_chart
from grok_tui.numbers import grouped

if TYPE_CHECKING:
    from grok_tui.charts.model import Legend, Line
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.record.history import History
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.frontend.view import View

Floats = NDArray[np.float64]

CHARTS = {
    "accuracy": "Accuracy",
    "loss": "Loss",
    "weights": "Weights",
    "pairs": "Pairs learnt",
    "margins": "Margins",
    "norms": "Norms",
    "update": "Update size",
    "update_in_lr": "Update in units of lr",
}
"""The charts that every run has, with their titles; `measure:NAME` is the chart of any other measure."""

MEASURE = "measure:"
# What spans the band of a measure, where it is not the replicas.
ENVELOPES = {
    "train_loss": ("step_loss_min", "step_loss_max"),
    "update_size_max": ("update_size_min", "update_size_max"),
    "memorizer_mean": ("memorizer_min", "memorizer_max"),
}
POINTS_PER_COLUMN = 16  # below it nothing is thinned: drawing does it as well, and elsewhere
# The kinds of a pair in the order of `grok_tui.lab.measures.grid.Cell`.
KNOWN = (
    ("wrong", "axis"),
    ("right", "generalizer"),
    ("trained", "memorizer"),
    ("trained, wrong", "series-5"),
)
NO_COORDINATES = "this task marks no coordinates"


Extra = tuple[str, str, "Line"]
"""A further curve of the selected arm: its label, the measure, and how its line is broken."""


class Curve(NamedTuple):
    """A measure of one arm: the median over replicas, and a band around it or none; all [n]."""

    steps: Floats
    middle: Floats
    low: Floats | None
    high: Floats | None


class Look(NamedTuple):
    """How the curves of one arm are told from those of the others."""

    color: str
    marker: str


def chart_ids(snapshot: Snapshot) -> list[str]:
    """List the charts of a run: those that every run has, then one for each other measure."""
    shown = {"train_accuracy", "val_accuracy", "train_loss", "val_loss", "l2_norm", "linf_norm"}
    shown |= set(COORDINATES) | set(ENVELOPE)
    names = dict.fromkeys(name for arm in snapshot.arms for name in arm.history.names) or GENERAL
    charts = list(CHARTS)
    if all(arm.grid is None for arm in snapshot.arms):
        charts.remove("pairs")
    if all(arm.margins is None for arm in snapshot.arms):
        charts.remove("margins")
    return [*charts, *(MEASURE + name for name in names if name not in shown)]


def title(chart: str) -> str:
    """Return the title of a chart."""
    return CHARTS.get(chart) or chart.removeprefix(MEASURE).replace("_", " ").capitalize()


def last_step(snapshot: Snapshot) -> int:
    """Return the step that the furthest arm has come to."""
    return max((arm.step for arm in snapshot.arms), default=0)


def version(snapshot: Snapshot) -> tuple[object, ...]:
    """Return a value that changes when any chart of the run may have changed."""
    arms = ((a.name, a.history.version, len(a.interventions), len(a.events)) for a in snapshot.arms)
    return snapshot.state == "finished", snapshot.epoch, *arms


def build(
    chart: str, snapshot: Snapshot, view: View, selected: str, columns: int, markers: str = UNICODE.arms
) -> Chart:
    """Return a chart of a run, as it is looked at, for a place `columns` cells wide.

    Args:
        chart: one of `chart_ids`.
        snapshot: the run.
        view: axes, window and arms.
        selected: the arm that is shown in full; of others, one curve a chart.
        columns: the width of the place.
        markers: one sign an arm, in order.
    """
    return _Builder(chart, snapshot, view, selected, columns, markers).chart()


class _Builder:
    """One chart in the making."""

    def __init__(
        self, name: str, snapshot: Snapshot, view: View, selected: str, columns: int, markers: str
    ) -> None:
        self._name = name
        self._view = view
        self._columns = max(columns, 1)
        self._window = view.window(last_step(snapshot), growing=snapshot.state != "finished")
        looks = [Look(*arm_look(place, markers)) for place in range(len(snapshot.arms))]
        arms = list(zip(snapshot.arms, looks, strict=True))
        self._chosen = next(((arm, look) for arm, look in arms if arm.name == selected), None)
        planned = snapshot.preset.arms if snapshot.preset is not None else ()
        self._hinged = {spec.name for spec in planned if spec.training.loss == "hinge"}
        self._others = [(arm, look) for arm, look in arms if arm.name != selected and view.overlay]

    def chart(self) -> Chart:
        match self._name:
            case "accuracy":
                train: Extra = ("train", "train_accuracy", "dotted")
                return self._lines("val_accuracy", "val", [train], (0.0, 1.0))
            case "loss":
                return self._lines("val_loss", "val", [("train", "train_loss", "dotted")])
            case "norms":
                return self._lines("l2_norm", "L2", [("max", "linf_norm", "dashed")])
            case "update":
                return self._lines("update_size_max")
            case "update_in_lr":
                return self._lines("update_in_lr_max")
            case "margins":
                return self._margins()
            case "weights":
                return self._weights()
            case "pairs":
                return self._pairs()
            case _:
                return self._lines(self._name.removeprefix(MEASURE))

    def _lines(
        self,
        main: str,
        label: str = "",
        more: Sequence[Extra] = (),
        y_range: tuple[float, float] | None = None,
    ) -> LineChart:
        """Return the chart of one measure of all arms, and of further ones of the selected arm.

        label: of the measure of the selected arm; its name where it is the only one.
        """
        series: list[Series] = []
        for arm, look in self._others:
            series += self._series(arm.name, arm, main, look, legend="if room")
        if self._chosen is not None:
            arm, look = self._chosen
            for extra, measure, line in more:
                series += self._series(extra, arm, measure, look, line=line, marker="", band=True)
            series += self._series(label or arm.name, arm, main, look, band=True)
        return self._chart(series, y_range)

    def _series(
        self,
        label: str,
        arm: ArmStatus,
        measure: str,
        look: Look,
        *,
        line: Line = "solid",
        marker: str | None = None,
        band: bool = False,
        legend: Legend = "always",
    ) -> Iterator[Series]:
        """Yield what comes after the cursor as a quiet curve, and then the curve up to there."""
        curve = curve_of(arm, measure)
        if curve is None:
            return
        if arm.born and self._view.overlay:  # up to there it is its parent's
            curve = _stretch(curve, arm.born, None)
        if self._view.cursor is not None:
            ahead = self._thinned(_stretch(curve, self._view.cursor, None))
            if len(ahead.steps):
                yield Series(label, ahead.steps, ahead.middle, color="axis", line=line, legend="never")
            curve = _stretch(curve, 0, self._view.cursor)
        curve = self._thinned(curve)
        sign = marker if marker is not None else look.marker if self._others else ""
        low, high = (curve.low, curve.high) if band else (None, None)
        yield Series(label, curve.steps, curve.middle, low, high, look.color, line, sign, legend)

    def _chart(self, series: Sequence[Series], y_range: tuple[float, float] | None = None) -> LineChart:
        log_y = self._name in self._view.log_y
        return LineChart(
            title=title(self._name),
            series=tuple(series),
            marks=tuple(self._marks()),
            log_x=self._view.log_x,
            log_y=log_y,
            x_range=self._window,
            y_range=None if log_y else y_range,
            y_label="log" if log_y else "",
        )

    def _marks(self) -> Iterator[Mark]:
        """Yield what happened to the selected arm; an event counts when the first replica has it."""
        if self._chosen is None:
            return
        arm, _ = self._chosen
        for step, label, kind in happenings(arm):
            yield Mark(step, label, kind)
        if self._view.cursor is not None:
            yield Mark(self._view.cursor, grouped(self._view.cursor), "cursor", "text")

    def _weights(self) -> Chart:
        heading = title(self._name)
        if self._chosen is None or not self._chosen[0].generalizes:
            return LineChart(heading, empty=NO_COORDINATES)
        if self._view.weights == "trajectories":
            return self._trajectories()
        arm, _ = self._chosen
        if arm.coordinates is None:
            return LineChart(heading, empty="not recorded")
        steps, values = arm.coordinates.table()
        end = min((step for step in (self._view.end, self._view.cursor) if step is not None), default=None)
        if end is not None:
            kept = max(1, int(np.searchsorted(steps, end, "right")))
            steps, values = steps[:kept], values[:kept]
        if self._view.weights == "heatmap":
            return self._heatmap(f"{heading} of {arm.name}", arm, steps, values)
        return Bars(
            f"{heading} of {arm.name}",
            values[-1].astype(np.float64),
            labels=arm.labels,
            roles=tuple(_role(general) for general in arm.generalizes),
            y_label=f"step {steps[-1]}",
        )

    def _pairs(self) -> Cells:
        """Return what the selected arm has learnt of its table, as of its last record."""
        grid = self._chosen[0].grid if self._chosen is not None else None
        if self._chosen is None or grid is None:
            return Cells(title("pairs"), np.empty((0, 0), dtype=np.int8), KNOWN)
        return Cells(f"Pairs of {self._chosen[0].name}", grid, KNOWN, note="x down, y across")

    def _margins(self) -> Bars:
        """Return by how much the selected arm is right, as of its last record."""
        if self._chosen is None:
            return Bars(title("margins"), np.empty(0), empty=NO_MARGINS)
        arm, _ = self._chosen
        return margins_chart(arm, self._columns, hinge=arm.name in self._hinged)

    def _trajectories(self) -> LineChart:
        """Return the generalizers of all arms, and the memorizers of the selected arm as a band."""
        assert self._chosen is not None
        arm, _ = self._chosen
        series: list[Series] = []
        for other, look in self._others:
            series += self._series(other.name, other, "generalizer_mean", look, legend="if room")
        both: tuple[Extra, ...] = (
            ("memorizers", "memorizer_mean", "dashed"),
            ("generalizer", "generalizer_mean", "solid"),
        )
        for label, measure, line in both:
            look = Look(label.removesuffix("s"), "")
            series += self._series(label, arm, measure, look, line=line, marker="", band=True)
        return self._chart(series)

    def _heatmap(
        self, heading: str, arm: ArmStatus, steps: NDArray[np.int64], values: NDArray[np.float32]
    ) -> Heatmap:
        """Return the coordinates over time, generalizers on top."""
        first, last = np.searchsorted(steps, self._window)
        shown = np.arange(len(steps))[max(0, first - 1) : last + 1]
        shown = shown[evenly(_places(steps[shown], log=self._view.log_x), self._columns)]
        order = np.argsort(~np.array(arm.generalizes), kind="stable")
        labels = tuple(arm.labels[i] for i in order) if arm.labels else ()
        return Heatmap(
            heading,
            values[shown][:, order].T.astype(np.float64),
            steps[shown].astype(np.float64),
            labels=labels,
            log_x=self._view.log_x,
        )

    def _thinned(self, curve: Curve) -> Curve:
        """Keep the extremes of every column, and what lies in the window."""
        steps, *bands = curve
        first = max(0, int(np.searchsorted(steps, self._window[0])) - 1)
        last = int(np.searchsorted(steps, self._window[1], "right")) + 1
        steps = steps[first:last]
        bands = [None if side is None else side[first:last] for side in bands]
        kept = extremes(steps, [side for side in bands if side is not None], self._columns, self._view.log_x)
        middle, low, high = (None if side is None else side[kept] for side in bands)
        assert middle is not None
        return Curve(steps[kept], middle, low, high)


def _stretch(curve: Curve, first: float, last: float | None) -> Curve:
    """Return the part of a curve from one step to another, both included."""
    steps, *sides = curve
    start = int(np.searchsorted(steps, first))
    stop = len(steps) if last is None else int(np.searchsorted(steps, last, "right"))
    middle, low, high = (None if side is None else side[start:stop] for side in sides)
    assert middle is not None
    return Curve(steps[start:stop], middle, low, high)


def curve_of(arm: ArmStatus, measure: str) -> Curve | None:
    """Return a measure of an arm over its recorded steps, or None where the arm has no such measure.

    The band is the envelope of all steps where there is one, and else spans the replicas.
    """
    if measure not in arm.history.names:
        return None
    low, high = ENVELOPES.get(measure, (measure, measure))
    steps, (values, lows, highs) = _together(arm.history, (measure, low, high))
    middle = values[:, 0] if values.shape[1] == 1 else np.median(values, axis=1)
    if low == high and values.shape[1] == 1:
        return Curve(steps, middle, None, None)
    return Curve(steps, middle, _over_replicas(np.fmin, lows, middle), _over_replicas(np.fmax, highs, middle))


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


def _role(generalizes: bool) -> Role:
    return "generalizer" if generalizes else "memorizer"


def _places(steps: NDArray[np.int64], *, log: bool) -> Floats:
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
    places = _places(steps.astype(np.int64), log=log)
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
