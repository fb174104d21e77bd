"""The tour on the live screen: a strip that says what to do next, and a run that waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grok_tui.frontend.tour import ARM, END, PACE, STEPS, TourStep
from grok_tui.tui.keys import BY_ID, key_name
from grok_tui.tui.keys.keymap import keys_of
from grok_tui.tui.live.stage import Stage
from grok_tui.tui.live.steering import Steering
from grok_tui.tui.parts.lines import Line, Lines, Span, clean, wrapped

if TYPE_CHECKING:
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.frontend.source import Source

MOST_ROWS = 6


class Tour:
    """Where a user is in the tour.

    Attributes:
        going: whether there is one.
        place: the step, from 0.
        watching: whether the run goes on to where the next step begins.
    """

    def __init__(self, stage: Stage, steering: Steering, going: bool) -> None:
        self._stage, self._steering = stage, steering
        self.going = going
        self.place = 0
        self.watching = False

    @property
    def step(self) -> TourStep:
        """The step at hand."""
        return STEPS[self.place]

    def did(self, identity: str) -> None:
        """Note an action: where it is the one that was asked for, the tour goes on."""
        if not self.going or self.watching or identity != self.step.action:
            return
        if self.step.until:
            self.watching = True
        else:
            self._next()
        self._stage.hasten()

    def look(self, snapshot: Snapshot) -> None:
        """Look at the run: it waits where the next step begins."""
        from grok_tui.engine.worker.orders import Pause

        if not self.going:
            return
        self._steering.selected = self._steering.selected or ARM
        if not self.watching or any(arm.step < min(self.step.until, arm.end) for arm in snapshot.arms):
            return
        if snapshot.state == "running":
            self._steering.order(Pause())
        self.watching = False
        self._next()
        self._stage.hasten()

    def go_on(self) -> None:
        """Do what the step asks for; while the run is under way to the next one, let it hurry."""
        if self.watching:
            self._steering.set_pace(None)
        else:
            self._stage.call_later(self._stage.run_action, BY_ID[self.step.action].call)

    def leave(self) -> bool:
        """Leave the tour; return whether there was one."""
        if not self.going:
            return False
        self.going = False
        self._steering.set_pace(None)
        self._stage.hasten()
        return True

    def _next(self) -> None:
        if self.place + 1 < len(STEPS):
            self.place += 1
            return
        self.leave()
        self._stage.notify(END, timeout=15)


def prepared(source: Source) -> Source:
    """Return a run that has not begun, with the orders to wait at its first step and to go slowly."""
    from grok_tui.engine.worker.orders import Pause, SetPace

    source.give(SetPace(pace=PACE))
    source.give(Pause())
    return source


class TourStrip(Lines):
    """What the tour says; it takes no room where there is none."""

    def on_mount(self) -> None:
        """Take no room before there is anything to say."""
        self.display = False

    def update_from(self, tour: Tour) -> None:
        """Show the step at hand."""
        self.display = tour.going
        if not tour.going or not self.is_news(tour.place, tour.watching, self.size.width):
            return
        width, glyphs = self.size.width or 40, self.explorer.glyphs
        step = tour.step
        text = step.watch if tour.watching else step.says
        told = clean(text, ascii_only=glyphs.ascii)
        rows = wrapped(told, max(width - 2, 10), MOST_ROWS, ellipsis=glyphs.ellipsis)
        key = key_name(next(iter(keys_of(BY_ID[step.action], self.explorer.settings.keymap)), "Enter"))
        hints: Line = (Span(key, "key"), Span(f" {step.does}  ", "muted"))
        if tour.watching:
            hints = (Span("Enter", "key"), Span(" hurry  ", "muted"))
        leave: Line = (Span("Esc", "key"), Span(" leave the tour  ", "muted"))
        count = Span(f"{tour.place + 1} of {len(STEPS)}", "accent")
        self.show([*((Span(row, "title"),) for row in rows), (*hints, *leave, count)])
