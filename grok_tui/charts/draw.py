"""Draw any chart at any size."""

from __future__ import annotations

from grok_tui.charts.line_chart import draw_line_chart, write_centred
from grok_tui.charts.model import Chart, LineChart
from grok_tui.charts.picture import Grid, Picture
from grok_tui.charts.style import Style


def draw(chart: Chart, width: int, height: int, *, style: Style) -> Picture:
    """x."""
    grid = Grid(width, height)
    draw_line_chart(chart, grid, style)
    return grid.picture()
