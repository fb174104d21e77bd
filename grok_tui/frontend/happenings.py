"""What happened to an arm, for the marks on charts and timeline; imports no numpy, for the first frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grok_tui.numbers import grouped, plural, short

if TYPE_CHECKING:
    from grok_tui.charts.model import MarkKind
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.record.history import Event

SLINGSHOT = "slingshot"


def happenings(arm: ArmStatus) -> list[tuple[int, str, MarkKind]]:
    """List step, label and kind of what happened to an arm, in order.

    Each event once for every start that its weights had, by its first replica, but of the first replica that
    has slingshots all of them. Of a fork, what happened before belongs to its parent.
    """
    first: dict[tuple[str, int], int] = {}
    for event in arm.events:
        if event.name != SLINGSHOT:
            which = event.name, arm.network(event.replica, event.step)
            first[which] = min(event.step, first.get(which, event.step))
    found: list[tuple[int, str, MarkKind]] = [(step, name, "event") for (name, _), step in first.items()]
    found += [(event.step, SLINGSHOT, "event") for event in slingshots(arm)]
    found += [(done.at_step, done.named(), "intervention") for done in arm.interventions]
    found = [one for one in found if one[0] >= arm.born]
    if arm.parent:
        found.append((arm.born, f"fork of {arm.parent}", "intervention"))
    # Of what happened at one step charts name the last, and that it is a fork says most.
    return sorted(found, key=lambda one: (one[0], one[1].startswith("fork of "), one[1]))


def slingshots(arm: ArmStatus) -> list[Event]:
    """List the slingshots of the replica that had one first, in order; of a fork, its own."""
    every = [event for event in arm.events if event.name == SLINGSHOT and event.step >= arm.born]
    if not every:
        return []
    replica = min(every, key=lambda event: (event.step, event.replica)).replica
    return sorted((event for event in every if event.replica == replica), key=lambda event: event.step)


def numbers_of(slingshot: Event) -> list[str]:
    """Return the numbers of a slingshot in words, what matters most first."""
    from grok_tui.engine.record.slingshots import CALM_STEPS

    found = slingshot.numbers
    if not found:
        return []
    return [
        f"loss {_brief(found['peak_loss'])}",
        f"norm +{100 * found['norm_growth']:.0f} %",
        f"update {_brief(found['update_in_lr'])} lr",
        plural(round(found["duration"]), "step"),
        f"silent {found['silent_steps']:.0f} of {CALM_STEPS}",
    ]


def _brief(number: float) -> str:
    """Return a number in two digits but no finer than thousandths, or in all of those before the point."""
    if 1e-3 <= number < 100:
        return f"{round(number, 3):.2g}"
    return grouped(round(number)) if 100 <= number < 1e5 else short(number)
