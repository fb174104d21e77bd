"""The line on top: what runs, how far it is, how fast, where, and in what state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grok_tui.catalog.optimizers import titled
from grok_tui.charts.text import cell_width
from grok_tui.frontend.glyphs import arm_look
from grok_tui.frontend.happenings import SLINGSHOT, numbers_of, slingshots
from grok_tui.numbers import duration, grouped, memory, rate
from grok_tui.tui.parts.lines import Line, Lines, Span, clean

if TYPE_CHECKING:
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.frontend.glyphs import Glyphs

Part = tuple[float, Line]
"""How much a part of the line matters, and the part."""

WARM_UP = 10  # steps before the speed says anything about the time left
# How much the numbers of a slingshot matter, beside what else is in the line; the first come with its name.
SLINGSHOT_RANKS = (8.3, 8.2, 8.1, 6.2, 6.1)


def header_line(
    name: str, snapshot: Snapshot, arm: ArmStatus | None, width: int, glyphs: Glyphs, *, past: bool = False
) -> Line:
    """Return the header in `width` cells: what matters least is left out first.

    past: whether the run is shown as it was.
    """
    state = Span(f"{glyphs.past} the past", "accent") if past else _state(snapshot, glyphs)
    left: list[Part] = [(0, (Span("grok-tui", "muted"),)), (8, (Span(clean(name), "title"),))]
    right: list[Part] = []
    if arm is not None:
        since = f" since {grouped(arm.since)}" if arm.since else ""
        color, sign = arm_look(snapshot.arms.index(arm), glyphs.arms)
        left.append((7, (Span(f"{sign} ", color), Span(clean(arm.name)))))
        left.append((5, (Span(titled(arm.optimizer.name), "accent"), Span(since, "muted"))))
        if past:
            left += _slingshot(arm)
        right.append((9, (Span(grouped(arm.step)), Span(f" / {grouped(arm.end)}", "muted"))))
    if snapshot.state == "running" and not past:
        pace = f" of {rate(snapshot.pace * len(snapshot.arms))}" if snapshot.pace is not None else ""
        right.append((6, (Span(f"{rate(snapshot.steps_per_second)}{pace}"), Span(" steps/s", "muted"))))
        if snapshot.seconds_left is not None and arm is not None and arm.step >= WARM_UP:
            right.append((4, (Span(duration(snapshot.seconds_left)), Span(" left", "muted"))))
    if snapshot.device:
        right.append((2, (Span(f"{clean(snapshot.device)} ", "muted"), Span(_memory(snapshot), "muted"))))
    right.append((10, (state,)))
    while _width(left) + _width(right) + 1 > width and len(left) + len(right) > 1:
        least = min([*left, *right], key=lambda part: part[0])
        (left if least in left else right).remove(least)
    gap = width - _width(left) - _width(right)
    return (*_joined(left), Span(" " * max(gap, 1)), *_joined(right))


def _state(snapshot: Snapshot, glyphs: Glyphs) -> Span:
    match snapshot.state:
        case "running":
            return Span(f"{glyphs.running} running", "good")
        case "paused":
            return Span(f"{glyphs.paused} paused", "warning")
        case "finished":
            return Span(f"{glyphs.reproduced} finished", "good")
        case "replaying":
            return Span(f"{glyphs.waiting} replaying {snapshot.replayed:.0%}", "accent")
        case "failed":
            return Span(f"{glyphs.refuted} stopped", "bad")
        case _:
            return Span(f"{glyphs.waiting} {snapshot.doing or snapshot.state.value}", "muted")


def _slingshot(arm: ArmStatus) -> list[Part]:
    """Return the numbers of the slingshot that an arm stands on, if it does."""
    found = next((event for event in slingshots(arm) if event.step == arm.step), None)
    if found is None:
        return []
    first, *others = numbers_of(found) or [""]
    parts = [f"{SLINGSHOT}: {first}" if first else SLINGSHOT, *others]
    return [(rank, (Span(part, "mark"),)) for rank, part in zip(SLINGSHOT_RANKS, parts, strict=False)]


def _memory(snapshot: Snapshot) -> str:
    """Return the memory of the run's process, or what is taken of each GPU and what there is."""
    if not snapshot.gpus:
        return memory(snapshot.memory)
    each = [(clean(gpu.device), memory(gpu.used, gpu.total)) for gpu in snapshot.gpus]
    return each[0][1] if len(each) == 1 else "  ".join(" ".join(one) for one in each)


def _width(parts: list[Part]) -> int:
    return sum(cell_width(span.text) for _, line in parts for span in line) + 2 * max(len(parts) - 1, 0)


def _joined(parts: list[Part]) -> Line:
    spans: list[Span] = []
    for place, (_, line) in enumerate(parts):
        spans += [Span("  ")] if place else []
        spans += line
    return tuple(spans)


class Header(Lines):
    """The line on top."""

    def update_from(self, name: str, snapshot: Snapshot, arm: ArmStatus | None, *, past: bool) -> None:
        """Show a run as it stands, or as it was."""
        self.show([header_line(name, snapshot, arm, self.size.width, self.explorer.glyphs, past=past)])
