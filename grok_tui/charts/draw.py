"""Draw any chart at any size."""

from __future__ import annotations

from grok_tui.charts.bars import draw_bars, draw_compact_bars
from grok_tui.charts.cells import draw_cells, draw_compact_cells
from grok_tui.charts.frame import write_centred
from grok_tui.charts.heatmap import draw_compact_heatmap, draw_heatmap
from grok_tui.charts.line_chart import draw_compact_line_chart, draw_line_chart
from grok_tui.charts.model import Bars, Cells, Chart, Heatmap
from grok_tui.charts.picture import Grid, Picture
from grok_tui.charts.style import Style

_SMALLEST_WITH_AXES = (20, 5)


def draw(chart: Chart, width: int, height: int, *, style: Style) -> Picture:
    """Draw a chart into exactly `height` rows of exactly `width` cells (0 where negative); never raises.

    Below 20 x 5 cells it becomes a sparkline, and below 4 columns nothing. What goes wrong while drawing is
    written where the chart would be, and stands in the picture's `error`.
    """
    grid = Grid(width, height)
    try:
        _draw(chart, grid, style)
    except Exception as error:  # the last line of defence: one bad chart must not end the program
        message = f"{type(error).__name__}: {error}"
        grid = Grid(width, height)
        write_centred(grid, style, message)
        return grid.picture(error=message)
    return grid.picture()


def _draw(chart: Chart, grid: Grid, style: Style) -> None:
    compact = grid.width < _SMALLEST_WITH_AXES[0] or grid.height < _SMALLEST_WITH_AXES[1]
    if isinstance(chart, Bars):
        (draw_compact_bars if compact else draw_bars)(chart, grid, style)
    elif isinstance(chart, Heatmap):
        (draw_compact_heatmap if compact else draw_heatmap)(chart, grid, style)
    elif isinstance(chart, Cells):
        (draw_compact_cells if compact else draw_cells)(chart, grid, style)
    else:
        (draw_compact_line_chart if compact else draw_line_chart)(chart, grid, style)
