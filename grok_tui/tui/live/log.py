"""The event log: everything that was seen and done, in all arms, the latest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from grok_tui.charts.text import cell_width, fit
from grok_tui.frontend.glyphs import arm_look
from grok_tui.frontend.happenings import SLINGSHOT, numbers_of, slingshots
from grok_tui.numbers import grouped, plural
from grok_tui.tui import keys
from grok_tui.tui.parts.lines import Line, Lines, Span, clean

if TYPE_CHECKING:
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.record.history import Event
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.frontend.glyphs import Glyphs

Entry = tuple[int, int, str, Sequence[str], str]
"""Step, place and name of the arm, what happened with its numbers, and a sign."""


def log_lines(snapshot: Snapshot, width: int, glyphs: Glyphs) -> list[Line]:
    """Return a row for each event and each intervention, the latest step first.

    Events come once an arm, but slingshots of one replica each with its numbers, as far as they have room.
    """
    entries: list[Entry] = []
    for place, arm in enumerate(snapshot.arms):
        if arm.parent:
            entries.append((arm.born, place, arm.name, [f"fork of {arm.parent}"], glyphs.intervention))
        entries += [(step, place, arm.name, what, glyphs.event) for step, what in _events(arm)]
        for done in (one for one in arm.interventions if one.at_step >= arm.born):
            words = [done.told().replace("switch to", glyphs.switch)]
            entries.append((done.at_step, place, arm.name, words, glyphs.intervention))
    step_width = max((len(grouped(entry[0])) for entry in entries), default=1)
    arm_width = min(max((cell_width(entry[2]) for entry in entries), default=1), max(width // 4, 4))
    room = width - step_width - arm_width - 4
    # The first number of what has any matters more than the names of the arms: their signs will do.
    numbered = [entry[3][:2] for entry in entries if len(entry[3]) > 1]
    least = max((cell_width(_joined(what, width)) for what in numbered), default=0)
    signs = room < least <= room + arm_width - 1
    if signs:
        arm_width, room = 1, room + arm_width - 1
    lines: list[Line] = []
    for step, place, name, what, sign in sorted(entries, key=lambda entry: -entry[0]):
        color, arm_sign = arm_look(place, glyphs.arms)
        arm_name = arm_sign if signs else fit(clean(name), arm_width, ellipsis=glyphs.ellipsis)
        lines.append(
            (
                Span(f"{grouped(step):>{step_width}} ", "muted"),
                Span(f"{arm_name:<{arm_width}} ", color),
                Span(f"{sign} ", "mark"),
                Span(fit(_joined(what, room), room, ellipsis=glyphs.ellipsis)),
            )
        )
    return lines


def _events(arm: ArmStatus) -> Iterator[tuple[int, list[str]]]:
    """Yield step, name and numbers of what was seen in an arm since it began."""
    seen: dict[tuple[str, int], list[Event]] = {}
    for event in arm.events:
        if event.step >= arm.born:
            network = 0 if event.name == SLINGSHOT else arm.network(event.replica, event.step)
            seen.setdefault((event.name, network), []).append(event)
    for (name, _), events in seen.items():
        first = min(event.step for event in events)
        replicas = len({event.replica for event in events})
        more = f" ({replicas} replicas so far)" if replicas > 1 else ""
        if name != SLINGSHOT:
            yield first, [clean(name) + more]
        elif more:
            yield first, [plural(len(events), SLINGSHOT) + more]
    for event in slingshots(arm):
        yield event.step, [SLINGSHOT, *numbers_of(event)]


def _joined(parts: Sequence[str], room: int) -> str:
    """Return what something is and as many of its numbers as have room."""
    text = parts[0]
    for place, part in enumerate(parts[1:]):
        longer = f"{text}{', ' if place else ': '}{part}"
        if cell_width(longer) > room:
            break
        text = longer
    return text


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
