"""Series in, rows of styled text out. Knows plotext and numpy, and no terminal library."""

from grok_tui.charts.model import Bars, Chart, Heatmap, LineChart, Mark, Series
from grok_tui.charts.picture import Picture, Run
from grok_tui.charts.process import Drawer
from grok_tui.charts.style import COLORLESS, DARK, LIGHT, SIXTEEN, Palette, Style

__all__ = [
    "COLORLESS",
    "DARK",
    "LIGHT",
    "SIXTEEN",
    "Bars",
    "Chart",
    "Drawer",
    "Heatmap",
    "LineChart",
    "Mark",
    "Palette",
    "Picture",
    "Run",
    "Series",
    "Style",
]
