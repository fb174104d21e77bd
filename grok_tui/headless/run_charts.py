"""The charts of a kept run on one sheet: every arm in its colour, as the explorer draws them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.style import Style as RichStyle
from rich.text import Text

from grok_tui.charts.draw import draw
from grok_tui.charts.model import LineChart, Series
from grok_tui.charts.picture import Picture
from grok_tui.charts.style import DARK, Style
from grok_tui.engine.store.export import read_measures
from grok_tui.frontend.glyphs import UNICODE, arm_look

if TYPE_CHECKING:
    from grok_tui.engine.store.directory import RunDirectory

WIDTH, HEIGHT = 74, 18  # cells of a chart
GAP = 3  # cells between two charts

CHARTS = (
    ("Validation accuracy", "val_accuracy", False),
    ("Validation loss", "val_loss", True),
    ("Training loss", "train_loss", True),
    ("Generalizers", "generalizer_mean", False),
    ("L2 norm", "l2_norm", False),
    ("Update size", "update_size_max", True),
)
"""Title, measure, and whether its values are on a logarithmic axis; where a run has no such measure, none."""


def charts_of(directory: RunDirectory) -> list[LineChart]:
    """Return the charts of a kept run: medians over the replicas, over logarithmic steps.

    Raises:
        StoreError: the folder cannot be read.
    """
    return charts_from(read_measures(directory))


def charts_from(arms: Mapping[str, Mapping[str, Any]]) -> list[LineChart]:
    """Return the charts of a run: medians over the replicas, over logarithmic steps.

    arms: by name the recorded steps [n] as `step`, and each measure [n][R].
    """
    found = []
    for title, measure, log_y in CHARTS:
        series = tuple(_curves(arms, measure))
        if series:
            accuracy = (0.0, 1.0) if measure.endswith("accuracy") else None
            found.append(LineChart(title, series, log_x=True, log_y=log_y, y_range=accuracy))
    return found


def _curves(arms: Mapping[str, Mapping[str, Any]], measure: str) -> Iterator[Series]:
    for place, (arm, columns) in enumerate(arms.items()):
        if measure in columns:
            color, marker = arm_look(place, UNICODE.arms)
            values = np.array(columns[measure], dtype=np.float64)
            yield Series(
                arm,
                np.array(columns["step"], dtype=np.float64),
                np.median(values, axis=1),
                color=color,
                line="solid",
                marker=marker,
                legend="never",
            )


def sheet(charts: Sequence[LineChart], title: str) -> str:
    """Return charts, two side by side below the names of the arms, as an SVG image."""
    style = Style(DARK)
    pictures = [draw(chart, WIDTH, HEIGHT, style=style) for chart in charts]
    console = Console(
        record=True, file=io.StringIO(), width=2 * WIDTH + GAP, color_system="truecolor", force_terminal=True
    )
    console.print(_legend(charts, style))
    console.print()
    for left, right in zip_longest(pictures[::2], pictures[1::2]):
        for y in range(HEIGHT):
            row = _row(left, y)
            row.append(" " * GAP)
            if right is not None:
                row.append_text(_row(right, y))
            console.print(row, no_wrap=True, overflow="crop")
        console.print()
    return console.export_svg(title=title)


def _legend(charts: Sequence[LineChart], style: Style) -> Text:
    arms = {series.label: series for chart in charts for series in chart.series}
    text = Text()
    for name, series in arms.items():
        text.append(f"{series.marker} ", RichStyle(color=style.ink(series.color).color))
        text.append(name.replace(" ", "_") + "   ")
    return text


def _row(picture: Picture, y: int) -> Text:
    text = Text()
    for run in picture.rows[y]:
        look = RichStyle(color=run.color, bgcolor=run.background, bold=run.bold or None, dim=run.dim or None)
        text.append(run.text, look)
    return text
