"""The part of the live screen that stands before there is a run: what goes on, and which keys wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from grok_tui.tui.keys import BY_ID
from grok_tui.tui.live.claims import Claims
from grok_tui.tui.live.header import Header
from grok_tui.tui.live.stage import Stage
from grok_tui.tui.live.viewing import Viewing
from grok_tui.tui.parts.footer import Footer

if TYPE_CHECKING:
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.presets import Preset
    from grok_tui.tui.keys import Pane

LONG = 2.0  # seconds of loading after which it is said how many
READING = "reading the preset"
FOR_A_RUN = ("run", "optimizer", "data", "time", "arm")
"""The areas of what can only be done to a run."""
MOST_HELD = 20  # keys


class Loading:
    """What is shown and kept until the run is there.

    linear: whether steps are on a linear axis, whatever the preset says.
    """

    def __init__(self, stage: Stage, viewing: Viewing, *, linear: bool = False) -> None:
        self._stage, self._viewing = stage, viewing
        self._linear = linear
        self.began = time.monotonic()
        self._held: list[str] = []  # the actions that wait for the run
        self._opened = False  # whether the charts are those of the preset

    def show(self, snapshot: Snapshot | None, pane: Pane) -> None:
        """Show what goes on and what is to come, and the keys of the pane that has the focus."""
        from grok_tui.engine.run.snapshot import Snapshot, State

        preset = snapshot.preset if snapshot is not None else None
        self.open_on(preset)
        doing = (snapshot.doing if snapshot is not None else "") or READING
        waited = time.monotonic() - self.began
        if waited > LONG:
            doing += f", {waited:.0f} s"
        shown = Snapshot(State.LOADING, doing=doing)
        stage = self._stage
        stage.query_one(Header).update_from(stage.explorer.label, shown, None, past=False)
        stage.query_one(Footer).update_from(pane, State.LOADING)
        stage.query_one(Claims).await_run(preset.claims if preset is not None else ())

    def open_on(self, preset: Preset | None) -> None:
        """Show the charts of a preset, once, as soon as it is known."""
        if preset is None or self._opened:
            return
        from grok_tui.frontend.opening_charts import opening_charts

        self._opened = True
        chosen = self._stage.explorer.settings.layout.charts
        axis = "linear" if self._linear else preset.view.axis
        self._viewing.open(chosen or opening_charts(preset), axis)

    def holds(self, identity: str) -> bool:
        """Keep an action that needs a run while there is none; return whether it was kept."""
        action, snapshot = BY_ID[identity], self._stage.explorer.snapshot
        if action.area not in FOR_A_RUN or (snapshot is not None and (snapshot.arms or snapshot.failure)):
            return False
        if len(self._held) < MOST_HELD:
            self._held.append(identity)
            self._stage.notify(f"{action.verb}: as soon as the run is there", timeout=3)
        return True

    def released(self) -> list[str]:
        """Return the actions that were kept, which are then kept no longer."""
        held, self._held = self._held, []
        return held
