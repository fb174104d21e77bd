"""A page of text that opens over another screen, and closes with Esc."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen

from grok_tui.tui.widgets.lines import Line, Lines, Span

if TYPE_CHECKING:
    from grok_tui.tui.app import ExplorerApp


class Sheet(ModalScreen[None]):
    """A title, a page that scrolls, and the keys that work here."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close", "Close", show=False)]
    AUTO_FOCUS = "#sheet-scroll"
    HEADING = ""
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (("Esc", "close"), ("Up Down", "scroll"))

    def compose(self) -> ComposeResult:
        """Build the page."""
        with Vertical(id="sheet"):
            yield Lines(id="sheet-title")
            with VerticalScroll(id="sheet-scroll"):
                yield Lines(id="sheet-page")
            yield Lines(id="sheet-keys")

    def on_mount(self) -> None:
        """Write the page once its width is known."""
        self.call_after_refresh(self.write)

    def on_resize(self) -> None:
        """Write the page for another width."""
        self.call_after_refresh(self.write)

    @property
    def explorer(self) -> ExplorerApp:
        """The app, as what it is."""
        return cast("ExplorerApp", self.app)

    def page(self, width: int) -> list[Line]:
        """Return the text in rows of at most `width` cells."""
        raise NotImplementedError

    def write(self) -> None:
        """Write the page for the width there is."""
        width = self.query_one("#sheet-scroll").content_size.width
        if width > 0:
            self.query_one("#sheet-page", Lines).show(self.page(width))
        self.query_one("#sheet-title", Lines).show([(Span(self.HEADING, "title"),)])
        spans = [
            Span(part, role)
            for key, word in self.KEYS
            for part, role in ((key, "key"), (f" {word}  ", "muted"))
        ]
        self.query_one("#sheet-keys", Lines).show([tuple(spans)])

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss()
