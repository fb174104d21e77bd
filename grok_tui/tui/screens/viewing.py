"""The half of the live screen that looks at the run: which charts, which axes, which part of time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from grok_tui.tui.screens.steering import Steering
from grok_tui.tui.view import PAN, View
from grok_tui.tui.widgets.chart import ChartPane

if TYPE_CHECKING:
    from grok_tui.tui.keys import Pane

ZOOM = 2.0


class Viewing(Steering):
    """Turns keys into views of the charts.

    Attributes:
        view: how all charts are looked at.
        places: the panes of the charts, in reading order; some may be hidden.
        filling: the pane that fills the screen, or None.
    """

    def __init__(self) -> None:
        super().__init__()
        self.view = View()
        self.places: list[ChartPane] = []
        self.filling: ChartPane | None = None
        self._current = 0

    def relayout(self) -> None:
        """Divide the screen anew."""
        raise NotImplementedError

    @property
    def last_step(self) -> int:
        """The step that the furthest arm has come to."""
        snapshot = self.explorer.snapshot
        return max((arm.step for arm in snapshot.arms), default=0) if snapshot is not None else 0

    @property
    def pane(self) -> Pane:
        """The kind of pane that has the focus."""
        focused = self.focused
        if isinstance(focused, ChartPane):
            return "charts"
        kinds: dict[str, Pane] = {"KnobList": "parameters", "Claims": "claims", "Log": "log"}
        return kinds.get(type(focused).__name__, "")

    @property
    def current(self) -> ChartPane:
        """The chart that keys for charts go to: the one that has, or last had, the focus."""
        shown = [pane for pane in self.places if pane.display] or self.places
        for place, pane in enumerate(self.places):
            if pane.has_focus:
                self._current = place
        chosen = self.places[self._current]
        return chosen if chosen in shown else shown[0]

    def look(self, view: View) -> None:
        """Look at the charts in another way."""
        if view != self.view:
            self.view = view
            self.hasten()

    def show_chart(self, chart: str) -> None:
        """Go to a chart; where it is not on the screen, the current place shows it."""
        pane = next((pane for pane in self.places if pane.display and pane.chart == chart), None)
        if pane is None:
            pane = self.current
            pane.chart = chart
        pane.focus()
        self.hasten()

    def chart_ids(self) -> list[str]:
        """List the charts that the run has."""
        from grok_tui.tui import curves

        snapshot = self.explorer.snapshot
        return curves.chart_ids(snapshot) if snapshot is not None else list(curves.CHARTS)

    def action_chart_accuracy(self) -> None:
        """Show accuracy."""
        self.show_chart("accuracy")

    def action_chart_loss(self) -> None:
        """Show losses."""
        self.show_chart("loss")

    def action_chart_weights(self) -> None:
        """Show weights."""
        self.show_chart("weights")

    def action_chart_norms(self) -> None:
        """Show norms."""
        self.show_chart("norms")

    def action_chart_update(self) -> None:
        """Show the update size."""
        self.show_chart("update")

    def action_chart_pairs(self) -> None:
        """Show what is learnt of a table."""
        if "pairs" in self.chart_ids():
            self.show_chart("pairs")
        else:
            self.notify("this task is no table of pairs", severity="warning")

    def action_chart_margins(self) -> None:
        """Show the margins of the training samples."""
        if "margins" in self.chart_ids():
            self.show_chart("margins")
        else:
            self.notify("this task tells no classes apart, so there are no margins", severity="warning")

    def action_chart_update_in_lr(self) -> None:
        """Show the update in units of the learning rate."""
        self.show_chart("update_in_lr")

    def action_chart_measure(self) -> None:
        """Show another measure in the current place; again for the next one."""
        measures = [chart for chart in self.chart_ids() if chart.startswith("measure:")]
        if measures:
            present = self.current.chart
            place = measures.index(present) + 1 if present in measures else 0
            self.current.chart = measures[place % len(measures)]
            self.hasten()

    def action_chart_next(self) -> None:
        """Show the next chart in the current place."""
        self._turn(1)

    def action_chart_previous(self) -> None:
        """Show the previous chart in the current place."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        charts, pane = self.chart_ids(), self.current
        place = charts.index(pane.chart) if pane.chart in charts else 0
        pane.chart = charts[(place + by) % len(charts)]
        self.hasten()

    def action_chart_maximize(self) -> None:
        """Let the current chart fill the screen, or go back."""
        self.filling = None if self.filling is not None else self.current
        self.relayout()

    def action_chart_weights_view(self) -> None:
        """Show the weights in the next way, and go to them if they are not on the screen."""
        if not any(pane.display and pane.chart == "weights" for pane in self.places):
            self.show_chart("weights")
        else:
            self.look(self.view.next_weights())

    def action_chart_log_x(self) -> None:
        """Swap logarithmic and linear steps."""
        self.look(replace(self.view, log_x=not self.view.log_x))

    def action_chart_log_y(self) -> None:
        """Swap logarithmic and linear values of the current chart."""
        self.look(self.view.with_log_y(self.current.chart))

    def action_chart_zoom_in(self) -> None:
        """Show half as much time."""
        self.look(self.view.zoomed(1 / ZOOM))

    def action_chart_zoom_out(self) -> None:
        """Show twice as much time."""
        self.look(self.view.zoomed(ZOOM))

    def action_chart_earlier(self) -> None:
        """Look further back."""
        self.look(self.view.panned(-PAN, self.last_step))

    def action_chart_later(self) -> None:
        """Look further on."""
        self.look(self.view.panned(PAN, self.last_step))

    def action_chart_whole(self) -> None:
        """Show all steps."""
        self.look(self.view.whole())

    def action_chart_follow(self) -> None:
        """Hold the charts still, or follow the run again."""
        self.look(self.view.frozen(self.last_step))

    def action_arm_solo(self) -> None:
        """Show all arms, or the selected one alone."""
        self.look(replace(self.view, overlay=not self.view.overlay))

    def on_chart_pane_scrolled(self, message: ChartPane.Scrolled) -> None:
        """Zoom with the wheel."""
        self.look(self.view.zoomed(ZOOM**-message.direction))
