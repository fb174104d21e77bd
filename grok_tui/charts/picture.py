"""A drawn chart: rows of styled runs, and the grid of cells that they are collected in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from grok_tui.charts.style import PLAIN_INK, Ink
from grok_tui.charts.text import cell_width, fit


class TextRun(NamedTuple):
    """Neighbouring cells of one row that look the same."""

    text: str
    color: str | None = None
    background: str | None = None
    bold: bool = False
    dim: bool = False


@dataclass(frozen=True)
class Picture:
    """A chart as text: `height` rows, each a tuple of runs that fill exactly `width` cells.

    error: what went wrong while drawing, or nothing.
    """

    width: int
    height: int
    rows: tuple[tuple[TextRun, ...], ...]
    error: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each row without its looks."""
        return tuple("".join(run.text for run in row) for row in self.rows)


class Grid:
    """A sheet of cells to write on; what lies outside of it is ignored."""

    def __init__(self, width: int, height: int) -> None:
        self.width = max(width, 0)
        self.height = max(height, 0)
        self._chars = [[" "] * self.width for _ in range(self.height)]
        self._inks = [[PLAIN_INK] * self.width for _ in range(self.height)]
        self._paper: dict[tuple[int, int], str] = {}

    def put(self, row: int, column: int, char: str, ink: Ink = PLAIN_INK) -> None:
        """Write a character that is one cell wide, on the paper unless it has its own background."""
        if 0 <= row < self.height and 0 <= column < self.width:
            self._chars[row][column] = char
            paper = self._paper.get((row, column)) if ink.background is None else None
            self._inks[row][column] = ink._replace(background=paper) if paper else ink

    def lay_paper(self, row: int, column: int, color: str) -> None:
        """Set the background for what is written into a cell from now on."""
        self._paper[row, column] = color

    def write(self, row: int, column: int, text: str, ink: Ink = PLAIN_INK) -> int:
        """Write sanitized text, cut where the row ends; return the column after it."""
        for char in fit(text, self.width - column, ellipsis=""):
            self.put(row, column, char, ink)
            column += 1
            if cell_width(char) == 2:
                self.put(row, column, "", ink)  # the second cell of a wide character holds nothing of its own
                column += 1
        return column

    def picture(self, *, error: str = "") -> Picture:
        """Return what is written, as few runs a row as possible."""
        rows = tuple(_runs(chars, inks) for chars, inks in zip(self._chars, self._inks, strict=True))
        return Picture(self.width, self.height, rows, error)


def halves(upper: str | None, lower: str | None) -> tuple[str, Ink]:
    """Return a character, and its looks, that shows two colours, one above the other; None shows nothing."""
    if upper is None:
        return ("▄", Ink(lower)) if lower is not None else (" ", PLAIN_INK)
    return "▀", Ink(upper, lower)


def _runs(chars: list[str], inks: list[Ink]) -> tuple[TextRun, ...]:
    """Merge cells into runs; a space looks the same in every foreground, and so joins its neighbours."""
    runs: list[TextRun] = []
    start, current, blank = 0, PLAIN_INK, True
    for column, (char, ink) in enumerate(zip(chars, inks, strict=True)):
        if char == " " and ink.background == current.background:
            continue
        if ink != current:
            if column > start and not (blank and ink.background == current.background):
                runs.append(TextRun("".join(chars[start:column]), *current))
                start = column
            current = ink
        blank = False
    if chars:
        runs.append(TextRun("".join(chars[start:]), *current))
    return tuple(runs)
