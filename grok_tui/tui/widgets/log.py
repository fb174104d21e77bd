"""The event log: everything that was seen and done, in all arms, the latest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from grok_tui.charts.text import cell_width, fit
from grok_tui.numbers import grouped
from grok_tui.tui import keys
from grok_tui.tui.glyphs import arm_look
from grok_tui.tui.orders import told
from grok_tui.tui.widgets.lines import Line, Lines, Span, clean

if TYPE_CHECKING:
    from grok_tui.engine.snapshot import Snapshot
    from grok_tui.tui.glyphs import Glyphs


def log_lines(snapshot: Snapshot, width: int, glyphs: Glyphs) -> list[Line]:
    """Return a row for each event (once an arm) and each intervention, the latest step first."""
    entries = []
    for place, arm in enumerate(snapshot.arms):
        counts: dict[str, list[int]] = {}
        if arm.parent:
            entries.append((arm.born, place, arm.name, f"fork of {arm.parent}", glyphs.intervention))
        for event in arm.events:
            if event.step < arm.born:
                continue
            counts.setdefault(event.name, []).append(event.step)
        for name, steps in counts.items():
            more = f" ({len(steps)} replicas so far)" if len(steps) > 1 else ""
            entries.append((min(steps), place, arm.name, clean(name) + more, glyphs.event))
        for done in (one for one in arm.interventions if one.at_step >= arm.born):
            what = told(done).replace("switch to", glyphs.switch)
            entries.append((done.at_step, place, arm.name, what, glyphs.intervention))
    step_width = max((len(grouped(entry[0])) for entry in entries), default=1)
    arm_width = min(max((cell_width(entry[2]) for entry in entries), default=1), max(width // 4, 4))
    lines: list[Line] = []
    for step, place, name, what, sign in sorted(entries, key=lambda entry: -entry[0]):
        arm_name = fit(clean(name), arm_width, ellipsis=glyphs.ellipsis)
        room = width - step_width - arm_width - 4
        lines.append(
            (
                Span(f"{grouped(step):>{step_width}} ", "muted"),
                Span(f"{arm_name:<{arm_width}} ", arm_look(place, glyphs.arms)[0]),
                Span(f"{sign} ", "mark"),
                Span(fit(what, room, ellipsis=glyphs.ellipsis)),
            )
        )
    return lines


class Log(Lines, can_focus=True):
    """The event log; up and down scroll it while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.pane_bindings("log"))

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._all: list[Line] = []
        self._first = 0
        self._snapshot: Snapshot | None = None

    def update_from(self, snapshot: Snapshot) -> None:
        """Show what has happened so far."""
        self._snapshot = snapshot
        counts = tuple((arm.name, len(arm.events), len(arm.interventions)) for arm in snapshot.arms)
        if not self.is_news(snapshot.epoch, counts, self.size):
            return
        self._all = log_lines(snapshot, self.size.width, self.explorer.glyphs)
        self.move(0)

    def move(self, by: int) -> None:
        """Scroll towards earlier (positive) or later entries."""
        rows = max(self.size.height - 1, 1)
        self._first = max(0, min(self._first + by, len(self._all) - rows))
        count = f" {len(self._all)}" if self._all else " nothing yet"
        heading: Line = (Span("Events", "title"), Span(count, "muted"))
        self.show([heading, *self._all[self._first : self._first + rows]])

    def on_resize(self) -> None:
        """Use the room there is."""
        if self._snapshot is not None:
            self.update_from(self._snapshot)
