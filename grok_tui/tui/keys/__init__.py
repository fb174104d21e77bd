"""The table of actions as others use it: by id, by scope and pane, and as Textual's bindings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from grok_tui.tui.keys.action import PANES, Action, Pane, Scope
from grok_tui.tui.keys.table import ACTIONS

if TYPE_CHECKING:
    from textual.binding import Binding

__all__ = [
    "ACTIONS",
    "BY_ID",
    "NAMES",
    "PANES",
    "Action",
    "Pane",
    "Scope",
    "bindings",
    "key_name",
    "of_scope",
    "pane_bindings",
]

BY_ID = {action.id: action for action in ACTIONS}

NAMES = {
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "question_mark": "?",
    "slash": "/",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift-Tab",
    "space": "Space",
    "home": "Home",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "f1": "F1",
}
"""Textual's names of keys as people write them."""


def key_name(key: str) -> str:
    """Return a key as people write it: "ctrl+p" as "Ctrl-P", "full_stop" as "."."""
    if key in NAMES:
        return NAMES[key]
    if key.startswith("ctrl+"):
        return f"Ctrl-{key[5:].upper()}"
    return key


def of_scope(scope: Scope, pane: Pane | None = None) -> list[Action]:
    """List the actions of a scope in order; of one pane if it is given."""
    return [action for action in ACTIONS if action.scope == scope and pane in (None, action.pane)]


def bindings(scope: Scope) -> list[Binding]:
    """Return the bindings that hold everywhere in a scope, for the `BINDINGS` of the app or a screen.

    In a scope without panes the local keys count as well.
    """
    actions = of_scope(scope)
    return list(_bound(actions, local=False)) + [b for b in _bound(actions, local=True) if scope == "browser"]


def pane_bindings(pane: Pane) -> list[Binding]:
    """Return the bindings that hold while a pane has the focus, for the `BINDINGS` of its widget."""
    return list(_bound((action for action in ACTIONS if action.pane == pane), local=True))


def _bound(actions: Iterable[Action], *, local: bool) -> Iterable[Binding]:
    from textual.binding import Binding

    for action in actions:
        keys = action.local if local else action.keys
        if keys:
            identity = f"{action.id}.{action.pane or action.scope}" if local else action.id
            yield Binding(
                ",".join(keys),
                action.call,
                action.verb,
                tooltip=action.description,
                id=identity,
                priority=action.priority,
            )
