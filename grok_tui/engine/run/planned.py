"""What a preset plans for the arms of a run and their forks, also what waits for something of another arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.engine.arm.agenda import placed
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.arm.state import ArmState
from grok_tui.engine.record.plateaus import Watched, watched_by


class Planned:
    """The interventions of a preset, by arm, those included whose step counts from an event or a plateau.

    An arm that waits for another takes no step until that has come to it in every replica, or is at its end.
    Then what can be done to one replica is done at a step of its own to each that came to it, and anything
    else once, if all of them did. What waits for its own arm is that arm's (`grok_tui.engine.arm.agenda`).

    A fork waits for what its parent waits for, and so does it at the same steps. What the preset plans at
    steps of its own that the parent had not reached is the parent's alone.

    Args:
        interventions: the preset's.
        forks: those of the run, by name, as they come to be.
    """

    def __init__(self, interventions: Sequence[AnyIntervention], forks: Mapping[str, Fork]) -> None:
        self._interventions = list(interventions)
        self._forks = forks
        self._open = [one for one in interventions if one.awaited and not _of_itself(one)]
        self._given: dict[str, list[AnyIntervention]] = {}

    def fixed(self, name: str, fork: Fork | None = None) -> list[AnyIntervention]:
        """Return what an arm has done to it at steps that the preset says; of a fork, what its parent had.

        fork: what the arm is to be, where the run has it not yet.
        """
        lineage = self._lineage(name, fork)
        origin = lineage[-1].parent if lineage else name
        born = min((one.step for one in lineage), default=None)
        own = [one for one in self._interventions if one.arm == origin and not one.awaited]
        own = [one for one in own if born is None or one.at_step < born]
        return _renamed(own, origin, name)

    def given(self, name: str, fork: Fork | None = None) -> list[AnyIntervention]:
        """Return what has become of what an arm waited for in others."""
        origin = self.origin(name, fork)
        return _renamed(self._given.get(origin, ()), origin, name)

    def waiting(self, name: str, fork: Fork | None = None) -> list[AnyIntervention]:
        """Return what an arm waits for in itself."""
        origin = self.origin(name, fork)
        own = [one for one in self._interventions if one.arm == origin and _of_itself(one)]
        return _renamed(own, origin, name)

    def watched(self, name: str, fork: Fork | None = None) -> list[Watched]:
        """Return the plateaus of an arm that it or another waits for; a fork's are those of its parent."""
        origin = self.origin(name, fork)
        plateaus = (one for one in self._interventions if one.since_plateau is not None)
        own = [one for one in plateaus if one.awaited and one.awaited[0] == origin]
        return [watched_by(one) for one in _renamed(own, origin, name)]

    def origin(self, name: str, fork: Fork | None = None) -> str:
        """Return the name of the preset's arm that an arm is, or is forked from."""
        lineage = self._lineage(name, fork)
        return lineage[-1].parent if lineage else name

    def by(self, name: str) -> bool:
        """Whether an arm waits for another."""
        return bool(self.sources(name))

    def sources(self, name: str) -> set[str]:
        """Return the arms that an arm waits for."""
        origin = self.origin(name)
        return {one.awaited[0] for one in self._open if one.arm == origin and one.awaited}

    def settle(self, arms: Mapping[str, Arm]) -> None:
        """Plan for arms, and for their forks, what can be said by now."""
        for one in list(self._open):
            assert one.awaited is not None
            source = arms[one.awaited[0]]
            onsets = source.seen.onsets(one)
            if None in onsets and not source.complete:
                continue
            self._open.remove(one)
            self._give(one.arm, [*self._given.get(one.arm, ()), *placed(one, onsets)], arms)

    def restore(self, states: Mapping[str, ArmState], arms: Mapping[str, Arm]) -> None:
        """Have arms that took steps wait no more: what they were given stays, whatever came of others since.

        Args:
            states: of the arms and their forks.
            arms: restored to these.
        """
        for name, state in states.items():
            origin = self.origin(name)
            if state.given is not None and (state.given or state.step):
                self._open = [one for one in self._open if one.arm != origin]
                self._give(origin, _renamed(state.given, name, origin), arms)

    def _give(self, origin: str, given: list[AnyIntervention], arms: Mapping[str, Arm]) -> None:
        self._given[origin] = given
        for name, arm in arms.items():
            if self.origin(name) == origin:
                arm.agenda.give(_renamed(given, origin, name))

    def _lineage(self, name: str, fork: Fork | None = None) -> list[Fork]:
        """Return an arm as a fork, then its parent as one, and so on; none of an arm of the preset."""
        found = []
        one = fork or self._forks.get(name)
        while one is not None:
            found.append(one)
            one = self._forks.get(one.parent)
        return found


def _of_itself(one: AnyIntervention) -> bool:
    """Whether an intervention waits for something of the arm that it is done to."""
    return one.awaited is not None and one.awaited[0] == one.arm


def _renamed(interventions: Sequence[AnyIntervention], origin: str, name: str) -> list[AnyIntervention]:
    return [one.of_fork(origin, name) for one in interventions]
