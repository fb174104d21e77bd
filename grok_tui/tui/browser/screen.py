"""The preset browser: what there is to run, what it claims, and what came of it last time.

Presets and all that they need are imported in a thread, once the empty screen stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key, Resize
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from grok_tui.engine.run.snapshot import State
from grok_tui.frontend import tour
from grok_tui.numbers import plural
from grok_tui.tui import keys
from grok_tui.tui.explorer import OnExplorer
from grok_tui.tui.keys.acting import Acting
from grok_tui.tui.parts.footer import footer_line, question_line
from grok_tui.tui.parts.lines import Line, Span
from grok_tui.tui.parts.page import Page

if TYPE_CHECKING:
    from grok_tui.frontend.verdicts import Verdicts
    from grok_tui.options import RunOptions
    from grok_tui.tui.browser.entries import Entry

BESIDE = 80  # columns from which the details stand beside the list
BELOW = 30  # rows from which they stand below it on a narrower screen

ABOUT = (
    "a laboratory for grokking: why does a network that has memorized suddenly generalize?",
    "why does a network that has memorized suddenly generalize?",
    "a laboratory for grokking",
)
"""What the program is, the longest that has room first."""

_MEANS = {"medium": ": the claims of full, smaller", "full": ": the sources' settings, for a GPU"}

STYLES = {
    "text": "",
    "muted": "$text-muted",
    "title": "bold",
    "good": "$success",
    "bad": "$error",
    "accent": "$accent",
    "warning": "$warning",
}


class PresetList(OptionList):
    """The list; how its rows are written depends on its width."""

    def on_resize(self, event: Resize) -> None:
        """Write the rows anew when the width has changed."""
        if isinstance(self.screen, BrowserScreen):
            self.screen.rewrite(event.size.width)


class BrowserScreen(Acting, OnExplorer, Screen[None]):
    """Lists all presets, and says which one was chosen.

    Args:
        options: what the chosen preset is to be run with.
        verdicts: the outcomes that are remembered; by default those of the user.

    Attributes:
        profile: the profile that the presets are shown and run with.
    """

    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("browser"))
    AUTO_FOCUS = "PresetList"

    class Chosen(Message):
        """Somebody wants to run a preset."""

        def __init__(self, name: str, options: RunOptions, tour: bool = False) -> None:
            super().__init__()
            self.name, self.options, self.tour = name, options, tour

    def __init__(self, options: RunOptions, verdicts: Verdicts | None = None) -> None:
        super().__init__()
        self.profile = options.profile
        self._options = options
        self._verdicts = verdicts
        self._entries: list[Entry] = []
        self._shown: list[Entry] = []
        self._headings: dict[str, str] = {}
        self._reading = True
        self._question = ""  # which preset is to end a run that has not ended

    def compose(self) -> ComposeResult:
        """Build the screen: a line on top, filter and list beside the details, the keys below."""
        yield Page(id="browser-header")
        with Horizontal(id="browser-body"):
            with Vertical(id="browser-side"):
                yield Input(placeholder="filter by name, source or claim", id="browser-filter", compact=True)
                yield Page(id="browser-note", grows=True)
                yield PresetList(id="browser-list")
            with VerticalScroll(id="browser-scroll", can_focus=True):
                yield Page(id="browser-details", grows=True)
        yield Page(id="browser-footer")

    def on_mount(self) -> None:
        """Begin to read the presets, once the empty screen stands."""
        self.reload()

    def on_screen_resume(self) -> None:
        """Look again at what is there when coming back from a run."""
        if not self._reading:
            self.reload()

    def on_resize(self, event: Resize) -> None:
        """Give the details the room there is."""
        width, height = event.size
        self.set_class(width >= BESIDE, "beside")
        self.set_class(width < BESIDE and height >= BELOW, "below")

    @property
    def _over_a_run(self) -> bool:
        return len(self.app.screen_stack) > 2 and self.explorer.source is not None

    def reload(self) -> None:
        """Read all presets anew, keeping the marked one."""
        self._reading = True
        self.run_worker(self._read(), group="presets", exclusive=True)

    @property
    def marked(self) -> Entry | None:
        """The entry that the cursor is on."""
        option = self.query_one(PresetList).highlighted_option
        return next((entry for entry in self._shown if option is not None and entry.name == option.id), None)

    def rewrite(self, width: int) -> None:
        """Write the rows of the list for its width."""
        options = self.query_one(PresetList)
        for entry in self._shown:
            options.replace_option_prompt(entry.name, self._prompt(entry, width))
        for name, heading in self._headings.items():
            options.replace_option_prompt(_above(name), self._heading(heading, width))

    def start(self) -> None:
        """Start the marked preset."""
        entry = self.marked
        if entry is None:
            return
        if entry.preset is None:
            self.notify(f"{entry.name}: {entry.problem}", severity="error", markup=False)
            return
        if self._would_be_lost and self._question != entry.name:
            self._question = entry.name
            self._write_footer()
            return
        if entry.tour:
            self.post_message(self.Chosen(tour.PRESET, replace(self._options, profile="quick"), tour=True))
            return
        self.post_message(self.Chosen(entry.name, replace(self._options, profile=self.profile)))

    @property
    def _would_be_lost(self) -> bool:
        """Whether there is a run that has begun, not ended, and is nowhere kept."""
        snapshot = self.explorer.snapshot
        if not self._over_a_run or snapshot is None or snapshot.kept:
            return False
        begun = any(arm.step for arm in snapshot.arms)
        return begun and snapshot.state in (State.RUNNING, State.PAUSED, State.REPLAYING)

    def _ask_no_more(self) -> None:
        if self._question:
            self._question = ""
            self._write_footer()

    def mark_next(self, by: int) -> None:
        """Mark the next preset (1) or the one above (-1)."""
        options = self.query_one(PresetList)
        (options.action_cursor_down if by > 0 else options.action_cursor_up)()
        options.focus()

    def mark_end(self, place: int) -> None:
        """Mark the first preset (0) or the last one (-1)."""
        if self._shown:
            options = self.query_one(PresetList)
            options.highlighted = options.get_option_index(self._shown[place].name)
            if place == 0:
                options.scroll_home(animate=False)  # the heading above it has no mark to scroll to
            options.focus()

    def focus_filter(self) -> None:
        """Go to the filter."""
        self.query_one(Input).focus()

    def clear_filter(self) -> None:
        """Show all presets again; where nothing is filtered, go back to the run that there was."""
        typed = self.query_one(Input)
        if self._question:
            self._ask_no_more()
            return
        if self._over_a_run and not typed.value and not typed.has_focus:
            self.dismiss()
            return
        typed.value = ""
        self.query_one(PresetList).focus()

    def turn_profile(self) -> None:
        """Go to the next profile."""
        from grok_tui.presets import PROFILES

        place = PROFILES.index(self.profile) + 1
        self.profile = PROFILES[place % len(PROFILES)]
        self.reload()

    def on_key(self, event: Key) -> None:
        """Let the cursor move while the filter has the focus."""
        options = self.query_one(PresetList)
        if not self.query_one(Input).has_focus:
            return
        moves = {"down": options.action_cursor_down, "up": options.action_cursor_up}
        if event.key in moves:
            moves[event.key]()
            event.stop()

    @on(Input.Changed)
    def _filter_changed(self) -> None:
        self._fill()

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        self.start()

    @on(OptionList.OptionHighlighted)
    def _marked(self) -> None:
        self._ask_no_more()
        self._write_details()
        self.query_one("#browser-scroll").scroll_home(animate=False)

    async def _read(self) -> None:
        self._entries = await asyncio.to_thread(_read, self.profile, self._verdicts)
        self._reading = False
        self._fill()

    def _fill(self) -> None:
        """Fill the list with what passes the filter."""
        if self._reading:
            return
        from grok_tui.tui.browser.entries import headings, matching, tour_entry

        before = self.marked
        options = self.query_one(PresetList)
        text = self.query_one(Input).value
        self._shown = matching(self._entries, text)
        self._headings = {} if text else headings(self._shown)
        if not text and any(entry.name == tour.PRESET for entry in self._entries):
            self._shown = [tour_entry(self._entries), *self._shown]
        width = options.size.width
        options.clear_options()
        for entry in self._shown:
            if entry.name in self._headings:
                prompt = self._heading(self._headings[entry.name], width)
                options.add_option(Option(prompt, id=_above(entry.name), disabled=True))
            options.add_option(Option(self._prompt(entry, width), id=entry.name))
            options.add_option(Option("", disabled=True))  # sets entries apart
        if self._shown:
            names = [entry.name for entry in self._shown]
            present = before.name if before is not None else self.explorer.label if self._over_a_run else ""
            # Whoever has run something here needs no tour, but the list still begins with it.
            known = self._over_a_run or any(entry.outcome is not None for entry in self._entries)
            first = next((entry.name for entry in self._shown if not (entry.tour and known)), names[0])
            marked = present if present in names and not text else first
            options.highlighted = options.get_option_index(marked)
        self._write_header()
        self._write_note()
        self._write_details()

    def _prompt(self, entry: Entry, width: int) -> Content:
        from grok_tui.tui.browser.entries import list_rows

        rows = list_rows(entry, max(width - 2, 12), self.explorer.glyphs)
        return Content("\n").join([_written(row) for row in rows])

    def _heading(self, heading: str, width: int) -> Content:
        from grok_tui.tui.browser.entries import heading_row

        return _written(heading_row(heading, max(width - 2, 12), self.explorer.glyphs))

    def on_page_wanted(self, message: Page.Wanted) -> None:
        """Write one of the texts for another width."""
        writers = {
            "browser-header": self._write_header,
            "browser-footer": self._write_footer,
            "browser-details": self._write_details,
            "browser-note": self._write_note,
        }
        writers[message.page.id or ""]()

    def _write_header(self) -> None:
        header = self.query_one("#browser-header", Page)
        count = "reading presets" if self._reading else plural(len(self._entries), "preset")
        profile = f"{self.profile} profile{_MEANS.get(self.profile, '')}"
        left, right = [Span(" grok-tui", "title")], [Span(f"{count}, {profile}", "muted")]
        if self._over_a_run:
            left += [Span("  Esc", "key"), Span(f" back to {self.explorer.label}", "muted")]
        else:
            room = header.size.width - sum(len(span.text) for span in (*left, *right)) - 4
            left += [Span(f"  {text}", "muted") for text in ABOUT if len(text) <= room][:1]
        header.show([_row(left, right, header.size.width)])

    def _write_note(self) -> None:
        """Say why the list is empty."""
        note = self.query_one("#browser-note", Page)
        text = self.query_one(Input).value
        lines: list[Line] = []
        if not self._shown and not self._reading:
            if self._entries:
                lines = [(Span(f"No preset has '{text}'."),), (Span("Esc shows all again.", "muted"),)]
            else:
                lines = [
                    (Span("There are no presets."),),
                    (Span("D shows where they are looked for.", "muted"),),
                ]
        note.display = bool(lines)
        note.show(lines)

    def _write_details(self) -> None:
        page, entry = self.query_one("#browser-details", Page), self.marked
        if entry is None:
            page.show([])
            return
        from grok_tui.tui.browser.entries import details

        page.show(details(entry, page.size.width, self.explorer.glyphs))

    def _write_footer(self) -> None:
        footer = self.query_one("#browser-footer", Page)
        actions = [a for a in (*keys.of_scope("browser"), *keys.of_scope("app")) if a.footer]
        width = max(footer.size.width - 2, 0)
        if self._question:
            asked = f"{self.explorer.label} has not ended. End it for {self._question}?"
            footer.show([(Span(" "), *question_line(asked, width, self.explorer.glyphs))])
            return
        line = footer_line(actions, State.PAUSED, width, self.explorer.settings.keymap)
        footer.show([(Span(" "), *line)])


def _above(name: str) -> str:
    """Return the id of the heading above a preset; no preset has a name like this."""
    return f"above {name}"


def _written(row: Line) -> Content:
    return Content.assemble(" ", *((span.text, STYLES[span.role]) for span in row))


def _read(profile: str, verdicts: Verdicts | None) -> list[Entry]:
    """Read all presets; in a thread."""
    from grok_tui.frontend.verdicts import Verdicts
    from grok_tui.tui.browser.entries import entries

    return list(entries(profile, verdicts or Verdicts()))


def _row(left: Sequence[Span], right: Sequence[Span], width: int) -> Line:
    """Return a row with spans at both ends; those at the right fall away where there is no room."""
    used = sum(len(span.text) for span in left)
    rest = sum(len(span.text) for span in right) + 1
    if used + rest + 1 > width:
        return tuple(left)
    return (*left, Span(" " * (width - used - rest)), *right)
