"""A text that is written anew whenever the width changes that there is for it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.events import Resize
from textual.message import Message
from textual.strip import Strip

from grok_tui.tui.widgets.lines import Line, Lines


class Page(Lines):
    """Rows of spans that depend on the width; whoever writes them is told of it.

    Args:
        grows: whether it is as high as it has rows.
    """

    class Wanted(Message):
        """The page is to be written for its width."""

        def __init__(self, page: Page, width: int) -> None:
            super().__init__()
            self.page, self.width = page, width

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002  (Textual's name)
        classes: str | None = None,
        grows: bool = False,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._grows = grows

    def show(self, lines: Sequence[Line]) -> None:
        """Show other rows."""
        super().show(lines)
        if self._grows:
            # `height: auto` can stay at what it was: Textual caches it, and does not notice rows that change
            # between a request for a layout and that layout.
            self.styles.height = len(lines)

    def on_resize(self, event: Resize) -> None:
        """Ask for the rows."""
        if event.size.width > 0:
            self.post_message(self.Wanted(self, event.size.width))

    def render_line(self, y: int) -> Strip:
        """Return one row on the page's own background."""
        return super().render_line(y).apply_style(self.rich_style)
