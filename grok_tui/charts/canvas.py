"""The data area of a line chart, drawn by plotext: the only module that knows plotext.

plotext gets nothing but finite positions between 0 and 1 with fixed limits and no decoration, because infinities, empty or
labelled series, log scales and equal limits make it raise. Colours serve as numbers of the curves and are read back from its output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plotext._figure import _figure_class  # the class behind plotext's global figure; it has no public name

from grok_tui.charts.model import Floats, Line
from grok_tui.charts.style import Charset

DOTS = {"braille": (2, 4), "blocks": (2, 2), "ascii": (1, 1)}  # columns and rows of dots in a cell
_MARKERS = {"braille": "braille", "blocks": "hd"}
_RUN = re.compile(r"(?:\x1b\[38;5;(\d+)m)?([^\x1b]*)(?:\x1b\[0m)?")
_BRAILLE = 0x2800
_LEFT_DOTS = 0b01000111


@dataclass(frozen=True)
class Curve:
    """A polyline in the unit square, NaN in `v` being a gap. u, v: [n]; char: what draws it in ASCII."""

    u: Floats
    v: Floats
    line: Line
    char: str


@dataclass(frozen=True)
class Canvas:
    """Cells [height, width], the top row first: characters, and the number of the curve they belong to, or -1."""

    chars: NDArray[np.str_]
    owners: NDArray[np.intp]


def draw_curves(curves: Sequence[Curve], width: int, height: int, charset: Charset) -> Canvas:
    """Draw curves into cells, the later ones on top of the earlier ones."""
    figure = _figure_class()
    figure._limit_size(False, False)  # else plotext cuts the figure at the size of the terminal
    figure.plot_size(width, height)
    figure.theme("clear")
    figure.frame(False)
    figure.xticks([])
    figure.yticks([])
    figure.xlim(0.0, 1.0)
    figure.ylim(0.0, 1.0)
    for number, curve in enumerate(curves):
        if curve.u.size:
            marker = _MARKERS.get(charset, curve.char)
            figure.plot(curve.u.tolist(), curve.v.tolist(), marker=marker, color=number)
    canvas = _read(figure.build(), width, height)
    for number, curve in enumerate(curves):
        _break_line(canvas, number, curve.line, charset)
    return canvas


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
    """Dash or dot a curve, but only where it runs on in its row, so that no spike and no step is blanked out."""
    if line == "solid" or charset == "ascii":
        return
    owned = canvas.owners == number
    beside = np.pad(owned, ((0, 0), (1, 1)))
    flat = owned & (owned.sum(axis=0) == 1) & beside[:, :-2] & beside[:, 2:]
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
