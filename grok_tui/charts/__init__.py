"""Series in, rows of styled text out. Knows plotext and numpy, and no terminal library.

Names are imported when they are first used: a theme needs a palette long before a chart needs numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grok_tui.charts.model import Bars, Cells, Chart, Heatmap, LineChart, Mark, Series
    from grok_tui.charts.picture import Picture, TextRun
    from grok_tui.charts.process import Drawer
    from grok_tui.charts.style import COLORLESS, DARK, LIGHT, SIXTEEN, Palette, Style

_HOMES = {
    "model": ("Bars", "Cells", "Chart", "Heatmap", "LineChart", "Mark", "Series"),
    "picture": ("Picture", "TextRun"),
    "process": ("Drawer",),
    "style": ("COLORLESS", "DARK", "LIGHT", "SIXTEEN", "Palette", "Style"),
}

__all__ = [
    "COLORLESS",
    "DARK",
    "LIGHT",
    "SIXTEEN",
    "Bars",
    "Cells",
    "Chart",
    "Drawer",
    "Heatmap",
    "LineChart",
    "Mark",
    "Palette",
    "Picture",
    "Series",
    "Style",
    "TextRun",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"grok_tui.charts.{module}"), name)
    raise AttributeError(f"module 'grok_tui.charts' has no attribute '{name}'")
