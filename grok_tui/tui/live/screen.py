"""The live screen: parameters beside charts, while the run goes on."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical

from grok_tui.frontend.happenings import slingshots
from grok_tui.frontend.view import ZOOM
from grok_tui.tui import keys
from grok_tui.tui.keys.acting import Acting
from grok_tui.tui.live.banner import Banner
from grok_tui.tui.live.chart import MEASURE_TO_COME, ChartPane
from grok_tui.tui.live.claim_strip import ClaimStrip
from grok_tui.tui.live.claims import Claims, note_on
from grok_tui.tui.live.drawing import Drawing
from grok_tui.tui.live.header import Header
from grok_tui.tui.live.loading import Loading
from grok_tui.tui.live.log import Log
from grok_tui.tui.live.parameters import KnobList, Parameters
from grok_tui.tui.live.stage import Stage
from grok_tui.tui.live.steering import Steering
from grok_tui.tui.live.timeline import Timeline
from grok_tui.tui.live.tour import Tour, TourStrip
from grok_tui.tui.live.travelling import Travelling
from grok_tui.tui.live.viewing import Viewing
from grok_tui.tui.look.layout import CHROME, ScreenPlan, claim_plan, plan
from grok_tui.tui.look.pacing import BEAT, Pacer
from grok_tui.tui.parts.footer import Footer
from grok_tui.tui.parts.lines import Lines
from grok_tui.tui.writer import Writer

if TYPE_CHECKING:
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.tui.keys import Pane
    from grok_tui.tui.parts.command import Command

LEAST_LEFT = 8  # rows that are left to the parameters while somebody reads the claims
PLACES = 9  # the most charts at once
FIRST_FRAME = 0.1  # seconds that the screen takes to stand; imports would keep it waiting
TIMELINE = 1.0  # seconds after which it moves on although no chart changes
POLL = 0.02  # seconds between looks for a picture, or for what comes of an order
ATTENTION = 0.5  # seconds in which an order usually shows


class LiveScreen(Acting, Stage):
    """Shows a run and steers it."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("live"))
    AUTO_FOCUS = ""

    def __init__(self, *, tour: bool = False) -> None:
        super().__init__()
        self.viewing = Viewing(self)
        self.steering = Steering(self, self.viewing)
        self.travelling = Travelling(self, self.viewing, self.steering)
        self.drawing = Drawing(self, self.viewing)
        self.waiting = Loading(self, self.viewing, linear=tour)
        self.tour = Tour(self, self.steering, tour)
        self._seen: Snapshot | None = None
        self._plan = plan(80, 24)
        self._page = 0  # which of the panes that take turns is seen
        self._changed = False  # whether a key has changed what is to be shown
        self._deeds: object = None  # what was done to the run so far
        self._attentive = 0.0  # until when an order is expected to show
        self._polling = False
        self._timeline_due = 0.0

    @property
    def parameters(self) -> Parameters:
        """The panel of parameters."""
        return self.query_one(Parameters)

    @property
    def claims(self) -> Claims:
        """The claims."""
        return self.query_one(Claims)

    @property
    def event_log(self) -> Log:
        """The event log."""
        return self.query_one(Log)

    @property
    def pane(self) -> Pane:
        """The kind of pane that has the focus."""
        focused = self.focused
        if isinstance(focused, ChartPane):
            return "charts"
        kinds: dict[str, Pane] = {"KnobList": "parameters", "Claims": "claims", "Log": "log"}
        return kinds.get(type(focused).__name__, "")

    @property
    def tour_has_enter(self) -> bool:
        """Whether Enter does what the tour says, and nothing that it does elsewhere."""
        return self.tour.going and self.viewing.cursor is None and self.pane in ("charts", "")

    def compose(self) -> ComposeResult:
        """Lay out all panes; which of them are seen depends on the size."""
        self._writer = Writer(self.explorer)
        layout = self.explorer.settings.layout
        self.viewing.view = replace(self.viewing.view, weights=layout.weights_view)
        self.viewing.places = [ChartPane(MEASURE_TO_COME, id=f"chart-{place}") for place in range(PLACES)]
        self.viewing.open(layout.charts or ())
        yield Header(id="header")
        with Vertical(id="side"):
            yield Parameters(self.steering.problem_of, id="parameters")
            yield Claims(id="claims")
            yield Log(id="log")
        yield TourStrip(id="tour", grows=True)
        yield Banner(id="banner", grows=True)
        yield ClaimStrip(id="claim", grows=True)
        with Container(id="charts"):
            yield from self.viewing.places
        yield Footer(id="footer")
        yield Timeline(id="timeline")

    def on_mount(self) -> None:
        """Begin to look at the run."""
        self.drawing.pacer = Pacer(self.explorer.fps)
        self.relayout()
        self.viewing.places[0].focus()
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
        if self.viewing.claim is not None:
            chosen = claim_plan(chosen, self.viewing.comparisons, width, height)
        if self.viewing.filling is not None:
            chosen = replace(chosen, columns=1, rows=1, side=0)
        self._plan = chosen
        for name in ("minimal", "small", "normal", "wide"):
            self.set_class(name == chosen.name, f"-{name}")
        self._place_panes(chosen)
        focused = self.focused
        if focused is not None and not all(node.display for node in focused.ancestors_with_self):
            self.viewing.current.focus()
        self.hasten()

    def _place_panes(self, chosen: ScreenPlan) -> None:
        side = self.query_one("#side")
        side.display = chosen.side > 0
        side.styles.width = chosen.side
        side.styles.height = self.size.height - 2 - chosen.timeline
        claims, log = self.claims, self.event_log
        page = self._page % (2 if chosen.claims else 3)
        self.parameters.display = chosen.claims > 0 or page == 0
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
        shown = chosen.charts if self.viewing.claim is None else min(chosen.charts, self.viewing.comparisons)
        for place, pane in enumerate(self.viewing.places):
            pane.display = pane is self.viewing.filling if self.viewing.filling is not None else place < shown

    def hasten(self) -> None:
        """Show at once what a key has changed about the view."""
        self._changed = True
        if self.drawing.pacer is not None:
            self.drawing.hasten()
            self.call_later(self.beat)

    def expect(self) -> None:
        """Show what comes of an order as soon as it is there."""
        self._attentive = time.monotonic() + ATTENTION
        self._poll_soon()

    def action_do(self, identity: str) -> None:
        """Carry out an action; one that needs a run waits until there is one."""
        if not self.waiting.holds(identity):
            super().action_do(identity)
            self.tour.did(identity)

    @property
    def settled(self) -> bool:
        """Whether the screen shows the run as it stands, so that nothing is left to do."""
        snapshot = self.explorer.snapshot
        if snapshot is None or self._changed or self.drawing.busy:
            return False
        return snapshot is self._seen and not self.drawing.stale(snapshot, self.steering.selected)

    def restyle(self) -> None:
        """Draw everything in the colours of another theme."""
        for lines in self.query(Lines):
            lines.restyle()
        for pane in self.viewing.places:
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
        if snapshot is None or (snapshot.state == "loading" and not snapshot.arms):
            self.waiting.show(snapshot, self.pane)
            return
        if not self.is_current:
            return
        if snapshot is not self._seen or self._changed:
            self._show(snapshot)
            deeds = (snapshot.state, *((len(arm.interventions), arm.end) for arm in snapshot.arms))
            if deeds != self._deeds or snapshot.state != "running":
                self.drawing.hasten()
            self._deeds = deeds
        if self.drawing.draw(snapshot, self.steering.selected):
            self._poll_soon()
        if time.monotonic() > self._timeline_due and not self.drawing.under_way:
            self._show_timeline()

    def _show(self, snapshot: Snapshot) -> None:
        """Show everything but the charts."""
        self.waiting.open_on(snapshot.preset)
        self._seen, self._changed = snapshot, False
        self.steering.note_optimizers(snapshot)
        self.travelling.note(snapshot)
        self.explorer.note(snapshot)
        self._tell_refusals()
        shown, past = self.travelling.shown(snapshot), self.viewing.cursor is not None
        arm = self.steering.arm_of(shown)
        self.steering.selected = self.viewing.selected = arm.name if arm is not None else ""
        self.query_one(Header).update_from(self.explorer.label, shown, arm, past=past)
        self._show_keys(snapshot)
        self.query_one(Banner).update_from(snapshot)
        self.tour.look(snapshot)
        self.query_one(TourStrip).update_from(self.tour)
        claim = self.viewing.claim
        self.query_one(ClaimStrip).update_from(None if claim is None else snapshot.claims[claim])
        if self._plan.side:
            if not self.parameters.editing:
                self.parameters.update_from(
                    shown, self.steering.selected, self.steering.knobs_of(shown), self.steering.pending
                )
            self.claims.update_from(snapshot.claims, note_on(snapshot, self.explorer.options, past=past))
            self.event_log.update_from(snapshot)
        for identity in self.waiting.released() if snapshot.arms else ():
            self.action_do(identity)

    def _show_keys(self, snapshot: Snapshot) -> None:
        arm = self.steering.arm
        self.query_one(Footer).update_from(
            self.pane,
            snapshot.state,
            past=self.viewing.cursor is not None,
            slingshots=arm is not None and bool(slingshots(arm)),
            question=self.travelling.question,
        )

    def _show_timeline(self) -> None:
        """Show where the run is; with the charts, as Textual goes through all between two changes."""
        arm = self.steering.arm
        if arm is not None and self._plan.timeline:
            self._timeline_due = time.monotonic() + TIMELINE
            self.query_one(Timeline).update_from(arm, log=self.viewing.view.log_x, cursor=self.viewing.cursor)

    def _tell_refusals(self) -> None:
        source = self.explorer.source
        while source is not None and source.refusals:
            self.steering.asked.clear()
            self.notify(source.refusals.popleft(), severity="warning", timeout=6, markup=False)

    def _poll_soon(self) -> None:
        if not self._polling:
            self._polling = True
            self.set_timer(POLL, self._poll)

    def _poll(self) -> None:
        """Take the pictures that are ready, and look whether the run has obeyed."""
        self._polling = False
        if self.drawing.take():
            self._show_timeline()
        attentive = time.monotonic() < self._attentive
        if attentive:
            self.beat()
        # A place that was asked for twice has been answered once: the later picture is still to come.
        if attentive or self.drawing.busy:
            self._poll_soon()

    def on_descendant_focus(self) -> None:
        """Show the keys of the pane that has the focus."""
        if self._seen is not None:
            self._show_keys(self._seen)
        self._place_panes(self._plan)

    def on_descendant_blur(self) -> None:
        """Give back the room that a pane took while it had the focus."""
        self._place_panes(self._plan)

    def on_parameters_arm_chosen(self, message: Parameters.ArmChosen) -> None:
        """Select the arm that was clicked."""
        self.steering.select(message.name)

    def on_parameters_opened(self, message: Parameters.Opened) -> None:
        """Choose another optimizer."""
        message.stop()
        self.steering.choose()

    def on_parameters_edited(self, message: Parameters.Edited) -> None:
        """Change a parameter: at once where it is live, else with the next restart."""
        self.steering.change(message.knob, message.text)

    def on_chart_pane_scrolled(self, message: ChartPane.Scrolled) -> None:
        """Zoom with the wheel."""
        self.viewing.zoom(ZOOM**-message.direction)

    def focus_parameters(self) -> None:
        """Put the focus on the knobs."""
        if self._plan.side:
            self._page = 0
            self.relayout()
            self.query_one(KnobList).focus()
        else:
            why = (
                "leave full screen"
                if self.viewing.filling is not None
                else "60 x 20 cells or more are needed"
            )
            self.notify(f"{why} to see the parameters", severity="warning")

    def offers(self) -> list[Command]:
        """List what the palette offers of the run besides actions."""
        from grok_tui.tui.live.offers import offers

        run = self.explorer.snapshot
        return offers(run, self.viewing, self.steering, self.travelling) if run is not None else []

    def focus_claims(self) -> None:
        """Put the focus on the claims."""
        self.viewing.close_claim()
        self._page = 0 if self._plan.claims else 1
        self.relayout()
        if self._plan.side:
            self.claims.focus()

    def turn_page(self) -> None:
        """Swap the claims for the event log, and back."""
        self._page += 1
        self.relayout()

    def back(self) -> None:
        """Leave a field, the past or full screen."""
        if self.parameters.editing:
            self.parameters.close()
        elif self.travelling.left_past():
            pass
        elif self.viewing.filling is not None:
            self.viewing.maximize()
        elif self.viewing.close_claim():
            self.claims.focus()
        else:
            self.tour.leave()

    def show_claim(self) -> None:
        """Show the charts of the claim that is looked at."""
        opened, snapshot = self.claims.opened, self.explorer.snapshot
        if opened is not None and snapshot is not None:
            place = next(i for i, one in enumerate(snapshot.claims) if one.claim == opened.claim)
            self.viewing.open_claim(place, len(opened.telling.comparisons))

    def export(self) -> None:
        """Write curves, screen and command line."""
        self.run_worker(self._writer.export(), group="files")

    def copy_command(self) -> None:
        """Copy the command line that does the run again."""
        self.run_worker(self._writer.copy_command(), group="files")

    def leave_for_presets(self) -> None:
        """Pause, unless the run goes on by itself, and go to the list of presets."""
        from grok_tui.engine.worker.orders import Pause

        source = self.explorer.source
        if source is not None and not source.snapshot.lasting:
            source.give(Pause())
        self.explorer.show_presets()
