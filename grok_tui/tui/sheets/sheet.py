"""A page of text that opens over another screen, and closes with Esc."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen

from grok_tui.tui.explorer import OnExplorer
from grok_tui.tui.parts.lines import Line, Span
from grok_tui.tui.parts.page import Page


class Sheet(OnExplorer, ModalScreen[None]):
    """A title, a page that scrolls, and the keys that work here."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close", "Close", show=False)]
    AUTO_FOCUS = "#sheet-scroll"
    HEADING = ""
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (("Esc", "close"), ("Up Down", "scroll"))

    def compose(self) -> ComposeResult:
        """Build the page."""
        with Vertical(id="sheet"):
            yield Page(id="sheet-title")
            with VerticalScroll(id="sheet-scroll"):
                yield Page(id="sheet-page", grows=True)
            yield Page(id="sheet-keys")

    def page(self, width: int) -> list[Line]:
        """Return the text in rows of at most `width` cells."""
        raise NotImplementedError

    def on_page_wanted(self, message: Page.Wanted) -> None:
        """Write title, page and keys for the width there is."""
        page, width = message.page, message.width
        if page.id == "sheet-title":
            page.show([(Span(self.HEADING, "title"),)])
        elif page.id == "sheet-keys":
            page.show([tuple(span for key, word in self.KEYS for span in _hint(key, word))])
        else:
            page.show(self.page(width))

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss()


def _hint(key: str, word: str) -> Line:
    return (Span(key, "key"), Span(f" {word}  ", "muted"))
