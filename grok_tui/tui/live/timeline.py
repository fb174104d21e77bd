"""A strip over the whole run: when something happened to the selected arm, and where the run is now."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from grok_tui.charts.text import cell_width
from grok_tui.frontend.happenings import happenings
from grok_tui.tui.parts.lines import Line, Lines, Span, clean

if TYPE_CHECKING:
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.frontend.glyphs import Glyphs


def timeline_line(
    arm: ArmStatus, width: int, glyphs: Glyphs, *, log: bool, cursor: int | None = None
) -> Line:
    """Return the strip: from the first step on the left to the last planned one on the right."""
    if width < 8:
        return ()
    cells = [Span(glyphs.line, "axis")] * width
    cells[0], cells[-1] = Span(glyphs.left, "axis"), Span(glyphs.right, "axis")
    now = _column(arm.step, arm.end, width, log)
    for column in range(1, now):
        cells[column] = Span(glyphs.line, "muted")
    cells[now] = Span(glyphs.now, "accent")
    marks = [(_column(step, arm.end, width, log), label, kind) for step, label, kind in happenings(arm)]
    if cursor is not None:
        place = _column(cursor, arm.end, width, log)
        marks = sorted([*(mark for mark in marks if mark[0] != place), (place, "", "cursor")])
    for place, (column, label, kind) in enumerate(marks):
        signs = {"event": glyphs.event, "intervention": glyphs.intervention, "cursor": glyphs.cursor}
        cells[column] = Span(signs[kind], "accent" if kind == "cursor" else "mark")
        following = marks[place + 1][0] if place + 1 < len(marks) else width - 1
        text = f" {clean(label)} " if label else ""
        end = min(column + cell_width(text), following - 1)
        if end >= column + cell_width(text) - 1 and not column < now <= end:
            for offset, char in enumerate(text[: end - column], start=1):
                cells[column + offset] = Span(char, "muted")
    return _merged(cells)


def _column(step: int, end: int, width: int, log: bool) -> int:
    if step <= 0:
        return 1
    share = math.log10(max(step, 1)) / math.log10(max(end, 10)) if log else step / max(end, 1)
    return 1 + round(min(share, 1.0) * (width - 3))


def _merged(cells: list[Span]) -> Line:
    spans: list[Span] = []
    for cell in cells:
        if spans and spans[-1].role == cell.role:
            spans[-1] = Span(spans[-1].text + cell.text, cell.role)
        else:
            spans.append(cell)
    return tuple(spans)


class Timeline(Lines):
    """The strip over the whole run."""

    def update_from(self, arm: ArmStatus, *, log: bool, cursor: int | None) -> None:
        """Show what happened to an arm, and where one looks."""
        self.show([timeline_line(arm, self.size.width, self.explorer.glyphs, log=log, cursor=cursor)])
