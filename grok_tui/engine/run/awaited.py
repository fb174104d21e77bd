"""Interventions that wait for something of another arm: what they come to, once it was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.schedule import placed


class Awaited:
    """The interventions of a preset whose step counts from an event or a plateau of another arm.

    An arm that waits takes no step until the other has come to it in every replica, or is at its end. Then
    what can be done to one replica is done at a step of its own to each that came to it, and anything else
    once, if all of them did. What waits for its own arm is that arm's (`grok_tui.engine.arm.schedule`).
    """

    def __init__(self, interventions: Sequence[AnyIntervention]) -> None:
        self._open = [one for one in interventions if one.awaited and not of_itself(one)]
        self._settled: dict[str, list[AnyIntervention]] = {}

    def by(self, arm: str) -> bool:
        """Whether an arm waits."""
        return any(one.arm == arm for one in self._open)

    def sources(self, arm: str) -> set[str]:
        """Return the arms that an arm waits for."""
        return {one.awaited[0] for one in self._open if one.arm == arm and one.awaited}

    def settled(self, arm: str) -> list[AnyIntervention]:
        """Return what has become of the interventions that an arm waited for."""
        return list(self._settled.get(arm, ()))

    def settle(self, arms: Mapping[str, Arm]) -> None:
        """Plan for arms what can be said by now."""
        for one in list(self._open):
            assert one.awaited is not None
            source = arms[one.awaited[0]]
            onsets = source.onsets(one)
            if None in onsets and not source.complete:
                continue
            planned = placed(one, onsets)
            self._open.remove(one)
            self._settled.setdefault(one.arm, []).extend(planned)
            arms[one.arm].schedule.plan(planned)


def of_itself(one: AnyIntervention) -> bool:
    """Whether an intervention waits for something of the arm that it is done to."""
    return one.awaited is not None and one.awaited[0] == one.arm
