"""Events and interventions on a chart: a thin line at their step, with a glyph and a name on top."""

from __future__ import annotations

from collections.abc import Sequence

from grok_tui.charts.axis import Axis
from grok_tui.charts.frame import Frame
from grok_tui.charts.model import Mark
from grok_tui.charts.picture import Grid
from grok_tui.charts.style import ASCII_MARKS, MARKS, Style
from grok_tui.charts.text import cell_width

_LINES = {"event": "┊", "intervention": "╎", "cursor": "│"}
_ASCII_LINES = {"event": "|", "intervention": "|", "cursor": "|"}
_ORDER = ("event", "intervention", "cursor")
_CROWDED = 6  # cells a mark must have on average for its line to be drawn


def draw_marks(grid: Grid, style: Style, frame: Frame, marks: Sequence[Mark], axis: Axis, dots: int) -> None:
    """Draw the marks that lie on the axis. dots: columns of dots in a cell.

    Of several in one column the last wins, an intervention before an event, and the cursor before both. When
    marks crowd, lines are left to the interventions, and then to the cursor alone.
    """
    placed: dict[int, Mark] = {}
    for mark in sorted(marks, key=lambda mark: _ORDER.index(mark.kind)):
        if 0 <= axis.units(mark.step) <= 1:
            placed[axis.cell(mark.step, frame.width, dots)] = mark
    for column, mark in placed.items():
        rivals = sum(mark.kind == "event" or other.kind == mark.kind for other in placed.values())
        if mark.kind == "cursor" or rivals * _CROWDED <= frame.width:
            char = (_ASCII_LINES if style.ascii else _LINES)[mark.kind]
            ink = style.ink(mark.color)
            for row in range(frame.top, frame.top + frame.height):
                grid.put(row, frame.left + column, char, ink)
    _draw_glyphs(grid, style, frame, sorted(placed.items()))


def _draw_glyphs(grid: Grid, style: Style, frame: Frame, placed: list[tuple[int, Mark]]) -> None:
    """Put the glyphs above the data, with their names where there is room; on small charts on the x axis."""
    row = frame.mark_row if frame.mark_row >= 0 else frame.axis_row
    free = frame.left
    for place, (column, mark) in enumerate(placed):
        glyph = (ASCII_MARKS if style.ascii else MARKS)[mark.kind]
        start = frame.left + column
        grid.put(row, start, glyph, style.ink(mark.color))
        if frame.mark_row < 0:
            continue
        label = style.clean(mark.label)
        taken = cell_width(label) + 1  # with a space to its glyph
        room = frame.left + placed[place + 1][0] if place + 1 < len(placed) else grid.width + 1
        if start + 1 + taken < room:
            free = grid.write(row, start + 2, label, style.ink(mark.color)) + 1
        elif start - taken >= free:
            grid.write(row, start - taken, label, style.ink(mark.color))
            free = start + 2
        else:
            free = start + 2
