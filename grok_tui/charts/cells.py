"""A table of which every cell is of one of a few kinds, e.g. the pairs of symbols that a network knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grok_tui.charts.frame import LegendEntry, draw_header, write_centred
from grok_tui.charts.model import Cells
from grok_tui.charts.picture import Grid, halves
from grok_tui.charts.style import Ink, Style
from grok_tui.charts.text import cell_width

_SIGNS = "·█▒x"
_ASCII_SIGNS = ".#+x"


def draw_cells(chart: Cells, grid: Grid, style: Style) -> None:
    """Draw a table as squares: coloured ones, two to a character, or a sign for each kind."""
    colors = [style.palette.color(color) for _, color in chart.kinds]
    told = not style.ascii and len(set(colors)) == len(colors) and None not in colors
    signs = _ASCII_SIGNS if style.ascii else "█" * len(colors) if told else _SIGNS
    total = max(1, int((chart.kind >= 0).sum()))
    entries = [
        LegendEntry(sign, label, f"{int((chart.kind == i).sum()) / total:.0%}", Ink(color), optional=i > 1)
        for i, (sign, (label, _), color) in enumerate(zip(signs, chart.kinds, colors, strict=False))
    ]
    draw_header(grid, style, chart.title, chart.note, entries)
    top = 1 if grid.height >= 4 else 0
    height = grid.height - top
    if not chart.kind.size or height < 1:
        write_centred(grid, style, chart.empty)
        return
    per_row = 2 if told else 1
    rows, columns = _fit(chart.kind, height * per_row, grid.width, per_row)
    kinds = chart.kind[np.ix_(rows, columns)]
    if told and len(kinds) % 2:
        kinds = np.vstack([kinds, np.full((1, kinds.shape[1]), -1, dtype=kinds.dtype)])
    left = (grid.width - kinds.shape[1]) // 2
    top += (height - len(kinds) // per_row) // 2
    if told:
        _draw_halves(grid, top, left, kinds, [color for color in colors if color])
    else:
        for row, column in zip(*np.nonzero(kinds >= 0), strict=True):
            kind = kinds[row, column]
            grid.put(top + row, left + column, signs[kind], Ink(colors[kind]))


def draw_compact_cells(chart: Cells, grid: Grid, style: Style) -> None:
    """Write how many cells are of each kind."""
    total = max(1, int((chart.kind >= 0).sum()))
    parts = [f"{(chart.kind == i).sum() / total:.0%} {label}" for i, (label, _) in enumerate(chart.kinds)]
    text = parts[0]
    for part in parts[1:]:
        if cell_width(text) + 2 + cell_width(part) <= grid.width:
            text += f", {part}"
    write_centred(grid, style, text if chart.kind.size else chart.empty)


def _fit(
    kind: NDArray[np.int8], height: int, width: int, per_row: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which rows and columns of a table are drawn, each as often as there is room for squares.

    A table that is too large is thinned evenly.
    """
    rows, columns = kind.shape
    wide = 2 // per_row  # columns that a square needs
    size = max(1, min(height // rows, width // (columns * wide)))
    return _places(rows, size, height), _places(columns, size * wide, width)


def _places(count: int, size: int, room: int) -> NDArray[np.intp]:
    if count * size <= room:
        return np.repeat(np.arange(count), size)
    shown = min(count, room)
    return np.arange(shown) * count // shown


def _draw_halves(grid: Grid, top: int, left: int, kinds: NDArray[np.int8], colors: list[str]) -> None:
    """Draw two cells a character, one as foreground and one as background; kinds: [2 n, m]."""
    shades = [*colors, None]  # -1 is the last
    for row in range(len(kinds) // 2):
        for column, (upper, lower) in enumerate(zip(kinds[2 * row], kinds[2 * row + 1], strict=True)):
            grid.put(top + row, left + column, *halves(shades[upper], shades[lower]))
