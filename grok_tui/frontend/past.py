"""The run as it was at an earlier step: pure functions of what was recorded, free of torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from grok_tui.frontend.happenings import SLINGSHOT, slingshots

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.presets import Arm


def as_it_was(snapshot: Snapshot, step: int) -> Snapshot:
    """Return a run as it stood when its arms came to a step, before anything was done there.

    Its claims are those of now, and its histories go on behind the step.
    """
    assert snapshot.preset is not None
    specs = {spec.name: spec for spec in snapshot.preset.arms}
    return replace(snapshot, arms=tuple(_arm_then(arm, specs[arm.name], step) for arm in snapshot.arms))


def _arm_then(arm: ArmStatus, spec: Arm, step: int) -> ArmStatus:
    """Return an arm as it stood; one that had not come so far, or was forked later, as it is."""
    if step >= arm.step or step < arm.born:
        return arm
    done = tuple(one for one in arm.interventions if one.at_step < step)
    beginning = replace(arm, **vars(spec.settings))
    events = tuple(event for event in arm.events if event.step <= step)
    then = replace(after(beginning, done), step=step, interventions=done, events=events)
    return replace(then, diverged=bool(then.had("divergence")))


def after(arm: ArmStatus, done: Iterable[AnyIntervention]) -> ArmStatus:
    """Return an arm with its settings as interventions leave them.

    Raises:
        ValueError: one does not fit.
    """
    return reduce(lambda before, one: before.after(one), done, arm)


def marks(arm: ArmStatus, snapshot: Snapshot) -> list[int]:
    """List the steps at which something happened to an arm or its state is kept, ascending.

    Of slingshots those of one replica count, as on the charts.
    """
    found = {arm.born, arm.step}
    found.update(event.step for event in arm.events if event.name != SLINGSHOT)
    found.update(event.step for event in slingshots(arm))
    found.update(done.at_step for done in arm.interventions)
    found.update(snapshot.moments.get(arm.name, ()))
    return _within(arm, found)


def stops(arm: ArmStatus, snapshot: Snapshot) -> list[int]:
    """List the steps that one can go back to one after the other: the marks, and all recorded steps."""
    steps, _ = arm.history.curve(arm.history.names[0])
    return _within(arm, {*marks(arm, snapshot), *steps.tolist()})


def _within(arm: ArmStatus, steps: set[int]) -> list[int]:
    return sorted(step for step in steps if arm.born <= step <= arm.step)
