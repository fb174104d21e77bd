"""From a row of the action table to what carries it out."""

from __future__ import annotations

from collections.abc import Callable

from textual.message_pump import MessagePump

from grok_tui.tui.keys import BY_ID, Action


def handler(holder: object, action: Action) -> Callable[..., object] | None:
    """Return what carries an action out, or None where its holder has no such thing.

    holder: the app or the screen that the action's scope names.
    """
    found: object = holder
    for name in action.do.split("."):
        found = getattr(found, name, None)
    return found if callable(found) else None


def can_do(holder: object, action: Action) -> bool:
    """Whether an action can be carried out by its holder as it stands."""
    if handler(holder, action) is None:
        return False
    found: object = holder
    for name in action.when.split(".") if action.when else ():
        found = getattr(found, name, False)
    return bool(found)


class Acting(MessagePump):
    """The app or a screen, to which Textual brings the keys of the table as its action `do`."""

    def action_do(self, identity: str) -> None:
        """Carry out the action of this id."""
        action = BY_ID[identity]
        do = handler(self, action)
        if do is not None:
            do(*action.given)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether an action can be done now, so that its key goes on to others where it cannot."""
        return can_do(self, BY_ID[str(parameters[0])]) if action == "do" else True
