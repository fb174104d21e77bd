"""Styles to draw charts in, and what must hold for every picture."""

import warnings

import numpy as np
from rich.cells import cell_len

from grok_tui.charts import COLORLESS, DARK, LIGHT, SIXTEEN, Picture, Style
from grok_tui.charts.draw import draw

TEN = np.arange(10.0)
STYLES = {
    "braille": Style(DARK),
    "light": Style(LIGHT),
    "blocks": Style(SIXTEEN, "blocks"),
    "colorless": Style(COLORLESS),
    "ascii": Style(COLORLESS, "ascii"),
}
ASCII = STYLES["ascii"]


def check(chart, width, height, style) -> Picture:
    """Every row has its width in a terminal's own measure, and nothing went wrong on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = draw(chart, width, height, style=style)
    assert picture.error == ""
    assert (picture.width, picture.height) == (width, height)
    assert [cell_len(line) for line in picture.lines] == [width] * height
    if style.ascii:
        assert all(line.isascii() for line in picture.lines)
    return picture


def lines(chart, width, height, style=ASCII) -> list[str]:
    """The rows of a chart as text."""
    return list(check(chart, width, height, style).lines)
