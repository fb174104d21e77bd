"""A quantity per coordinate and step, as colours, or as the density of characters."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from grok_tui.charts.axis import Axis, finite_bounds, fit_axis, usable
from grok_tui.charts.frame import Frame, draw_header, draw_x_axis, draw_y_axis, lay_out, write_centred
from grok_tui.charts.model import Floats, Heatmap, Range
from grok_tui.charts.picture import Grid, halves
from grok_tui.charts.sparkline import Spark, draw_sparks
from grok_tui.charts.style import DOTS, Ink, Style
from grok_tui.charts.text import cell_width
from grok_tui.charts.ticks import short, ticks

_DENSITIES, _ASCII_DENSITIES = " ░▒▓█", " .:-=+*#%@"
_LABEL_WIDTH = 12


def draw_heatmap(chart: Heatmap, grid: Grid, style: Style) -> None:
    """Draw a heatmap that has room for axes (see `draw`)."""
    x_axis, z_range = _step_axis(chart), _z_range(chart)
    end = draw_header(grid, style, chart.title, "")
    if x_axis is None or z_range is None:
        write_centred(grid, style, chart.empty)
        return
    colors = _colors(style, z_range)
    _draw_color_bar(grid, style, end, z_range, colors)
    labels = [style.cut(style.clean(label), _LABEL_WIDTH) for label in chart.labels]
    numbers = str(chart.z.shape[0] - 1)
    frame = lay_out(
        grid, None, gutter=max(map(cell_width, labels), default=len(numbers)) if grid.width >= 24 else 0
    )
    columns = DOTS[style.charset][0]
    draw_y_axis(grid, style, frame, _row_labels(labels, chart.z.shape[0], frame))
    draw_x_axis(grid, style, frame, x_axis, lambda x: x_axis.cell(x, frame.width, columns), chart.x_label)
    z = resample(chart.z, x_axis.units(chart.x), frame.height * (2 if colors else 1), frame.width)
    if colors:
        _draw_halves(grid, frame, _levels(z, z_range, len(colors)), colors)
    else:
        _draw_densities(grid, style, frame, z, z_range)


def draw_compact_heatmap(chart: Heatmap, grid: Grid, style: Style) -> None:
    """Draw the largest magnitude at each step as a sparkline."""
    axis = _step_axis(chart)
    sizes = np.where(np.isfinite(chart.z), np.abs(chart.z), -np.inf).max(axis=0, initial=-np.inf)
    bounds = finite_bounds([sizes])
    if axis is None or bounds is None:
        write_centred(grid, style, chart.empty)
        return
    heights = fit_axis(bounds).units(sizes)
    label = chart.title if grid.height == 1 else ""
    spark = Spark(label, axis.units(chart.x), heights, "", style.ink("series-1"))
    draw_sparks(grid, style, chart.title, [spark])


def resample(z: Floats, u: Floats, rows: int, columns: int) -> Floats:
    """Fit a heatmap to the cells there are: repeat rows and hold columns, or keep the largest of several.

    Largest is meant in magnitude. z: [n, m]; u: position of each column on the x axis, 0 to 1, not decreasing
    [m]. Returns [rows, columns], NaN where there is nothing to show.
    """
    count = z.shape[0]
    if count > rows:
        edges = np.arange(rows + 1) * count // rows
        z = np.stack([_largest(z[start:end], axis=0) for start, end in pairwise(edges)])
    else:
        z = z[np.arange(rows) * count // rows]
    result = np.full((rows, columns), np.nan)
    at = np.floor(u * columns)
    held = np.full(rows, np.nan)
    for column in range(columns):
        here = (at == column) if column < columns - 1 else (at >= column) & (u <= 1)
        if here.any():
            result[:, column] = _largest(z[:, here], axis=1)
            held = z[:, np.flatnonzero(here)[-1]]
        else:
            result[:, column] = held
    return result


def _largest(z: Floats, axis: int) -> Floats:
    """Return the value of the largest magnitude along an axis; NaN where there is none."""
    sizes = np.where(np.isfinite(z), np.abs(z), -1.0)
    where = np.expand_dims(sizes.argmax(axis=axis), axis)
    values = np.take_along_axis(z, where, axis=axis).squeeze(axis)
    return np.where(sizes.max(axis=axis) >= 0, values, np.nan)


def _step_axis(chart: Heatmap) -> Axis | None:
    log = chart.log_x and finite_bounds([chart.x], positive=True) is not None
    bounds = finite_bounds([chart.x], positive=log)
    return fit_axis(bounds, log=log) if bounds and chart.z.shape[0] else None


def _z_range(chart: Heatmap) -> Range | None:
    """Return the ends of the ramp: symmetrical where there are both signs, from zero where that is near."""
    wanted = usable(chart.z_range)
    bounds = wanted or finite_bounds([chart.z])
    if bounds is None:
        return None
    if not wanted and 0 < bounds[0] < bounds[1] / 10:
        bounds = 0.0, bounds[1]
    axis = fit_axis(bounds)
    if not wanted and axis.low < 0 < axis.high:
        size = max(-axis.low, axis.high)
        return -size, size
    return axis.low, axis.high


def _colors(style: Style, z_range: Range) -> tuple[str, ...]:
    if style.ascii:
        return ()
    return style.palette.diverging if z_range[0] < 0 < z_range[1] else style.palette.ramp


def _levels(z: Floats, z_range: Range, count: int) -> NDArray[np.intp]:
    """Return which of `count` levels each value has, or -1 where it is not finite."""
    share = np.clip(Axis(*z_range).units(z), 0.0, 1.0)
    return (
        np.where(np.isfinite(share), np.nan_to_num(share) * count, -1.0).astype(np.intp).clip(-1, count - 1)
    )


def _draw_halves(grid: Grid, frame: Frame, levels: NDArray[np.intp], colors: tuple[str, ...]) -> None:
    """Draw two values a cell, one as foreground and one as background. levels: [2 * height, width]."""
    shades = [*colors, None]  # -1 is the last
    for row in range(frame.height):
        for column in range(frame.width):
            upper, lower = shades[levels[2 * row, column]], shades[levels[2 * row + 1, column]]
            alike = upper is not None and upper == lower
            char, ink = (" ", Ink(background=upper)) if alike else halves(upper, lower)
            grid.put(frame.top + row, frame.left + column, char, ink)


def _draw_densities(grid: Grid, style: Style, frame: Frame, z: Floats, z_range: Range) -> None:
    densities = _ASCII_DENSITIES if style.ascii else _DENSITIES
    levels = _levels(z, z_range, len(densities))
    ink = style.ink("series-1")
    for row, column in zip(*np.nonzero(levels > 0), strict=True):
        grid.put(frame.top + row, frame.left + column, densities[levels[row, column]], ink)


def _draw_color_bar(grid: Grid, style: Style, end: int, z_range: Range, colors: tuple[str, ...]) -> None:
    """Write the ramp and its two values at the right of the title, where there is room after column `end`."""
    low, high = map(short, z_range)
    densities = _ASCII_DENSITIES if style.ascii else _DENSITIES
    start = grid.width - len(low) - len(high) - 2 - len(colors or densities)
    if start < end + 2:
        return
    column = grid.write(0, start, f"{low} ", style.ink("muted"))
    for color in colors:
        column = grid.write(0, column, "█", Ink(color))
    if not colors:
        column = grid.write(0, column, densities, style.ink("series-1"))
    grid.write(0, column, f" {high}", style.ink("muted"))


def _row_labels(labels: list[str], rows: int, frame: Frame) -> list[tuple[int, str]]:
    """Return what to write beside the data area: names where all fit, else the numbers of some rows."""
    middle = [frame.height - 1 - int((row + 0.5) * frame.height / rows) for row in range(rows)]
    if labels and rows <= frame.height:
        return list(zip(middle, labels, strict=True))
    numbers = ticks(Axis(-0.5, rows - 0.5), max(2, (frame.height + 2) // 3), counts=True)
    names = labels or [str(row) for row in range(rows)]
    return [(middle[int(tick.value)], names[int(tick.value)]) for tick in numbers] if frame.left > 1 else []
