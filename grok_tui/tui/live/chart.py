"""A place for one chart: it keeps the picture that was drawn for it and hands its rows to Textual."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from grok_tui.charts.text import fit, sanitize
from grok_tui.frontend.charts_of_runs import CHARTS, title
from grok_tui.tui import keys
from grok_tui.tui.explorer import OnExplorer

if TYPE_CHECKING:
    from grok_tui.charts.picture import Picture, TextRun

GUTTER = 3  # cells left of an axis that has no labels yet
FRAMED = 6  # rows from which a chart has axes before it has anything to draw
MEASURE_TO_COME = "measure"
"""The chart of a place for which one is chosen when it is known what the run has."""


@lru_cache(maxsize=4096)
def rich_style(base: Style, color: str | None, background: str | None, bold: bool, dim: bool) -> Style:
    """Return the look of a run as Rich has it, on the look of what it lies on."""
    return base + Style(
        color=Color.parse(color) if color else None,
        bgcolor=Color.parse(background) if background else None,
        bold=bold or None,
        dim=dim or None,
    )


def changed_rows(before: Picture | None, after: Picture) -> list[tuple[int, int]]:
    """Return the rows that differ, and up to which column; all rows where the size differs."""
    if before is None or (before.width, before.height) != (after.width, after.height):
        return [(y, after.width) for y in range(after.height)]
    found = []
    for y, (old, new) in enumerate(zip(before.rows, after.rows, strict=True)):
        if old != new:
            found.append((y, after.width - _same_tail(old, new)))
    return found


def _same_tail(old: tuple[TextRun, ...], new: tuple[TextRun, ...]) -> int:
    """Return how many cells at the end of two rows are alike."""
    width = 0
    for one, other in zip(reversed(old), reversed(new), strict=False):
        if one != other:
            break
        width += len(one.text)
    return width


class ChartPane(OnExplorer, Widget, can_focus=True):
    """A place for one chart, with a bar on its left while it has the focus.

    Attributes:
        chart: what is shown here, one of `charts_of_runs.chart_ids`.
        shown: the key of what was last asked to be drawn here.
    """

    DEFAULT_CSS = """
    ChartPane { height: 1fr; width: 1fr; }
    ChartPane > .chart-pane--bar { color: $border; }
    ChartPane > .chart-pane--axis { color: $text-disabled; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"chart-pane--bar", "chart-pane--axis"}
    BINDINGS: ClassVar[list[BindingType]] = list(keys.pane_bindings("charts"))
    ALLOW_SELECT = False
    MARGIN = 2
    """Columns that are not the picture's: the bar, and a blank one on the right."""

    class Resized(Message):
        """There is other room for the picture."""

    class Scrolled(Message):
        """The wheel was turned over a chart."""

        def __init__(self, direction: int) -> None:
            super().__init__()
            self.direction = direction

    def __init__(self, chart: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.chart = chart
        self.shown: object = None
        self._picture: Picture | None = None
        self._strips: list[Strip] | None = None
        self._base_style: Style | None = None

    @property
    def picture(self) -> Picture | None:
        """The latest picture."""
        return self._picture

    @property
    def room(self) -> tuple[int, int]:
        """Width and height of the picture that there is room for."""
        return max(self.size.width - self.MARGIN, 0), self.size.height

    def open(self, chart: str) -> None:
        """Be the place of another chart."""
        if chart != self.chart:
            self.chart = chart
            if self._picture is None:
                self.restyle()

    def show(self, picture: Picture) -> None:
        """Show a picture; only what differs from the one before is drawn again."""
        if (picture.width, picture.height) != self.room:
            return  # drawn for a size that is no more; the next one is on its way
        rows = changed_rows(self._picture, picture)
        self._picture = picture
        if self._strips is not None and len(rows) < picture.height and len(self._strips) == picture.height:
            for y, _ in rows:  # a row that is kept keeps what Textual has worked out for it
                self._strips[y] = self._styled(self._row(y))
        else:
            self._strips = None
        if rows:
            self.refresh(*(Region(0, y, end + 1, 1) for y, end in rows))

    def restyle(self) -> None:
        """Forget all looks: the theme, the focus or the size has changed."""
        self._strips = self._base_style = None
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return rows as they are; Textual's own way would build each of them anew from its styles."""
        if self._strips is None:
            self._strips = [self._styled(self._row(y)) for y in range(self.size.height)]
        rows = self._strips[crop.y : crop.bottom]
        if crop.column_span == (0, self.size.width):
            return rows
        return [row.crop(*crop.column_span) for row in rows]

    def _row(self, y: int) -> list[Segment]:
        """Return one row of the picture, or of what there is in its place."""
        picture, base = self._picture, self._base
        if picture is None:
            return self._frame(y)
        if (picture.width, picture.height) != self.room:
            return [Segment(" " * self.room[0], base)]
        if picture.error and y == picture.height // 2 and not any(line.strip() for line in picture.lines):
            return [Segment(fit(sanitize(picture.error), picture.width).ljust(picture.width), base)]
        return [Segment(run.text, rich_style(base, *run[1:])) for run in picture.rows[y]]

    def _frame(self, y: int) -> list[Segment]:
        """Return one row while there is nothing to draw yet: title, axes, and what is to come."""
        width, height = self.room
        glyphs, row = self.explorer.glyphs, CHARTS.get(self.chart)
        if y == 0:
            name = fit(title(self.chart) if self.chart != MEASURE_TO_COME else "", width)
            return [Segment(name.ljust(width), self._base + Style(bold=True))]
        foot = height - 2
        if height < FRAMED or width < 2 * GUTTER or y > foot:
            return [Segment(" " * width, self._base)]
        axis = self._base + self.get_component_rich_style("chart-pane--axis", partial=True)
        if y == foot:
            line = glyphs.corner + glyphs.line * (width - GUTTER - 1)
            return [Segment(" " * GUTTER, self._base), Segment(line, axis)]
        inside = width - GUTTER - 1
        brief = row.brief if row is not None and y == (foot + 1) // 2 else ""
        text = fit(brief, inside - 2, ellipsis=glyphs.ellipsis).center(inside)
        return [Segment(" " * GUTTER, self._base), Segment(glyphs.upright, axis), Segment(text, axis)]

    def _styled(self, row: list[Segment]) -> Strip:
        """Return a row of the picture in full width: with the bar and a blank column."""
        base = self._base
        bar = Segment(" ", base)
        if self.has_focus:
            sign = self.explorer.glyphs.bar
            bar = Segment(sign, base + self.get_component_rich_style("chart-pane--bar", partial=True))
        strip = Strip([bar, *row, Segment(" ", base)], self.size.width)
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, self.background_colors[1])
        return strip

    @property
    def _base(self) -> Style:
        """The look of what the picture lies on."""
        if self._base_style is None:
            self._base_style = self.rich_style
        return self._base_style

    def on_focus(self) -> None:
        """Show the bar."""
        self.restyle()

    def on_blur(self) -> None:
        """Take the bar away."""
        self.restyle()

    def on_resize(self) -> None:
        """Use the room there is."""
        self.restyle()
        self.post_message(self.Resized())

    def on_click(self, event: Click) -> None:
        """Fill the screen, or go back, on a double click."""
        if event.chain == 2:
            self.app.call_later(self.run_action, keys.BY_ID["chart.maximize"].call)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom in."""
        event.stop()
        self.post_message(self.Scrolled(1))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom out."""
        event.stop()
        self.post_message(self.Scrolled(-1))
