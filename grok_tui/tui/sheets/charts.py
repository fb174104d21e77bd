"""The list of all charts that a run has, searched as one types."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key, Resize
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from grok_tui.charts.text import cell_width, fit
from grok_tui.frontend.charts_of_runs import CHARTS, phrase, title
from grok_tui.tui.explorer import OnExplorer
from grok_tui.tui.parts.lines import Span, clean
from grok_tui.tui.parts.page import Page

TITLE_WIDTH = 30  # cells of a title, where there is room for a phrase beside it
NARROW = 60  # cells below which there is none


class Offered(NamedTuple):
    """A chart in the list."""

    id: str
    title: str
    key: str
    phrase: str

    def has(self, words: list[str]) -> bool:
        """Whether title and phrase have all these words."""
        text = f"{self.title} {self.id} {self.phrase}".lower()
        return all(word in text for word in words)


class ChartsScreen(OnExplorer, ModalScreen[str | None]):
    """Gives back the chart that was chosen, or None.

    Args:
        charts: the ids of those that the run has.
        present: the one that is marked at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Leave", show=False)]
    AUTO_FOCUS = "Input"

    def __init__(self, charts: list[str], present: str) -> None:
        super().__init__()
        self._present = present
        self._offered = [
            Offered(chart, title(chart), CHARTS[chart].key if chart in CHARTS else "", phrase(chart))
            for chart in charts
        ]
        self._shown = self._offered

    def compose(self) -> ComposeResult:
        """Build the field above the list."""
        with Vertical(id="chart-sheet"):
            yield Page(id="chart-title")
            yield Input(
                placeholder="type a part of a name or of what it shows", id="chart-search", compact=True
            )
            yield OptionList(id="chart-list")
            yield Page(id="chart-keys")

    def on_mount(self) -> None:
        """Mark the chart that is there."""
        self.call_after_refresh(self._fill)

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002  (Textual's signature)
        """Write the rows for the width there is."""
        self.call_after_refresh(self._fill)

    def on_page_wanted(self, message: Page.Wanted) -> None:
        """Write title and keys."""
        if message.page.id == "chart-title":
            count = f"  {len(self._shown)} of {len(self._offered)}"
            message.page.show([(Span("Charts", "title"), Span(count, "muted"))])
        else:
            keys = (("Enter", "show it here"), ("Up Down", "mark"), ("Esc", "leave"))
            spans = (span for key, word in keys for span in (Span(key, "key"), Span(f" {word}  ", "muted")))
            message.page.show([tuple(spans)])

    def on_key(self, event: Key) -> None:
        """Let the mark move while something is typed."""
        options = self.query_one(OptionList)
        moves: dict[str, Callable[[], None]] = {
            "down": options.action_cursor_down,
            "up": options.action_cursor_up,
            "pagedown": options.action_page_down,
            "pageup": options.action_page_up,
        }
        if event.key in moves:
            moves[event.key]()
            event.stop()

    @on(Input.Changed)
    def _searched(self) -> None:
        self._fill()

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        option = self.query_one(OptionList).highlighted_option
        if option is not None:
            self.dismiss(option.id)

    def action_cancel(self) -> None:
        """Leave all as it is."""
        self.dismiss(None)

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        words = self.query_one(Input).value.lower().split()
        self._shown = [one for one in self._offered if one.has(words)]
        # Those with the words in their name come first.
        self._shown.sort(key=lambda one: not all(word in one.title.lower() for word in words))
        options.clear_options()
        options.add_options(
            [Option(self._row(one, options.size.width - 2), id=one.id) for one in self._shown]
        )
        ids = [one.id for one in self._shown]
        if ids:
            options.highlighted = ids.index(self._present) if self._present in ids and not words else 0
        count = f"  {len(self._shown)} of {len(self._offered)}"
        self.query_one("#chart-title", Page).show([(Span("Charts", "title"), Span(count, "muted"))])

    def _row(self, one: Offered, width: int) -> Content:
        glyphs = self.explorer.glyphs
        name = clean(one.title, ascii_only=glyphs.ascii)
        if width < NARROW:
            return Content.assemble(
                (f"{one.key or ' '} ", "$footer-key-foreground"),
                fit(name, width - 2, ellipsis=glyphs.ellipsis),
            )
        name = fit(name, TITLE_WIDTH, ellipsis=glyphs.ellipsis)
        gap = " " * (TITLE_WIDTH + 1 - cell_width(name))
        said = clean(one.phrase, ascii_only=glyphs.ascii)
        said = fit(said, width - TITLE_WIDTH - 3, ellipsis=glyphs.ellipsis)
        return Content.assemble(
            (f"{one.key or ' '} ", "$footer-key-foreground"), name, gap, (said, "$text-muted")
        )
