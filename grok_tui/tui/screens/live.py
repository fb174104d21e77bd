"""The live screen: parameters beside charts, while the run goes on."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical

from grok_tui.tui import keys
from grok_tui.tui.happenings import slingshots
from grok_tui.tui.layout import CHROME, Plan, plan
from grok_tui.tui.pacing import BEAT, Pacer
from grok_tui.tui.screens.panes import Panes
from grok_tui.tui.widgets.banner import Banner
from grok_tui.tui.widgets.chart import ChartPane
from grok_tui.tui.widgets.claims import Claims
from grok_tui.tui.widgets.footer import Footer
from grok_tui.tui.widgets.header import Header
from grok_tui.tui.widgets.lines import Lines
from grok_tui.tui.widgets.log import Log
from grok_tui.tui.widgets.parameters import KnobList, Parameters
from grok_tui.tui.widgets.timeline import Timeline

if TYPE_CHECKING:
    from grok_tui.charts.model import Chart
    from grok_tui.charts.picture import Picture
    from grok_tui.engine.snapshot import Snapshot
    from grok_tui.presets import Preset
    from grok_tui.tui.knobs import Knob

LEAST_LEFT = 8  # rows that are left to the parameters while somebody reads the claims
PLACES = 9  # the most charts at once
ORDER = ("accuracy", "loss", "weights", "norms", "update")
LAST_CHOICE = ("update_in_lr",)  # much like another chart: shown where it is asked for
FIRST_FRAME = 0.1  # seconds that the screen takes to stand; imports would keep it waiting
LATEST = 0.2  # seconds that a picture that is ready waits for the others
TIMELINE = 1.0  # seconds after which it moves on although no chart changes
POLL = 0.02  # seconds between looks for a picture, or for what comes of an order
ATTENTION = 0.5  # seconds in which an order usually shows


class LiveScreen(Panes):
    """Shows a run and steers it."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("live"))
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self._seen: Snapshot | None = None
        self._pacer: Pacer | None = None
        self._plan = plan(80, 24)
        self._page = 0  # which of the panes that take turns is seen
        self._changed = False  # whether a key has changed what is to be shown
        self._deeds: object = None  # what was done to the run so far
        self._attentive = 0.0  # until when an order is expected to show
        self._drawing: set[int] = set()  # the places whose pictures are being drawn
        self._polling = False
        self._pictures: dict[int, Picture] = {}  # those that are ready, while others are being drawn
        self._asked = 0.0  # when they were asked for
        self._timeline_due = 0.0
        self._keys: dict[Hashable, int] = {}
        self._knobs: tuple[object, Preset | None, list[Knob]] = (None, None, [])

    def compose(self) -> ComposeResult:
        """Lay out all panes; which of them are seen depends on the size."""
        layout = self.explorer.settings.layout
        self.view = replace(self.view, weights=layout.weights_view)
        charts = [*layout.charts, *(chart for chart in ORDER if chart not in layout.charts)]
        self.places = [
            ChartPane(charts[place] if place < len(charts) else "measure", id=f"chart-{place}")
            for place in range(PLACES)
        ]
        yield Header(id="header")
        with Vertical(id="side"):
            yield Parameters(self.problem_of, id="parameters")
            yield Claims(id="claims")
            yield Log(id="log")
        yield Banner(id="banner", grows=True)
        with Container(id="charts"):
            yield from self.places
        yield Footer(id="footer")
        yield Timeline(id="timeline")

    def on_mount(self) -> None:
        """Begin to look at the run."""
        self._pacer = Pacer(self.explorer.fps)
        self.relayout()
        self.places[0].focus()
        self.set_interval(BEAT, self.beat)
        self.beat()
        self.set_timer(FIRST_FRAME, self.explorer.load)

    def on_resize(self) -> None:
        """Divide the screen anew."""
        self.relayout()

    def on_screen_resume(self) -> None:
        """Look at the run again after another screen."""
        self.hasten()

    def on_chart_pane_resized(self) -> None:
        """Have the chart drawn in its new size at once."""
        self.hasten()

    def relayout(self) -> None:
        """Divide the screen by its size and by what the user wants to see."""
        width, height = self.size
        snapshot = self.explorer.snapshot
        preset = snapshot.preset if snapshot is not None else None
        wanted = self.explorer.settings.layout.panel_width
        chosen = plan(width, height, side=wanted, claims=len(preset.claims) if preset is not None else 8)
        if self.filling is not None:
            chosen = replace(chosen, columns=1, rows=1, side=0)
        self._plan = chosen
        for name in ("minimal", "small", "normal", "wide"):
            self.set_class(name == chosen.name, f"-{name}")
        self._place_panes(chosen)
        focused = self.focused
        if focused is not None and not all(node.display for node in focused.ancestors_with_self):
            self.current.focus()
        self.hasten()

    def _place_panes(self, chosen: Plan) -> None:
        side = self.query_one("#side")
        side.display = chosen.side > 0
        side.styles.width = chosen.side
        side.styles.height = self.size.height - 2 - chosen.timeline
        claims, log = self.query_one(Claims), self.query_one(Log)
        page = self._page % (2 if chosen.claims else 3)
        self.query_one(Parameters).display = chosen.claims > 0 or page == 0
        claims.display = chosen.log > 0 or page == (0 if chosen.claims else 1)
        log.display = chosen.log > 0 or page == (1 if chosen.claims else 2)
        # While one reads them, claims take the room of the parameters.
        most = self.size.height - CHROME - LEAST_LEFT
        claims.styles.height = (max(chosen.claims, most) if claims.has_focus else chosen.claims) or "1fr"
        log.styles.height = chosen.log or chosen.claims or "1fr"
        self.query_one(Timeline).display = chosen.timeline
        grid = self.query_one("#charts")
        grid.styles.grid_size_columns = chosen.columns
        grid.styles.grid_size_rows = chosen.rows
        for place, pane in enumerate(self.places):
            pane.display = pane is self.filling if self.filling is not None else place < chosen.charts

    def hasten(self) -> None:
        """Show at once what a key has changed about the view."""
        self._changed = True
        if self._pacer is not None:
            self._pacer.hasten()
            self.call_later(self.beat)

    def expect(self) -> None:
        """Show what comes of an order as soon as it is there."""
        self._attentive = time.monotonic() + ATTENTION
        self._poll_soon()

    @property
    def settled(self) -> bool:
        """Whether the screen shows the run as it stands, so that nothing is left to do."""
        snapshot = self.explorer.snapshot
        if snapshot is None or self._changed or self.explorer.drawer.busy or self._pictures:
            return False
        return snapshot is self._seen and not self._stale(snapshot)

    def restyle(self) -> None:
        """Draw everything in the colours of another theme."""
        for lines in self.query(Lines):
            lines.restyle()
        for pane in self.places:
            pane.restyle()
        self.hasten()

    def beat(self) -> None:
        """Look at the run and show what is new; never raises."""
        try:
            self._look()
        except Exception as error:  # a screen that cannot be drawn must not end the run
            self.explorer.report(error)

    def _look(self) -> None:
        snapshot = self.explorer.snapshot
        if snapshot is None:
            self._show_loading()
            return
        if not self.is_current:
            return
        if snapshot is not self._seen or self._changed:
            self._show(snapshot)
            deeds = (snapshot.state, *((len(arm.interventions), arm.end) for arm in snapshot.arms))
            if self._pacer is not None and (deeds != self._deeds or snapshot.state != "running"):
                self._pacer.hasten()
            self._deeds = deeds
        self._draw(snapshot)
        if time.monotonic() > self._timeline_due and not self._drawing:
            self._show_timeline()

    def _show_loading(self) -> None:
        from grok_tui.engine.snapshot import Snapshot, State

        self.query_one(Header).update_from(self.explorer.label, Snapshot(State.LOADING), None, past=False)
        self.query_one(Footer).update_from(self.pane, State.LOADING)

    def _show(self, snapshot: Snapshot) -> None:
        """Show everything but the charts."""
        from grok_tui.tui import orders

        self._seen, self._changed = snapshot, False
        self.note_optimizers(snapshot)
        self.note_epoch(snapshot)
        self.explorer.note(snapshot)
        self._tell_refusals()
        shown, past = self.shown(snapshot), self.cursor is not None
        arm = self.arm_of(shown)
        self.selected = arm.name if arm is not None else ""
        changed = orders.steered(snapshot) or bool(self.explorer.options.assignments)
        self.query_one(Header).update_from(self.explorer.label, shown, arm, past=past)
        self._show_keys(snapshot)
        self.query_one(Banner).update_from(snapshot)
        if self._plan.side:
            parameters = self.query_one(Parameters)
            if not parameters.editing:
                parameters.update_from(shown, self.selected, self._knobs_of(shown), self.pending)
            self.query_one(Claims).update_from(snapshot.claims, changed)
            self.query_one(Log).update_from(snapshot)

    def _show_keys(self, snapshot: Snapshot) -> None:
        arm = self.arm
        self.query_one(Footer).update_from(
            self.pane,
            snapshot.state,
            past=self.cursor is not None,
            slingshots=arm is not None and bool(slingshots(arm)),
            question=self.question,
        )

    def _show_timeline(self) -> None:
        """Show where the run is; with the charts, as Textual goes through all between two changes."""
        arm = self.arm
        if arm is not None and self._plan.timeline:
            self._timeline_due = time.monotonic() + TIMELINE
            self.query_one(Timeline).update_from(arm, log=self.view.log_x, cursor=self.cursor)

    def _knobs_of(self, snapshot: Snapshot) -> list[Knob]:
        """Return the knobs of the selected arm; they change seldom."""
        from grok_tui.tui import knobs

        arm = self.arm_of(snapshot)
        if arm is None or snapshot.preset is None:
            return []
        key = (arm.name, arm.optimizer, arm.modifiers, arm.batch_size)
        if self._knobs[0] != key or self._knobs[1] is not snapshot.preset:
            self._knobs = (key, snapshot.preset, knobs.knobs(snapshot.preset, arm))
        return self._knobs[2]

    def _tell_refusals(self) -> None:
        source = self.explorer.source
        while source is not None and source.refusals:
            self.asked.clear()
            self.notify(source.refusals.popleft(), severity="warning", timeout=6, markup=False)

    def _stale(self, snapshot: Snapshot) -> list[tuple[int, object]]:
        """List the places whose charts would look other than they do, and what they would then show."""
        from grok_tui.tui import curves

        version, style = curves.version(snapshot), self.explorer.chart_style
        found: list[tuple[int, object]] = []
        for place, pane in enumerate(self.places):
            if pane.display and all(pane.room):
                key = (pane.chart, version, self.view, self.selected, pane.room, style)
                if key != pane.shown:
                    found.append((place, key))
        return found

    def _draw(self, snapshot: Snapshot) -> None:
        """Have those charts drawn that would look other than they do."""
        pacer = self._pacer
        if pacer is None or not snapshot.arms or not pacer.due():
            return
        stale = self._stale(snapshot)
        for place, key in stale:
            pane = self.places[place]
            if pane.chart == "measure":
                pane.chart = self._another_chart(place)
            pane.shown = key
            width, height = pane.room
            chart = self._chart(pane.chart, snapshot, width)
            style = self.explorer.chart_style
            self.explorer.drawer.submit(self._key(place), chart, width, height, style=style)
            self._drawing.add(place)
        if stale:
            pacer.drawn()
            self._asked = time.monotonic()
            self._poll_soon()

    def _another_chart(self, place: int) -> str:
        """Return a chart for a place, one that no place before it shows if there is any."""
        charts, before = self.chart_ids(), {pane.chart for pane in self.places[:place]}
        others = [chart for chart in charts if chart not in before]
        first = [chart for chart in others if chart not in LAST_CHOICE]
        return (first or others or charts)[0]

    def _key(self, place: int) -> Hashable:
        key = (id(self), place)
        self._keys[key] = place
        return key

    def _chart(self, name: str, snapshot: Snapshot, width: int) -> Chart:
        from grok_tui.charts.model import LineChart
        from grok_tui.tui import curves

        try:
            return curves.build(name, snapshot, self.view, self.selected, width, self.explorer.glyphs.arms)
        except Exception as error:  # one chart that cannot be made must not end the explorer
            return LineChart(curves.title(name), empty=f"{type(error).__name__}: {error}")

    def _poll_soon(self) -> None:
        if not self._polling:
            self._polling = True
            self.set_timer(POLL, self._poll)

    def _poll(self) -> None:
        """Take the pictures that are ready, and look whether the run has obeyed."""
        self._polling = False
        for key, picture in self.explorer.drawer.poll().items():
            place = self._keys.get(key)  # none for a picture that another live screen asked for
            if place is not None:
                self._pictures[place] = picture
                self._drawing.discard(place)
        # All at once, because each time that Textual paints it goes through the whole screen.
        if self._pictures and (not self._drawing or time.monotonic() > self._asked + LATEST):
            for place, picture in self._pictures.items():
                self.places[place].show(picture)
            self._pictures.clear()
            self._show_timeline()
        attentive = time.monotonic() < self._attentive
        if attentive:
            self.beat()
        # A place that was asked for twice has been answered once: the later picture is still to come.
        if attentive or self.explorer.drawer.busy or self._pictures:
            self._poll_soon()

    def on_descendant_focus(self) -> None:
        """Show the keys of the pane that has the focus."""
        if self._seen is not None:
            self._show_keys(self._seen)
        self._place_panes(self._plan)

    def on_descendant_blur(self) -> None:
        """Give back the room that a pane took while it had the focus."""
        self._place_panes(self._plan)

    def action_parameters_focus(self) -> None:
        """Put the focus on the knobs."""
        if self._plan.side:
            self._page = 0
            self.relayout()
            self.query_one(KnobList).focus()
        else:
            why = "leave full screen" if self.filling is not None else "60 x 20 cells or more are needed"
            self.notify(f"{why} to see the parameters", severity="warning")

    def action_view_log(self) -> None:
        """Swap the claims for the event log, and back."""
        self._page += 1
        self.relayout()

    def action_view_back(self) -> None:
        """Leave a field, the past or full screen."""
        parameters = self.query_one(Parameters)
        if parameters.editing:
            parameters.close()
        elif self.left_past():
            pass
        elif self.filling is not None:
            self.action_chart_maximize()
