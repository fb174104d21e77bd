"""A chart in one row of characters, for places too small for axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from grok_tui.charts.decimate import band, crop, in_order
from grok_tui.charts.model import Floats
from grok_tui.charts.picture import Grid
from grok_tui.charts.style import Charset, Ink, Style
from grok_tui.charts.text import cell_width

_LEVELS, _ASCII_LEVELS = "▁▂▃▄▅▆▇█", "_.:-=+*#"
_SMALLEST = 4  # narrower than this nothing is drawn


class Spark(NamedTuple):
    """One row: a name, positions along both axes (0 to 1) [n], and the last value as text."""

    label: str
    u: Floats
    v: Floats
    value: str
    ink: Ink


def sparkline(u: Floats, v: Floats, width: int, charset: Charset) -> str:
    """Return the curve through (u, v) as `width` characters, each as high as the curve; gaps are spaces.

    Where several points share a character, it shows the one farthest from the character before, so that
    spikes stay.
    u, v: positions from 0 to 1 [n], NaN where there is none.
    """
    u, v = crop(*in_order(u, v))
    chars = []
    previous = math.nan
    for low, high in zip(*band(u, v, v, width), strict=True):
        if math.isnan(low):
            chars.append(" ")
            continue
        previous = low if previous - low > high - previous else high
        chars.append(level(previous, charset))
    return "".join(chars)


def level(height: float, charset: Charset) -> str:
    """Return the character that is as high as a position from 0 to 1; beyond, the lowest or the highest."""
    levels = _ASCII_LEVELS if charset == "ascii" else _LEVELS
    return levels[round(min(max(height, 0.0), 1.0) * (len(levels) - 1))]


def draw_sparks(grid: Grid, style: Style, title: str, sparks: Sequence[Spark]) -> None:
    """Draw a row for each of the last sparks that fit, under the title where there is a row left."""
    if grid.width < _SMALLEST:
        return
    shown = sparks[-grid.height :] if grid.height else ()
    top = 0
    if grid.height > len(shown):
        grid.write(0, 0, style.cut(style.clean(title), grid.width), style.ink("text", bold=True))
        top = 1
    labels = [style.cut(style.clean(spark.label), grid.width // 3) for spark in shown]
    label_room = max(map(cell_width, labels), default=0) if grid.width >= 16 else 0
    label_room += label_room > 0
    value_room = max((len(spark.value) for spark in shown), default=0) if grid.width >= 24 else 0
    value_room += value_room > 0
    for row, (spark, label) in enumerate(zip(shown, labels, strict=True), start=top):
        line = sparkline(spark.u, spark.v, grid.width - label_room - value_room, style.charset)
        if label_room:
            grid.write(row, 0, label, style.ink("muted"))
        end = grid.write(row, label_room, line, spark.ink)
        if value_room:
            grid.write(row, end + value_room - len(spark.value), spark.value, spark.ink)
