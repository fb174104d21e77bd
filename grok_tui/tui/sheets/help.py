"""Help: what one is looking at, and all keys, those of the focused pane first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from grok_tui.frontend.charts_of_runs import CHARTS
from grok_tui.tui.keys import ACTIONS, PANES, Action, Pane, Scope, key_name, of_scope
from grok_tui.tui.keys.keymap import keys_of
from grok_tui.tui.parts.lines import Line, Span, clean, wrapped
from grok_tui.tui.sheets import guide
from grok_tui.tui.sheets.sheet import Sheet

if TYPE_CHECKING:
    from grok_tui.frontend.glyphs import Glyphs

KEY_COLUMN = 16
NARROW_KEY_COLUMN = 10
BESIDE = 92  # columns from which descriptions stand beside the verbs
NO_LIMIT = 1000  # rows; a page is scrolled, not cut


class HelpScreen(Sheet):
    """Help for a screen.

    Args:
        scope: the screen that it opens over.
        pane: the pane of the live screen that has the focus, or nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,f1", "close", "Close", show=False)]
    HEADING = "Help"

    def __init__(self, scope: Scope, pane: Pane = "") -> None:
        super().__init__()
        self._scope, self._pane = scope, pane

    def page(self, width: int) -> list[Line]:
        """Return the help for the scope and the pane."""
        keymap = self.explorer.settings.keymap
        return help_lines(self._scope, self._pane, keymap, width, self.explorer.glyphs)


def help_lines(scope: Scope, pane: Pane, keymap: Mapping[str, str], width: int, glyphs: Glyphs) -> list[Line]:
    """Return the whole help in rows of at most `width` cells."""
    page = _Page(width, glyphs)
    if scope == "live":
        if pane:
            page.heading(PANES[pane])
            page.text(guide.PANES[pane])
            page.gap()
            page.keys((action for action in of_scope("live") if action.pane == pane), keymap)
        page.heading("What you see")
        for chart in CHARTS.values():
            page.term(chart.title, chart.meaning)
        for other, meaning in guide.PANES.items():
            if other != "charts":
                page.term(PANES[other], meaning)
        page.term("Timeline", guide.TIMELINE)
        page.gap()
    own = [action for action in of_scope(scope) if not pane or action.pane != pane]
    for area, actions in _by_area([*own, *of_scope("app")]).items():
        page.heading(area.capitalize())
        page.keys(actions, keymap)
    page.heading("Words")
    for word, meaning in guide.WORDS.items():
        page.term(word, meaning)
    return page.rows


def _by_area(actions: Iterable[Action]) -> dict[str, list[Action]]:
    """Group actions by area, in the order of the table, with what concerns the whole program last."""
    found: dict[str, list[Action]] = {}
    for action in actions:
        found.setdefault(action.area, []).append(action)
    found["explorer"] = found.pop("explorer")
    return found


class _Page:
    """Rows that fill up from the top."""

    def __init__(self, width: int, glyphs: Glyphs) -> None:
        self.width, self.glyphs = max(width, 24), glyphs
        self.verbs = max(len(action.verb) for action in ACTIONS) + 2
        self.rows: list[Line] = []

    def gap(self) -> None:
        self.rows.append(())

    def heading(self, text: str) -> None:
        self.rows.append((Span(text, "accent"),))

    def text(self, text: str) -> None:
        self.rows += [(Span(row),) for row in self._wrapped(text, self.width)]

    def term(self, term: str, meaning: str) -> None:
        """Write a term with its meaning beside it, or below it where the term is long."""
        column = min(KEY_COLUMN, self.width // 3)
        if len(term) >= column:
            self.rows.append((Span(term, "title"),))
            term = ""
        for i, row in enumerate(self._wrapped(meaning, self.width - column)):
            lead = Span(term.ljust(column), "title") if i == 0 else Span(" " * column)
            self.rows.append((lead, Span(row)))

    def keys(self, actions: Iterable[Action], keymap: Mapping[str, str]) -> None:
        """Write a row for each action that can be called; what has no key is said to be in the palette."""
        beside = self.width >= BESIDE
        column = KEY_COLUMN if beside else NARROW_KEY_COLUMN
        for action in actions:
            lead = self._lead(keys_of(action, keymap), column)
            verb = clean(action.verb, ascii_only=self._ascii)
            indent = column + self.verbs if beside else column
            rows = self._wrapped(action.description, self.width - indent)
            if beside:
                self.rows.append((lead, Span(verb.ljust(self.verbs)), Span(rows[0], "muted")))
                rows = rows[1:]
            else:
                first, *others = self._wrapped(verb, self.width - column)
                self.rows.append((lead, Span(first)))
                self.rows += [(Span(" " * column), Span(row)) for row in others]
            self.rows += [(Span(" " * indent), Span(row, "muted")) for row in rows]
        self.gap()

    def _lead(self, keys: Sequence[str], column: int) -> Span:
        """Return as many keys as fit."""
        if not keys:
            return Span("Ctrl-P".ljust(column), "muted")
        names = key_name(keys[0])
        for key in keys[1:]:
            if len(names) + 1 + len(key_name(key)) < column:
                names += f" {key_name(key)}"
        return Span(names.ljust(column), "key")

    @property
    def _ascii(self) -> bool:
        return self.glyphs.ascii

    def _wrapped(self, text: str, width: int) -> list[str]:
        return wrapped(clean(text, ascii_only=self._ascii), width, NO_LIMIT)
