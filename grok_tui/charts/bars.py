"""One bar per coordinate, standing on zero, or the bars of a histogram."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from grok_tui.charts.axis import Axis, finite_bounds, fit_axis, usable
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
from grok_tui.charts.model import Bars, Range, Role
from grok_tui.charts.picture import Grid
from grok_tui.charts.sparkline import Spark, draw_sparks
from grok_tui.charts.style import Style
from grok_tui.charts.text import cell_width
from grok_tui.charts.ticks import short

_COLORS: dict[Role, str] = {
    "memorizer": "memorizer",
    "generalizer": "generalizer",
    "wrong": "series-5",
    "other": "series-1",
}
# What fills a cell by so many eighths from below, and from above, where only a sliver and a half exist.
_RISING, _FALLING = " ▁▂▃▄▅▆▇█", " ▔▔▀▀▀▀██"
_ASCII_RISING, _ASCII_FALLING = " ...:::##", " '''\"\"\"##"
_WIDEST = 6


class Bar(NamedTuple):
    """A bar in the data area: its first column and its width, the values that it spans, and its role."""

    column: int
    width: int
    low: float
    high: float
    role: Role


def draw_bars(chart: Bars, grid: Grid, style: Style) -> None:
    """Draw bars that have room for axes (see `draw`)."""
    draw_header(grid, style, chart.title, chart.y_label, _legend(chart, style))
    fitted = _value_axis(chart)
    if fitted is None:
        write_centred(grid, style, chart.empty)
        return
    frame = lay_out(grid, fitted, marks=bool(chart.marks))
    axis, below = _stand_on_zero(fitted, frame.height)
    heights = [math.floor(axis.units(tick.value) * frame.height + 1e-6) for tick in frame.y_ticks]
    labels = zip(heights, frame.y_ticks, strict=True)
    draw_y_axis(grid, style, frame, [(min(height, frame.height - 1), tick.label) for height, tick in labels])
    if chart.bins is None:
        _draw_names(grid, style, frame, chart)
    else:
        _draw_scale(grid, style, frame, chart, chart.bins)
    for bar in arrange(chart, frame.width):
        _draw_bar(grid, style, frame, bar, axis, below, least=0 if chart.bins is None else 1)


def draw_compact_bars(chart: Bars, grid: Grid, style: Style) -> None:
    """Draw bars as a sparkline over the coordinates."""
    axis = _value_axis(chart)
    if axis is None:
        write_centred(grid, style, chart.empty)
        return
    places = np.linspace(0.0, 1.0, chart.values.size)
    ink = style.ink("generalizer" if "generalizer" in chart.roles else "series-1")
    label = chart.title if grid.height == 1 else ""
    draw_sparks(grid, style, chart.title, [Spark(label, places, axis.units(chart.values), "", ink)])


def arrange(chart: Bars, columns: int) -> list[Bar]:
    """Share `columns` out among the finite values.

    Where there are more values than columns, a bar spans the lowest and the highest value of its column;
    generalizers hide memorizers, because there are few of them and they are what one looks for.
    """
    count = chart.values.size
    roles = np.array(chart.roles or ("other",) * count)
    bars = []
    for place in range(min(count, columns)):
        if count <= columns:
            column, width = _slot(place, count, columns, touching=chart.bins is not None)
            shared = slice(place, place + 1)
        else:
            column, width = place, 1
            shared = slice(place * count // columns, (place + 1) * count // columns)
        values, its = chart.values[shared], roles[shared]
        chosen = its == "generalizer" if "generalizer" in its else its != "generalizer"
        chosen &= np.isfinite(values)
        if chosen.any():
            low, high = min(0.0, float(values[chosen].min())), max(0.0, float(values[chosen].max()))
            bars.append(Bar(column, width, low, high, its[chosen][0]))
    return bars


def _slot(place: int, count: int, columns: int, *, touching: bool = False) -> tuple[int, int]:
    """Return the first column and the width of a bar, with a gap after it where there is room for one."""
    slot = columns // count
    if touching:
        return place * slot, slot
    return place * slot, max(1, min(slot - 1, _WIDEST))


def _value_axis(chart: Bars) -> Axis | None:
    bounds = finite_bounds([chart.values])
    if bounds is None:
        return None
    wanted = usable(chart.y_range)
    low, high = wanted or bounds
    return fit_axis((min(low, 0.0, high), max(low, high, 0.0)), rounded=wanted is None)


def _stand_on_zero(axis: Axis, rows: int) -> tuple[Axis, int]:
    """Widen an axis so that zero lies between two rows; return it and the number of rows below zero."""
    below = round(float(axis.units(0.0)) * rows)
    if axis.low < 0 < axis.high and rows > 1:
        below = min(max(below, 1), rows - 1)
    cell = max(
        axis.high / (rows - below) if below < rows else 0.0,
        -axis.low / below if below else 0.0,
    )
    return Axis(-cell * below, cell * (rows - below)), below


def _legend(chart: Bars, style: Style) -> list[LegendEntry]:
    """Return an entry per role; a role with a single coordinate shows its value."""
    entries = []
    for role, called in zip(("memorizer", "generalizer"), chart.called, strict=True):
        values = [value for value, its in zip(chart.values, chart.roles, strict=False) if its == role]
        if len(values) == 1:
            value = short(float(values[0]))
            entries.append(LegendEntry(_sample(role, style), _singular(called), value, style.ink(role)))
        elif values:
            entries.append(LegendEntry(_sample(role, style), called, "", style.ink(role)))
    return entries


def _singular(name: str) -> str:
    return f"{name.removesuffix('ies')}y" if name.endswith("ies") else name.removesuffix("s")


def _sample(role: str, style: Style) -> str:
    if role == "generalizer":
        return "^" if style.ascii else "▲"
    return "#" if style.ascii else "█"


def _draw_names(grid: Grid, style: Style, frame: Frame, chart: Bars) -> None:
    """Write the names of the bars where all fit, else some numbers, and point at the generalizers."""
    count = chart.values.size
    labels = [style.clean(label) for label in chart.labels]
    named = bool(labels) and max(map(cell_width, labels)) < frame.width // count

    def column_of(index: float) -> int:
        if count > frame.width:
            return int(index) * frame.width // count
        column, width = _slot(int(index), count, frame.width)
        return column + (width - 1) // 2

    draw_x_axis(grid, style, frame, None if named else Axis(-0.5, count - 0.5), column_of, "")
    for place, label in enumerate(labels if named and frame.label_row >= 0 else ()):
        start = frame.left + column_of(place) - (cell_width(label) - 1) // 2
        grid.write(frame.label_row, max(start, frame.left), label, style.ink("muted"))
    if frame.axis_row >= 0:
        for place, role in enumerate(chart.roles):
            if role == "generalizer":
                grid.put(frame.axis_row, frame.left + column_of(place), _sample(role, style), style.ink(role))


def _draw_scale(grid: Grid, style: Style, frame: Frame, chart: Bars, bins: Range) -> None:
    """Draw the axis below a histogram, and its marks."""
    count = chart.values.size
    filled = frame.width // count * count or frame.width
    axis = Axis(bins[0], bins[0] + (bins[1] - bins[0]) * frame.width / filled)

    def column_of(value: float) -> int:
        return min(int(axis.units(value) * frame.width + 1e-6), frame.width - 1)

    draw_x_axis(grid, style, frame, axis, column_of, "", counts=False)
    half = (axis.high - axis.low) / frame.width / 2
    centres = Axis(axis.low + half, axis.high - half)  # marks lie in the column whose centre is nearest
    draw_marks(grid, style, frame, chart.marks, centres, 1)


def _draw_bar(
    grid: Grid, style: Style, frame: Frame, bar: Bar, axis: Axis, below: int, *, least: int
) -> None:
    """Draw one bar.

    below: the rows of the data area that lie below zero.
    least: eighths of a row that a positive value is drawn with at least.
    """
    ink = style.ink(_COLORS[bar.role])
    rising, falling = (_ASCII_RISING, _ASCII_FALLING) if style.ascii else (_RISING, _FALLING)
    zero = frame.top + frame.height - below
    eighths = frame.height * 8 / (axis.high - axis.low)
    up = min(max(round(bar.high * eighths), least if bar.high > 0 else 0), (frame.height - below) * 8)
    down = min(round(-bar.low * eighths), below * 8)
    for column in range(frame.left + bar.column, frame.left + bar.column + bar.width):
        for height in range((up + 7) // 8):
            grid.put(zero - 1 - height, column, rising[min(up - 8 * height, 8)], ink)
        for depth in range((down + 7) // 8):
            grid.put(zero + depth, column, falling[min(down - 8 * depth, 8)], ink)
