"""Interventions that wait for an event of another arm: what they come to, once it was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grok_tui.catalog.interventions import AnyIntervention, Jump, Reset
from grok_tui.engine.arm.arm import Arm


class Awaited:
    """The interventions of a preset whose step counts from an event of another arm.

    An arm that waits takes no step until the other has had the event in every replica, or is at its end. Then
    there is one intervention for each replica that had it, at a step of its own.
    """

    def __init__(self, interventions: Sequence[AnyIntervention]) -> None:
        self._open = [one for one in interventions if isinstance(one, (Reset, Jump)) and one.awaited]
        self._settled: dict[str, list[AnyIntervention]] = {}

    def by(self, arm: str) -> bool:
        """Whether an arm waits."""
        return any(one.arm == arm for one in self._open)

    def settled(self, arm: str) -> list[AnyIntervention]:
        """Return what has become of the interventions that an arm waited for."""
        return list(self._settled.get(arm, ()))

    def settle(self, arms: Mapping[str, Arm]) -> None:
        """Plan for arms what can be said by now."""
        for one in list(self._open):
            assert one.awaited is not None
            source, event = one.awaited
            onsets = _first_steps(arms[source], event, one.not_before)
            if None in onsets and not arms[source].complete:
                continue
            planned: list[AnyIntervention] = [
                one.settled(max(0, onset + one.at_step), replica)
                for replica, onset in enumerate(onsets)
                if onset is not None and one.replica in (None, replica)
            ]
            self._open.remove(one)
            self._settled.setdefault(one.arm, []).extend(planned)
            arms[one.arm].plan(planned)


def _first_steps(arm: Arm, event: str, since: int) -> list[int | None]:
    """Return the step at which each replica of an arm had an event first, of those from `since` on."""
    seen = (arm.history.event_steps(event, replica) for replica in range(len(arm.seeds)))
    return [min((int(step) for step in steps if step >= since), default=None) for steps in seen]
