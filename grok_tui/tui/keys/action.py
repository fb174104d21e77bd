"""What an action is: something a user can do, where, and by which keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["app", "live", "browser"]
Pane = Literal["", "charts", "parameters", "claims", "log"]

PANES: dict[Pane, str] = {
    "charts": "Charts",
    "parameters": "Parameters",
    "claims": "Claims",
    "log": "Event log",
}
"""The panes of the live screen that can have the focus, with the titles of their help."""


@dataclass(frozen=True)
class Action:
    """Something a user can do.

    Attributes:
        id: area and what is done, e.g. "optimizer.swap"; also the id in a user's keymap.
        keys: what calls it anywhere in its scope.
        verb: the imperative, e.g. "Take one step"; the palette shows "run: Take one step".
        description: one line for the help.
        do: what carries it out: the way to a method from the app or the screen that the scope names.
        given: what that is called with.
        when: the way to what is true where it can be done now; "" where it always can.
        scope: where it can be done.
        pane: the pane whose help lists it first; "" for none in particular.
        local: further keys, that call it only while `pane` has the focus.
        footer: a word or two for the footer; "" keeps it out of there.
        partner: the action that does the opposite, whose key the footer shows as well.
        priority: whether its keys come before those of the pane that has the focus.
        hidden: whether the palette leaves it out, because it makes sense by its key alone.
    """

    id: str
    keys: tuple[str, ...]
    verb: str
    description: str
    do: str
    scope: Scope = "live"
    given: tuple[object, ...] = ()
    when: str = ""
    pane: Pane = ""
    local: tuple[str, ...] = ()
    footer: str = ""
    partner: str = ""
    priority: bool = False
    hidden: bool = False

    @property
    def area(self) -> str:
        """The part of the program it belongs to; also the group in the help."""
        return self.id.partition(".")[0]

    @property
    def title(self) -> str:
        """The name in the command palette, `area: Verb`."""
        return f"{self.area}: {self.verb}"

    @property
    def call(self) -> str:
        """The Textual action that carries it out, for `App.run_action`."""
        target = "app" if self.scope == "app" else "screen"
        return f"{target}.do({self.id!r})"
