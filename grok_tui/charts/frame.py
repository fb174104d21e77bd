"""What surrounds the data of a chart: the title line with its legend, thin axes, ticks and their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from grok_tui.charts.axis import Axis
from grok_tui.charts.picture import Grid
from grok_tui.charts.style import Ink, Style
from grok_tui.charts.text import cell_width
from grok_tui.charts.ticks import Tick, ticks

_LABEL_WIDTH = 18  # the longest name in a legend


class LegendEntry(NamedTuple):
    """One curve in the legend: a sample of how it looks, its name and its last value (or nothing).

    optional: whether it is left out, with all others that are, where there is no room for all.
    """

    sample: str
    label: str
    value: str
    ink: Ink
    optional: bool = False


@dataclass(frozen=True)
class Frame:
    """Where the parts of a chart lie in its grid; a row of -1 is left out.

    top, left, width, height: the data area.
    """

    top: int
    left: int
    width: int
    height: int
    mark_row: int
    axis_row: int
    label_row: int
    y_ticks: tuple[Tick, ...]


def lay_out(grid: Grid, y_axis: Axis | None, *, marks: bool = False, gutter: int = 0) -> Frame:
    """Share the grid out: the smaller it is, the fewer decorations; data come first.

    y_axis: what is labelled on the left; without it, `gutter` cells are kept there for other labels.
    """
    title = 1 if grid.height >= 4 else 0
    mark_row = title if marks and grid.height >= 11 else -1
    top = title + (mark_row >= 0)
    below = 2 if grid.height >= 8 else 1 if grid.height >= 5 else 0
    height = grid.height - top - below
    y_ticks: tuple[Tick, ...] = ()
    if y_axis is not None and grid.width >= 20:
        y_ticks = ticks(y_axis, max(2, (height + 2) // 3))
        gutter = max((len(tick.label) for tick in y_ticks), default=0)
        if gutter > grid.width // 3:
            y_ticks, gutter = (), 0
    left = gutter + 1 if grid.width >= 12 else 0
    return Frame(
        top=top,
        left=left,
        width=grid.width - left,
        height=height,
        mark_row=mark_row,
        axis_row=top + height if below == 2 else -1,
        label_row=grid.height - 1 if below else -1,
        y_ticks=y_ticks,
    )


def draw_header(grid: Grid, style: Style, title: str, note: str, entries: Sequence[LegendEntry] = ()) -> int:
    """Write the title on the left and the legend on the right of the first row; what has no room is left out.

    Returns the column after the title.
    """
    title, note = style.clean(title), style.clean(note)
    entries = [entry._replace(label=style.cut(style.clean(entry.label), _LABEL_WIDTH)) for entry in entries]
    needed = [entry for entry in entries if not entry.optional]
    for legend in (entries, needed, [entry._replace(value="") for entry in needed]):
        if cell_width(title) + 2 + _legend_width(legend) <= grid.width:
            break
    while legend and cell_width(title) + 2 + _legend_width(legend) > grid.width:
        legend = legend[1:] if cell_width(title) <= grid.width // 2 else []
    room = grid.width - (_legend_width(legend) + 2 if legend else 0)
    end = grid.write(0, 0, style.cut(title, room), style.ink("text", bold=True))
    if note and end + 1 + cell_width(note) <= room:
        end = grid.write(0, end + 1, note, style.ink("muted"))
    column = grid.width - _legend_width(legend)
    for entry in legend:
        column = grid.write(0, column, f"{entry.sample} ", entry.ink)
        column = grid.write(0, column, entry.label, style.ink("muted"))
        if entry.value:
            column = grid.write(0, column + 1, entry.value, entry.ink)
        column += 2
    return end


def _legend_width(entries: Sequence[LegendEntry]) -> int:
    parts = ([entry.sample, entry.label, *filter(None, [entry.value])] for entry in entries)
    return sum(sum(map(cell_width, part)) + len(part) - 1 + 2 for part in parts) - 2 if entries else 0


def draw_y_axis(grid: Grid, style: Style, frame: Frame, labels: Iterable[tuple[int, str]]) -> None:
    """Draw the axis on the left. labels: what stands beside which rows of the data, counted from below."""
    if not frame.left:
        return
    line, tick_char = ("|", "+") if style.ascii else ("│", "┤")
    ink = style.ink("axis")
    for row in range(frame.top, frame.top + frame.height):
        grid.put(row, frame.left - 1, line, ink)
    taken = set()
    for height, label in labels:
        row = frame.top + frame.height - 1 - height
        if row not in taken:
            taken.add(row)
            grid.write(row, frame.left - 1 - cell_width(label), label, style.ink("muted"))
            grid.put(row, frame.left - 1, tick_char, ink)


def draw_x_axis(
    grid: Grid,
    style: Style,
    frame: Frame,
    axis: Axis | None,
    column_of: Callable[[float], int],
    name: str,
    *,
    counts: bool = True,
) -> None:
    """Draw the axis below the data with its ticks (none without an axis), and its name where there is room.

    column_of: the column of the data area in which a value lies.
    counts: the values are steps or numbers of things, and only whole ones are labelled.
    """
    line, tick_char, corner = ("-", "+", "+") if style.ascii else ("─", "┬", "└")
    ink = style.ink("axis")
    if frame.axis_row >= 0:
        if frame.left:
            grid.put(frame.axis_row, frame.left - 1, corner, ink)
        for column in range(frame.left, grid.width):
            grid.put(frame.axis_row, column, line, ink)
    if frame.label_row < 0 or axis is None:
        return
    end = 0
    for column, start, label in _spread(frame, axis, column_of, grid.width, counts):
        if frame.axis_row >= 0:
            grid.put(frame.axis_row, column, tick_char, ink)
        end = grid.write(frame.label_row, start, label, style.ink("muted"))
    name = style.clean(name)
    if name and end + 2 + cell_width(name) <= grid.width:
        grid.write(frame.label_row, grid.width - cell_width(name), name, style.ink("muted"))


def _spread(
    frame: Frame, axis: Axis, column_of: Callable[[float], int], width: int, counts: bool
) -> list[tuple[int, int, str]]:
    """Return column, start of the label and label of as many ticks as fit without touching one another."""
    for most in range(max(1, min(frame.width // 10, 10)), 0, -1):
        placed = []
        end = -2
        for tick in ticks(axis, most, counts=counts):
            column = frame.left + column_of(tick.value)
            start = max(0, min(column - (len(tick.label) - 1) // 2, width - len(tick.label)))
            if start < end + 2 or len(tick.label) > width:
                break
            placed.append((column, start, tick.label))
            end = start + len(tick.label)
        else:
            return placed
    return []


def write_centred(grid: Grid, style: Style, text: str) -> None:
    """Write a quiet line in the middle of a chart that has nothing to draw."""
    text = style.cut(style.clean(text), grid.width)
    grid.write(grid.height // 2, (grid.width - cell_width(text)) // 2, text, style.ink("muted"))
