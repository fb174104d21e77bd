"""What happened to an arm, for the marks on charts and timeline; imports no numpy, for the first frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grok_tui.tui.orders import named

if TYPE_CHECKING:
    from grok_tui.charts.model import MarkKind
    from grok_tui.engine.snapshot import ArmStatus


def happenings(arm: ArmStatus) -> list[tuple[int, str, MarkKind]]:
    """List step, label and kind of what happened to an arm, in order; each event once, by its first replica.

    Of a fork, what happened before belongs to its parent.
    """
    first: dict[str, int] = {}
    for event in arm.events:
        first[event.name] = min(event.step, first.get(event.name, event.step))
    found: list[tuple[int, str, MarkKind]] = [(step, name, "event") for name, step in first.items()]
    found += [(done.at_step, named(done), "intervention") for done in arm.interventions]
    found = [one for one in found if one[0] >= arm.born]
    if arm.parent:
        found.append((arm.born, f"fork of {arm.parent}", "intervention"))
    # Of what happened at one step charts name the last, and that it is a fork says most.
    return sorted(found, key=lambda one: (one[0], one[1].startswith("fork of "), one[1]))
