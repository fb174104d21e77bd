"""Curves over steps, with bands, marks and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from grok_tui.charts.axis import Axis, finite_bounds, fit_axis, usable
from grok_tui.charts.bands import draw_band
from grok_tui.charts.canvas import Canvas, Polyline, draw_curves
from grok_tui.charts.decimate import crop, decimate, in_order
from grok_tui.charts.frame import (
    Frame,
    LegendEntry,
    draw_header,
    draw_x_axis,
    draw_y_axis,
    lay_out,
    write_centred,
)
from grok_tui.charts.marks import draw_marks
from grok_tui.charts.model import Floats, Line, LineChart, Series
from grok_tui.charts.picture import Grid
from grok_tui.charts.sparkline import Spark, draw_sparks
from grok_tui.charts.style import ASCII_LINES, ASCII_MARKERS, DOTS, MARKERS, Style
from grok_tui.charts.text import cell_width
from grok_tui.charts.ticks import short

_LINES: tuple[Line, ...] = get_args(Line)
_SAMPLES = {"solid": "━━", "dashed": "╍╍", "dotted": "··"}
_MARKER_DISTANCE = 14  # cells from one marker to the next on the same curve


@dataclass(frozen=True)
class Look:
    """How one series of a chart is drawn. marker: empty when the line alone tells it from the others."""

    color: str
    line: Line
    marker: str
    char: str

    def sample(self, style: Style) -> str:
        """Return what stands for the series in a legend."""
        if style.ascii:
            return self.char
        line = _SAMPLES[self.line]
        return line[0] + self.marker if self.marker else line


def draw_line_chart(chart: LineChart, grid: Grid, style: Style) -> None:
    """Draw a line chart that has room for axes (see `draw`)."""
    shown = looks(chart.series, style)
    draw_header(grid, style, chart.title, chart.y_label, _legend(chart.series, shown, style))
    axes = fit_axes(chart)
    if axes is None:
        write_centred(grid, style, chart.empty)
        return
    x_axis, y_axis = axes
    frame = lay_out(grid, y_axis, marks=bool(chart.marks))
    columns, rows = DOTS[style.charset]
    labels = ((y_axis.cell(tick.value, frame.height, rows), tick.label) for tick in frame.y_ticks)
    draw_y_axis(grid, style, frame, labels)
    draw_x_axis(grid, style, frame, x_axis, lambda x: x_axis.cell(x, frame.width, columns), chart.x_label)
    for series, look in zip(chart.series, shown, strict=True):
        draw_band(grid, style, frame, series, look.color, axes)
    draw_marks(grid, style, frame, chart.marks, x_axis, columns)
    curves = [
        _curve(series, look, axes, frame.width) for series, look in zip(chart.series, shown, strict=True)
    ]
    canvas = draw_curves(curves, frame.width, frame.height, style.charset)
    inks = [style.ink(look.color) for look in shown]
    drawn = np.nonzero(canvas.owners >= 0)
    cells = (*drawn, canvas.chars[drawn], canvas.owners[drawn])
    for row, column, char, number in zip(*(array.tolist() for array in cells), strict=True):
        grid.put(frame.top + row, frame.left + column, char, inks[number])
    if not style.ascii:
        _draw_markers(grid, style, frame, canvas, shown)


def draw_compact_line_chart(chart: LineChart, grid: Grid, style: Style) -> None:
    """Draw a row per series, for as many of the last series as there are rows."""
    axes = fit_axes(chart)
    if axes is None:
        write_centred(grid, style, chart.empty)
        return
    x_axis, y_axis = axes
    series = [one for one in chart.series if one.legend != "never"]
    entries = _legend(series, looks(series, style), style)
    sparks = [
        Spark(one.label, x_axis.units(one.x), y_axis.units(one.y), entry.value, entry.ink)
        for one, entry in zip(series, entries, strict=True)
    ]
    draw_sparks(grid, style, chart.title, sparks)


def fit_axes(chart: LineChart) -> tuple[Axis, Axis] | None:
    """Return the x and the y axis of a chart, or None when it has nothing to show on them."""
    drawable = [np.isfinite(series.x) & np.isfinite(series.y) for series in chart.series]
    steps = [series.x[good] for series, good in zip(chart.series, drawable, strict=True)]
    log_x = chart.log_x and finite_bounds(steps, positive=True) is not None
    x_bounds = usable(chart.x_range, positive=log_x) or finite_bounds(steps, positive=log_x)
    if x_bounds is None:
        return None
    x_axis = fit_axis(x_bounds, log=log_x)
    visible: list[Floats] = []
    for series in chart.series:
        places = x_axis.units(series.x)
        inside = (places >= 0) & (places <= 1)
        visible += [values[inside] for values in (series.y, series.low, series.high) if values is not None]
    log_y = chart.log_y and finite_bounds(visible, positive=True) is not None
    wanted = usable(chart.y_range, positive=log_y)
    y_bounds = wanted or finite_bounds(visible, positive=log_y)
    if y_bounds is None:
        return None
    return x_axis, fit_axis(y_bounds, log=log_y, rounded=wanted is None)


def looks(series: Sequence[Series], style: Style) -> list[Look]:
    """Decide how each series is drawn, so that any two of the legend differ by more than their colour."""
    lines = [one.line or _LINES[place % len(_LINES)] for place, one in enumerate(series)]
    named = [line for one, line in zip(series, lines, strict=True) if one.legend != "never"]
    given = [style.clean(one.marker) for one in series]
    free, free_ascii = _free(MARKERS, given), _free(ASCII_MARKERS, given)
    found = []
    for place, (one, line, sign) in enumerate(zip(series, lines, given, strict=True)):
        chosen = sign if cell_width(sign) == 1 else ""
        repeated = one.legend != "never" and named.count(line) > 1
        automatic = free[place % len(free)] if repeated else ""
        by_place = repeated or one.line is None
        plain = free_ascii[place % len(free_ascii)] if by_place else ASCII_LINES[line]
        found.append(
            Look(
                color=one.color or f"series-{place + 1}",
                line=line,
                marker=chosen or automatic,
                char=chosen or plain,
            )
        )
    return found


def _free(signs: str, taken: Sequence[str]) -> str:
    """Return the signs that no series has been given, or all where that leaves none."""
    return "".join(sign for sign in signs if sign not in taken) or signs


def _legend(series: Sequence[Series], shown: Sequence[Look], style: Style) -> list[LegendEntry]:
    entries = []
    for one, look in zip(series, shown, strict=True):
        if one.legend == "never":
            continue
        finite = one.y[np.isfinite(one.y)]
        value = short(float(finite[-1])) if finite.size else ""
        ink = style.ink(look.color)
        entries.append(LegendEntry(look.sample(style), one.label, value, ink, one.legend == "if room"))
    return entries


def _curve(series: Series, look: Look, axes: tuple[Axis, Axis], columns: int) -> Polyline:
    x_axis, y_axis = axes
    u, v = decimate(*crop(*in_order(x_axis.units(series.x), y_axis.units(series.y))), columns)
    return Polyline(u, v, look.line, look.char)


def _draw_markers(grid: Grid, style: Style, frame: Frame, canvas: Canvas, shown: Sequence[Look]) -> None:
    for number, look in enumerate(shown):
        if not look.marker:
            continue
        columns, rows = np.nonzero(np.equal(canvas.owners.T, number))
        short_line = not columns.size or columns[-1] < _MARKER_DISTANCE
        following = 0 if short_line else number * 5 % _MARKER_DISTANCE
        for column, row in zip(columns.tolist(), rows.tolist(), strict=True):
            if column >= following:
                ink = style.ink(look.color, bold=True)
                grid.put(frame.top + row, frame.left + column, look.marker, ink)
                following = column + _MARKER_DISTANCE
