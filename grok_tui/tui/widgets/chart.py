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

from grok_tui.tui import keys

if TYPE_CHECKING:
    from grok_tui.charts.picture import Picture, Run


@lru_cache(maxsize=4096)
def rich_style(base: Style, color: str | None, background: str | None, bold: bool, dim: bool) -> Style:
    """Return the look of a run as Rich has it, on the look of what it lies on."""
    return base + Style(
        color=Color.parse(color) if color else None,
        bgcolor=Color.parse(background) if background else None,
        bold=bold or None,
        dim=dim or None,
    )


def strips_of(picture: Picture, base: Style) -> list[Strip]:
    """Return the rows of a picture as Textual wants them, on the look of the place they lie on."""
    return [
        Strip([Segment(run.text, rich_style(base, *run[1:])) for run in row], picture.width)
        for row in picture.rows
    ]


def changed_rows(before: Picture | None, after: Picture) -> list[tuple[int, int]]:
    """Return the rows that differ, and up to which column; all rows where the size differs."""
    if before is None or (before.width, before.height) != (after.width, after.height):
        return [(y, after.width) for y in range(after.height)]
    found = []
    for y, (old, new) in enumerate(zip(before.rows, after.rows, strict=True)):
        if old != new:
            found.append((y, after.width - _same_tail(old, new)))
    return found


def _same_tail(old: tuple[Run, ...], new: tuple[Run, ...]) -> int:
    """Return how many cells at the end of two rows are alike."""
    width = 0
    for one, other in zip(reversed(old), reversed(new), strict=False):
        if one != other:
            break
        width += len(one.text)
    return width


class ChartPane(Widget, can_focus=True):
    """A place for one chart.

    Attributes:
        chart: what is shown here, one of `curves.chart_ids`.
        shown: the key of what was last asked to be drawn here.
    """

    DEFAULT_CSS = """
    ChartPane { height: 1fr; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(keys.pane_bindings("charts"))
    ALLOW_SELECT = False

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

    @property
    def picture(self) -> Picture | None:
        """The latest picture."""
        return self._picture

    def show(self, picture: Picture) -> None:
        """Show a picture; only what differs from the one before is drawn again."""
        width, height = self.size
        if (picture.width, picture.height) != (width, height):
            return  # drawn for a size that is no more; the next one is on its way
        rows = changed_rows(self._picture, picture)
        self._picture, self._strips = picture, None
        if rows:
            self.refresh(*(Region(0, y, end, 1) for y, end in rows))

    def render_line(self, y: int) -> Strip:
        """Return one row of the picture."""
        base = self.rich_style
        if self._strips is None:
            self._strips = strips_of(self._picture, base) if self._picture is not None else []
        if y < len(self._strips):
            return self._strips[y].adjust_cell_length(self.size.width, base)
        return Strip.blank(self.size.width, base)

    def restyle(self) -> None:
        """Forget all looks: the theme has changed."""
        self._strips = None
        self.refresh()

    def on_click(self, event: Click) -> None:
        """Fill the screen, or go back, on a double click."""
        if event.chain == 2:
            self.app.call_later(self.run_action, "screen.chart_maximize")

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom in."""
        event.stop()
        self.post_message(self.Scrolled(1))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom out."""
        event.stop()
        self.post_message(self.Scrolled(-1))
