"""One bar per coordinate, standing on zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from grok_tui.charts.axis import Axis, finite_bounds, fit_axis
from grok_tui.charts.frame import Entry, Frame, draw_header, draw_x_axis, draw_y_axis, lay_out, write_centred
from grok_tui.charts.model import Bars, Role
from grok_tui.charts.picture import Grid
from grok_tui.charts.style import Ink, Style
from grok_tui.charts.text import cell_width
from grok_tui.charts.ticks import short

_COLORS: dict[Role, str] = {"memorizer": "memorizer", "generalizer": "generalizer", "other": "series-1"}
_RISING = " ▁▂▃▄▅▆▇█"
_FALLING = " ▔▔▀▀▀▀▀█"  # there are no eighths that hang from the top
_ASCII = " ....::::#"[:8] + "#"


class Bar(NamedTuple):
    """A bar in the data area: its first column, its width, the values it reaches from zero, and its role."""

    column: int
    width: int
    low: float
    high: float
    role: Role


def draw_bars(chart: Bars, grid: Grid, style: Style) -> None:
    """Draw bars that have room for axes (see `draw`)."""
    draw_header(grid, style, chart.title, chart.y_label, _legend(chart, style))
    bounds = finite_bounds([chart.values])
    if bounds is None:
        write_centred(grid, style, chart.empty)
        return
    low, high = chart.y_range or bounds
    fitted = fit_axis((min(low, 0.0), max(high, 0.0)), rounded=chart.y_range is None)
    frame = lay_out(grid, fitted)
    y_axis, zero = _stand_on_zero(fitted, frame.height)
    labels = (
        (min(int(y_axis.units(tick.value) * frame.height + 1e-6), frame.height - 1), tick.label)
        for tick in frame.y_ticks
        if y_axis.low <= tick.value <= y_axis.high
    )
    draw_y_axis(grid, style, frame, labels)
    bars = arrange(chart, frame.width)
    _draw_names(grid, style, frame, chart, bars)
    for bar in bars:
        _draw_bar(grid, style, frame, bar, y_axis, zero)


def _legend(chart: Bars, style: Style) -> list[Entry]:
    """One entry per role; a role with a single coordinate shows its value."""
    entries = []
    for role in ("memorizer", "generalizer"):
        values = [value for value, its in zip(chart.values, chart.roles, strict=bool(chart.roles)) if its == role]
        if values:
            value = short(float(values[0])) if len(values) == 1 else ""
            entries.append(Entry(_sample(role, style), role if value else f"{role}s", value, style.ink(role)))
    return entries
