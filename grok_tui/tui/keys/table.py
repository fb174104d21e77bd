"""The one table of everything a user can do: bindings, help, footer and command palette all derive from it.

A row is all there is to an action: `do` is the way to the method that carries it out, from the app or the
screen that its scope names (`grok_tui.tui.keys.acting`). Keys are Textual's names; a user's keymap replaces
them by id.
"""

from __future__ import annotations

from grok_tui.tui.keys import around_rows, run_rows, view_rows
from grok_tui.tui.keys.action import Action

ACTIONS: tuple[Action, ...] = (*run_rows.ACTIONS, *view_rows.ACTIONS, *around_rows.ACTIONS)
