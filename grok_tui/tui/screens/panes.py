"""The part of the live screen whose keys go to a pane, or lead out of the screen."""

from __future__ import annotations

from grok_tui.tui.screens.travelling import Travelling
from grok_tui.tui.widgets.claims import Claims
from grok_tui.tui.widgets.log import Log
from grok_tui.tui.widgets.parameters import Parameters


class Panes(Travelling):
    """Hands keys to panes and to the app."""

    def action_parameters_edit(self) -> None:
        """Change the marked parameter."""
        self.query_one(Parameters).edit()

    def action_parameters_previous(self) -> None:
        """Mark the parameter above."""
        self.query_one(Parameters).move(-1)

    def action_parameters_next(self) -> None:
        """Mark the parameter below."""
        self.query_one(Parameters).move(1)

    def action_claims_previous(self) -> None:
        """Open the claim above."""
        self.query_one(Claims).move(-1)

    def action_claims_next(self) -> None:
        """Open the claim below."""
        self.query_one(Claims).move(1)

    def action_log_later(self) -> None:
        """Scroll to later entries."""
        self.query_one(Log).move(-1)

    def action_log_earlier(self) -> None:
        """Scroll to earlier entries."""
        self.query_one(Log).move(1)

    def action_explorer_export(self) -> None:
        """Write curves, screen and command line."""
        self.run_worker(self.explorer.writer.export(), group="files")

    def action_explorer_copy_command(self) -> None:
        """Copy the command line that does the run again."""
        self.run_worker(self.explorer.writer.copy_command(), group="files")

    def action_explorer_presets(self) -> None:
        """Pause, unless the run goes on by itself, and go to the list of presets."""
        source = self.explorer.source
        if source is not None and not source.snapshot.lasting:
            source.pause()
        self.explorer.show_presets()
