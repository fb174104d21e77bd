"""One chart of a run, as it is looked at: what every kind of chart is built with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

from grok_tui.charts.model import Chart, LineChart, Mark, Series
from grok_tui.engine.record.verdicts import AT_THE_END
from grok_tui.frontend.charts_of_runs import CHARTS, CLAIM, MEASURE, MeasureLines, is_vector, title
from grok_tui.frontend.curves import curve_of, stretch, thinned
from grok_tui.frontend.glyphs import UNICODE, arm_look
from grok_tui.frontend.happenings import happenings
from grok_tui.frontend.view import last_step
from grok_tui.numbers import grouped

if TYPE_CHECKING:
    from grok_tui.charts.model import Legend, Line
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.frontend.view import View


VECTOR = "grok_tui.frontend.vector_charts:vector"
"""What draws a measure that has axes."""

COMPARISON = "grok_tui.frontend.claim_charts:comparison"
"""What draws a comparison of a claim."""


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
    builder = ChartBuilder(chart, snapshot, view, selected, columns, markers)
    drawn = CHARTS[chart].drawn if chart in CHARTS else MeasureLines(chart.removeprefix(MEASURE))
    if is_vector(chart, snapshot):
        drawn = VECTOR
    elif chart.startswith(CLAIM):
        drawn = COMPARISON
    if isinstance(drawn, MeasureLines):
        return builder.lines(drawn)
    module, _, function = drawn.partition(":")
    return cast(Chart, getattr(import_module(module), function)(builder))


class ArmLook(NamedTuple):
    """How the curves of one arm are told from those of the others."""

    color: str
    marker: str


class ChartBuilder:
    """One chart in the making.

    Attributes:
        name: which chart it is.
        snapshot: the run.
        looks: how the curves of each arm are told from those of others.
        title: what stands above it.
        measure: what it is of, where it has no row in the table of charts.
        log_y: whether its values are on a logarithmic axis.
        view: axes, window and arms.
        columns: the width of the place.
        window: the first and the last step that are shown.
        chosen: the selected arm and its look, or None.
        others: the other arms that are shown, with theirs.
        hinged: the arms whose loss is hinge loss, by name.
        spectral: the arms whose coordinates are the frequencies of a table, by name.
    """

    def __init__(
        self, name: str, snapshot: Snapshot, view: View, selected: str, columns: int, markers: str
    ) -> None:
        self.name, self.snapshot = name, snapshot
        self.measure = name.removeprefix(MEASURE)
        self.title = title(name)
        self.view = view
        self.log_y = name in view.log_y
        self.columns = max(columns, 1)
        self.window = view.window(last_step(snapshot, view, selected), growing=snapshot.state != "finished")
        looks = [ArmLook(*arm_look(place, markers)) for place in range(len(snapshot.arms))]
        arms = list(zip(snapshot.arms, looks, strict=True))
        self.looks = {arm.name: look for arm, look in arms}
        self.chosen = next(((arm, look) for arm, look in arms if arm.name == selected), None)
        planned = snapshot.preset.arms if snapshot.preset is not None else ()
        self.hinged = {spec.name for spec in planned if spec.training.loss.name == "hinge"}
        self.spectral = {spec.name for spec in planned if spec.task.spectral}
        self.others = [(arm, look) for arm, look in arms if arm.name != selected and view.overlay]

    def lines(self, curves: MeasureLines) -> LineChart:
        """Return the chart of one measure of all arms, and of further ones of the selected arm."""
        series: list[Series] = []
        for arm, look in self.others:
            series += self.series(arm.name, arm, curves.main, look, legend="if room")
        if self.chosen is not None:
            arm, look = self.chosen
            for label, measure, line in curves.more:
                series += self.series(label, arm, measure, look, line=line, marker="", band=True)
            series += self.series(curves.label or arm.name, arm, curves.main, look, band=True)
        chart = self.chart(series, curves.y_range)
        arms = [arm for arm, _ in ([self.chosen] if self.chosen is not None else self.others)]
        waits = any(curves.main in arm.looked_back.names for arm in arms)
        return replace(chart, empty=AT_THE_END) if waits else chart

    def series(
        self,
        label: str,
        arm: ArmStatus,
        measure: str,
        look: ArmLook,
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
        if arm.born and self.view.overlay:  # up to there it is its parent's
            curve = stretch(curve, arm.born, None)
        if self.view.cursor is not None:
            ahead = thinned(
                stretch(curve, self.view.cursor, None), self.window, self.columns, log_x=self.view.log_x
            )
            if len(ahead.steps):
                yield Series(label, ahead.steps, ahead.middle, color="axis", line=line, legend="never")
            curve = stretch(curve, 0, self.view.cursor)
        curve = thinned(curve, self.window, self.columns, log_x=self.view.log_x)
        sign = marker if marker is not None else look.marker if self.others else ""
        low, high = (curve.low, curve.high) if band else (None, None)
        yield Series(label, curve.steps, curve.middle, low, high, look.color, line, sign, legend)

    def chart(self, series: Sequence[Series], y_range: tuple[float, float] | None = None) -> LineChart:
        """Return a chart of curves, with the marks of what happened to the selected arm."""
        return LineChart(
            title=self.title,
            series=tuple(series),
            marks=tuple(self._marks()),
            log_x=self.view.log_x,
            log_y=self.log_y,
            x_range=self.window,
            y_range=None if self.log_y else y_range,
            y_label="log" if self.log_y else "",
            x_label="step, zoomed" if self.view.span < 1 else "step",
        )

    def _marks(self) -> Iterator[Mark]:
        """Yield what happened to the selected arm; an event counts when the first replica has it."""
        if self.chosen is None:
            return
        arm, _ = self.chosen
        for step, label, kind in happenings(arm):
            yield Mark(step, label, kind)
        yield from self.cursor_marks()

    def cursor_marks(self) -> Iterator[Mark]:
        """Yield where one looks, if that is not now."""
        if self.view.cursor is not None:
            yield Mark(self.view.cursor, grouped(self.view.cursor), "cursor", "text")
