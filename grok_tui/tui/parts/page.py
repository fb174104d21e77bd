"""A text that is written anew whenever the width changes that there is for it."""

from __future__ import annotations

from textual.events import Resize
from textual.message import Message
from textual.strip import Strip

from grok_tui.tui.parts.lines import Lines


class Page(Lines):
    """Rows of spans that depend on the width; whoever writes them is told of it."""

    class Wanted(Message):
        """The page is to be written for its width."""

        def __init__(self, page: Page, width: int) -> None:
            super().__init__()
            self.page, self.width = page, width

    def on_resize(self, event: Resize) -> None:
        """Ask for the rows."""
        if event.size.width > 0:
            self.post_message(self.Wanted(self, event.size.width))

    def render_line(self, y: int) -> Strip:
        """Return one row on the page's own background."""
        return super().render_line(y).apply_style(self.rich_style)
