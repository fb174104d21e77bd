"""The part of the live screen that looks at the run: which charts, which axes, which part of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grok_tui.frontend.charts_of_runs import CHARTS, chart_ids, claim_chart, is_vector, lacking
from grok_tui.frontend.view import View, last_step
from grok_tui.tui.live.chart import MEASURE_TO_COME, ChartPane
from grok_tui.tui.live.stage import Stage


class Viewing:
    """How the charts are looked at.

    Attributes:
        view: how all charts are looked at.
        places: the panes of the charts, in reading order; some may be hidden.
        filling: the pane that fills the screen, or None.
        claim: the number of the claim whose charts are shown, from 0, or None.
        comparisons: how many charts those are.
        selected: the arm that is selected, by name.
    """

    def __init__(self, stage: Stage) -> None:
        self.view = View()
        self.places: list[ChartPane] = []
        self.filling: ChartPane | None = None
        self.claim: int | None = None
        self.comparisons = 0
        self.selected = ""
        self._before: list[str] = []  # the charts that a claim's charts have taken the places of
        self._stage = stage
        self._current = 0
        self._chosen: set[int] = set()  # the places for which a chart was chosen by hand
        self._axis_chosen = False

    @property
    def cursor(self) -> int | None:
        """The step that is looked at, or None for now."""
        return self.view.cursor

    @property
    def last_step(self) -> int:
        """The step at which what is looked at ends."""
        snapshot = self._stage.explorer.snapshot
        return last_step(snapshot, self.view, self.selected) if snapshot is not None else 0

    @property
    def current(self) -> ChartPane:
        """The chart that keys for charts go to: the one that has, or last had, the focus."""
        shown = [pane for pane in self.places if pane.display] or self.places
        for place, pane in enumerate(self.places):
            if pane.has_focus:
                self._current = place
        chosen = self.places[self._current]
        return chosen if chosen in shown else shown[0]

    def open(self, charts: Sequence[str], axis: str = "log") -> None:
        """Show these charts in their order, and the axis of steps so; what a key has chosen stays."""
        for place, pane in enumerate(self.places):
            if place not in self._chosen:
                pane.open(charts[place] if place < len(charts) else MEASURE_TO_COME)
        if not self._axis_chosen:
            self.look(replace(self.view, log_x=axis == "log"))

    def look(self, view: View) -> None:
        """Look at the charts in another way."""
        if view != self.view:
            self.view = view
            self._stage.hasten()

    def move_cursor(self, step: int | None) -> None:
        """Look at the run as it was at a step, or as it is now."""
        self.look(self.view.at(step, self.last_step))

    def show_chart(self, chart: str) -> None:
        """Go to a chart; where it is not on the screen, the current place shows it."""
        snapshot = self._stage.explorer.snapshot
        why = lacking(chart, snapshot) if snapshot is not None else ""
        if why:
            self._stage.notify(why, severity="warning")
            return
        pane = next((pane for pane in self.places if pane.display and pane.chart == chart), None)
        if pane is None:
            pane = self.current
            self._choose(pane, chart)
        pane.focus()
        self._stage.hasten()

    def chart_ids(self) -> list[str]:
        """List the charts that the run has."""
        snapshot = self._stage.explorer.snapshot
        return chart_ids(snapshot) if snapshot is not None else list(CHARTS)

    def choose(self) -> None:
        """Choose a chart for the current place from the list of all that the run has."""
        from grok_tui.tui.sheets.charts import ChartsScreen

        pane = self.current

        def take(chart: str | None) -> None:
            if chart is not None:
                self._choose(pane, chart)
                pane.focus()
                self._stage.hasten()

        self._stage.app.push_screen(ChartsScreen(self.chart_ids(), pane.chart), take)

    def turn(self, by: int) -> None:
        """Show the next chart in the current place, or the previous one."""
        charts, pane = self.chart_ids(), self.current
        place = charts.index(pane.chart) if pane.chart in charts else 0
        self._choose(pane, charts[(place + by) % len(charts)])
        self._stage.hasten()

    def _choose(self, pane: ChartPane, chart: str) -> None:
        """Show a chart in a place, because somebody asked for it."""
        self._chosen.add(self.places.index(pane))
        pane.open(chart)

    def open_claim(self, claim: int, comparisons: int) -> None:
        """Show the charts of a claim, one for each of its comparisons, in place of the others."""
        self.close_claim()
        self._before = [pane.chart for pane in self.places]
        self.claim, self.filling = claim, None
        self.comparisons = min(comparisons, len(self.places))
        for place, pane in enumerate(self.places[: self.comparisons]):
            pane.open(claim_chart(claim, place))
        self.places[0].focus()
        self._stage.relayout()

    def close_claim(self) -> bool:
        """Show the charts that were there before; return whether it was a claim's that were shown."""
        if self.claim is None:
            return False
        self.claim = None
        for pane, chart in zip(self.places, self._before, strict=True):
            pane.open(chart)
        self._stage.relayout()
        return True

    def maximize(self) -> None:
        """Let the current chart fill the screen, or go back."""
        self.filling = None if self.filling is not None else self.current
        self._stage.relayout()

    def turn_weights(self) -> None:
        """Show weights and vectors in the next way, and go to the weights if there are none on the screen."""
        snapshot = self._stage.explorer.snapshot
        shown = [pane.chart for pane in self.places if pane.display]
        if not any(chart == "weights" or (snapshot and is_vector(chart, snapshot)) for chart in shown):
            self.show_chart("weights")
        else:
            self.look(self.view.next_weights())

    def turn_log_x(self) -> None:
        """Swap logarithmic and linear steps."""
        self._axis_chosen = True
        self.look(replace(self.view, log_x=not self.view.log_x))

    def turn_log_y(self) -> None:
        """Swap logarithmic and linear values of the current chart."""
        self.look(self.view.with_log_y(self.current.chart))

    def turn_overlay(self) -> None:
        """Show all arms, or the selected one alone."""
        self.look(replace(self.view, overlay=not self.view.overlay))

    def turn_following(self) -> None:
        """Hold the charts still, or follow the run again."""
        self.look(self.view.frozen(self.last_step))

    def zoom(self, factor: float) -> None:
        """Show `factor` times as much time."""
        self.look(self.view.zoomed(factor))

    def pan(self, windows: float) -> None:
        """Look so many windows further on."""
        self.look(self.view.panned(windows, self.last_step))

    def show_all(self) -> None:
        """Show all steps."""
        self.look(self.view.whole())
