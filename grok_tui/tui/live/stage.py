"""What the parts of the live screen know of it, and of each other nothing more than they are given."""

from __future__ import annotations

from textual.screen import Screen

from grok_tui.tui.explorer import OnExplorer


class Stage(OnExplorer, Screen[None]):
    """The live screen as its parts see it."""

    def hasten(self) -> None:
        """Show at once what a key has changed about the view."""
        raise NotImplementedError

    def expect(self) -> None:
        """Show what comes of an order as soon as it is there."""
        raise NotImplementedError

    def relayout(self) -> None:
        """Divide the screen by its size and by what the user wants to see."""
        raise NotImplementedError
