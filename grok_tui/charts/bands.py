"""The area between the low and the high values of a series, drawn so that lines stand out on it."""

from __future__ import annotations

import numpy as np

from grok_tui.charts.axis import Axis, to_dots
from grok_tui.charts.decimate import band, crop, in_order
from grok_tui.charts.frame import Frame
from grok_tui.charts.model import Floats, Series
from grok_tui.charts.picture import Grid
from grok_tui.charts.style import Ink, Style

_EIGHTHS = " ▁▂▃▄▅▆▇█"  # by how many eighths of a cell are filled from below


def draw_band(
    grid: Grid, style: Style, frame: Frame, series: Series, color: str, axes: tuple[Axis, Axis]
) -> None:
    """Fill the band of a series, if it has one: with a tint, or sparsely without true colours."""
    if series.low is None or series.high is None:
        return
    bottom, top = _outline(series.x, series.low, series.high, axes, frame.width)
    tint = style.tint(color)
    tinted = tint is not None and not style.ascii
    steps = frame.height * (8 if tinted else 1)
    for column in np.flatnonzero((top >= 0) & (bottom <= 1)):
        first, last = to_dots(bottom[[column]], steps)[0], to_dots(top[[column]], steps)[0]
        if tint is not None and tinted:
            _tint_column(grid, frame, int(column), (int(first), int(last) + 1), tint)
        else:
            ink = Ink(style.palette.color(color), dim=True)
            for height in range(first, last + 1):
                row = frame.top + frame.height - 1 - height
                grid.put(row, frame.left + int(column), ":" if style.ascii else "░", ink)


def _outline(
    x: Floats, low: Floats, high: Floats, axes: tuple[Axis, Axis], columns: int
) -> tuple[Floats, Floats]:
    """Return the lower and the upper edge in each column, as positions on the y axis [columns]."""
    x_axis, y_axis = axes
    if y_axis.log:
        low = np.where(low > 0, low, np.where(np.isfinite(low), y_axis.low, np.nan))
    u, bottom = crop(*in_order(x_axis.units(x), y_axis.units(low)))
    _, top = crop(*in_order(x_axis.units(x), y_axis.units(high)))
    return band(u, bottom, top, columns)


def _tint_column(grid: Grid, frame: Frame, column: int, eighths: tuple[int, int], tint: str) -> None:
    """Tint one column between two heights, counted in eighths of a cell from the bottom."""
    for height in range(eighths[0] // 8, (eighths[1] + 7) // 8):
        start, end = max(eighths[0] - 8 * height, 0), min(eighths[1] - 8 * height, 8)
        row = frame.top + frame.height - 1 - height
        char = _EIGHTHS[end] if start < 2 else "▀" if start < 6 else "▔"  # no eighths hang from the top
        if start < 2 and end == 8:
            grid.put(row, frame.left + column, " ", Ink(background=tint))
        else:
            grid.put(row, frame.left + column, char, Ink(tint))
        if end - start >= 4:
            grid.lay_paper(row, frame.left + column, tint)
