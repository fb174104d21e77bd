"""The data area of a line chart, drawn by plotext: the only module that knows plotext.

plotext gets nothing but dots on fixed limits and no decoration, because infinities, empty or labelled series,
log scales and equal limits make it raise. Colours number the curves, and are read back from its output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from plotext._figure import _figure_class  # the class behind plotext's global figure; it has no public name

from grok_tui.charts.model import Floats, Line
from grok_tui.charts.style import DOTS, Charset

_MARKERS = {"braille": "braille", "blocks": "hd"}
_RUN = re.compile(r"(?:\x1b\[38;5;(\d+)m)?([^\x1b]*)(?:\x1b\[0m)?")
_BRAILLE = 0x2800
_LEFT_DOTS = 0b01000111


@dataclass(frozen=True)
class Polyline:
    """A polyline in the unit square, NaN in `v` being a gap. u, v: [n]; char: what draws it in ASCII."""

    u: Floats
    v: Floats
    line: Line
    char: str


@dataclass(frozen=True)
class Canvas:
    """Cells [height, width], the top row first: characters, and the number of the curve they show, or -1."""

    chars: NDArray[np.str_]
    owners: NDArray[np.intp]


def draw_curves(curves: Sequence[Polyline], width: int, height: int, charset: Charset) -> Canvas:
    """Draw curves into cells, the later ones on top of the earlier ones."""
    columns, rows = width * DOTS[charset][0], height * DOTS[charset][1]
    figure = _figure_class()
    figure._limit_size(False, False)  # else plotext cuts the figure at the size of the terminal
    figure.plot_size(width, height)
    figure.theme("clear")
    figure.frame(False)
    figure.xticks([])
    figure.yticks([])
    figure.xlim(0, max(columns - 1, 1))
    figure.ylim(0, max(rows - 1, 1))
    for number, curve in enumerate(curves):
        x, y = corners(curve.u, curve.v, columns, rows)
        if x:
            figure.plot(x, y, marker=_MARKERS.get(charset, curve.char), color=number)
    canvas = _read(figure.build(), width, height)
    for number, curve in enumerate(curves):
        _break_line(canvas, number, curve.line, charset)
    return canvas


def corners(u: Floats, v: Floats, columns: int, rows: int) -> tuple[list[float], list[float]]:
    """Return the dots at which a curve starts, turns and ends. u, v: [n].

    plotext's time grows with the number of points, and with the length of lines: what lies far above or below
    the data area is pulled in.
    """
    x = np.floor(u * (columns - 1) + 0.5)
    y = np.floor(np.clip(v, -1.0, 2.0) * (rows - 1) + 0.5)
    if x.size > 2:
        dx, dy = np.diff(x), np.diff(y)
        straight = (dx[1:] * dy[:-1] == dy[1:] * dx[:-1]) & (dx[1:] * dx[:-1] + dy[1:] * dy[:-1] > 0)
        kept = np.concatenate(([True], ~straight, [True]))
        x, y = x[kept], y[kept]
    return x.tolist(), y.tolist()


def _read(text: str, width: int, height: int) -> Canvas:
    chars = np.full((height, width), " ", dtype="<U1")
    owners = np.full((height, width), -1, dtype=np.intp)
    for row, line in enumerate(text.split("\n")[:height]):
        column = 0
        for number, run in _RUN.findall(line):
            if number:
                chars[row, column : column + len(run)] = list(run)
                owners[row, column : column + len(run)] = int(number)
            column += len(run)
    return Canvas(chars, owners)


def _break_line(canvas: Canvas, number: int, line: Line, charset: Charset) -> None:
    """Dash or dot a curve, but only where it runs on in its row, so that no spike is blanked out."""
    if line == "solid" or charset == "ascii":
        return
    owned = canvas.owners == number
    beside = np.pad(owned, ((0, 0), (1, 1)))
    flat = owned & beside[:, :-2] & beside[:, 2:]
    if line == "dashed":
        flat[:, np.arange(flat.shape[1]) % 3 != 2] = False
        canvas.chars[flat] = " "
    elif charset == "braille":
        codes = canvas.chars.view(np.uint32)
        left = codes & _LEFT_DOTS
        canvas.chars[...] = np.where(flat & (left > 0), _BRAILLE | left, codes).view(canvas.chars.dtype)
    else:
        flat[:, ::2] = False
        canvas.chars[flat] = " "
    canvas.owners[flat & (canvas.chars == " ")] = -1
