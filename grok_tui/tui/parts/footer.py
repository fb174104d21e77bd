"""The line at the bottom: the keys that matter now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grok_tui.charts.text import cell_width, fit
from grok_tui.tui import keys
from grok_tui.tui.keys.keymap import keys_of
from grok_tui.tui.parts.lines import Line, Lines, Span

if TYPE_CHECKING:
    from grok_tui.engine.run.snapshot import State
    from grok_tui.frontend.glyphs import Glyphs
    from grok_tui.tui.keys import Action, Pane

LAST = ("explorer.help", "explorer.quit")  # always there, on the right
# In these states the run takes no orders but these.
ENDED = ("run.restart", "explorer.presets")
# What there is to do about the past, and of it what is always offered.
PAST = ("time.later", "time.next_mark", "time.return", "time.fork", "view.back")
SLINGSHOTS = "time.next_slingshot"  # offered where there are any
ALWAYS = ("time.later", "time.fork")
FIRST = ("run.toggle", "optimizer.swap", *ALWAYS)


def footer_actions(pane: Pane, state: State, *, past: bool = False, slingshots: bool = False) -> list[Action]:
    """List the actions for the footer, what matters most first; those of the focused pane come early.

    past: whether an earlier step is looked at.
    slingshots: whether the selected arm had any.
    """
    shown = [action for action in (*keys.of_scope("live"), *keys.of_scope("app")) if action.footer]
    shown = [action for action in shown if action.id != SLINGSHOTS or slingshots]
    if past:
        last = [action for action in shown if action.id in (*LAST, "arm.next", SLINGSHOTS)]
        return [*map(keys.BY_ID.__getitem__, PAST), *last]
    shown = [action for action in shown if action.id not in PAST or action.id in ALWAYS]
    if state == "failed":
        return [action for action in shown if action.id in (*ENDED, *LAST)]
    first = [action for action in shown if action.id in FIRST]
    own = [action for action in shown if pane and action.pane == pane]
    common = [action for action in shown if not action.pane and action not in first]
    return first + own + [action for action in common if action not in own]


def footer_line(actions: Sequence[Action], state: State, width: int, keymap: Mapping[str, str]) -> Line:
    """Return as many keys with their meaning as fit in `width` cells, help and quit always among them."""
    entries = [_entry(action, state, keymap) for action in actions if action.id not in LAST]
    last = [_entry(action, state, keymap) for action in actions if action.id in LAST]
    room = width - _width(last)
    kept: list[Line] = []
    for entry in entries:
        if _width([*kept, entry]) + 2 <= room:
            kept.append(entry)
    spans: list[Span] = []
    for entry in kept:
        spans += [*entry, Span("  ")]
    gap = width - sum(cell_width(span.text) for span in spans) - _width(last)
    spans.append(Span(" " * max(gap, 0)))
    for place, entry in enumerate(last):
        spans += [Span("  ")] if place else []
        spans += entry
    return tuple(spans)


def question_line(question: str, width: int, glyphs: Glyphs) -> Line:
    """Return a question in `width` cells, and the keys that answer it."""
    answers = (Span("  Enter", "key"), Span(" yes", "muted"), Span("  Esc", "key"), Span(" no", "muted"))
    room = width - sum(len(span.text) for span in answers)
    return (Span(fit(question, room, ellipsis=glyphs.ellipsis), "warning"), *answers)


def _entry(action: Action, state: State, keymap: Mapping[str, str]) -> Line:
    both = [keys.BY_ID[action.partner]] if action.partner else []
    names = [_key(one, keymap) for one in (*both, action)]
    word = action.footer
    if action.id == "run.toggle" and state not in ("running", "loading"):
        word = "go on"
    elif action.id == "view.back":
        word = "now"
    return (Span(" ".join(name for name in names if name), "key"), Span(f" {word}", "muted"))


def _key(action: Action, keymap: Mapping[str, str]) -> str:
    return keys.key_name(next(iter(keys_of(action, keymap)), ""))


def _width(entries: Sequence[Line]) -> int:
    return sum(cell_width(span.text) for entry in entries for span in entry) + 2 * max(len(entries) - 1, 0)


class Footer(Lines):
    """The line at the bottom."""

    def update_from(
        self,
        pane: Pane,
        state: State,
        *,
        past: bool = False,
        slingshots: bool = False,
        question: str = "",
    ) -> None:
        """Show the keys for a pane and a state, or a question.

        past: whether an earlier step is looked at.
        slingshots: whether the selected arm had any.
        """
        keymap, width = self.explorer.settings.keymap, self.size.width
        if not self.is_news(pane, state, past, slingshots, question, width, tuple(keymap.items())):
            return
        if question:
            self.show([question_line(question, width, self.explorer.glyphs)])
        else:
            actions = footer_actions(pane, state, past=past, slingshots=slingshots)
            self.show([footer_line(actions, state, width, keymap)])
