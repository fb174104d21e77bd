"""What is still to be done to an arm, and at which steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from grok_tui.catalog.interventions import AnyIntervention

from .state import Settled

Onsets = Callable[[AnyIntervention], Sequence[int | None]]
"""Gives the step at which each replica came to what an intervention waits for; None where it did not."""


def placed(one: AnyIntervention, onsets: Sequence[int | None], earliest: int = 0) -> list[AnyIntervention]:
    """Return what an intervention that waited comes to, at steps of its own.

    One that can be done to a replica alone comes once for each that had what it waits for, any other once
    that all replicas had it.

    Args:
        one: the intervention.
        onsets: when each replica had it.
        earliest: the first step at which anything can be done.
    """
    if not one.per_replica:
        had = [onset for onset in onsets if onset is not None]
        return [one.settled(max(earliest, max(had) + one.at_step), None)] if len(had) == len(onsets) else []
    asked = getattr(one, "replica", None)
    return [
        one.settled(max(earliest, onset + one.at_step), replica)
        for replica, onset in enumerate(onsets)
        if onset is not None and asked in (None, replica)
    ]


class Agenda:
    """The interventions that lie ahead of an arm.

    Args:
        planned: what the preset plans; what waits for something of the arm itself gets its step on the way.

    Attributes:
        done: how many of the preset's own have been carried out.
        settled: what has become of those that waited for the arm itself.
        given: what has become of those that waited for another arm.
    """

    def __init__(self, planned: Iterable[AnyIntervention]) -> None:
        planned = list(planned)
        self._fixed = [one for one in planned if one.awaited is None]
        self._waiting = [one for one in planned if one.awaited is not None]
        self.settled: list[Settled] = []
        self.given: list[AnyIntervention] = []
        self.done = 0
        self._ahead: list[tuple[AnyIntervention, bool]] = []
        self._inserted = 0  # how many of those ahead were inserted; they come first
        self.insert(())

    @property
    def next_step(self) -> int | None:
        """The step of the next intervention; None if there is none."""
        return self._ahead[0][0].at_step if self._ahead else None

    def due(self, step: int) -> tuple[AnyIntervention, bool] | None:
        """Take out what is due after a step, with whether it is the preset's; None if nothing is."""
        if not self._ahead or self._ahead[0][0].at_step > step:
            return None
        self._inserted = max(0, self._inserted - 1)
        return self._ahead.pop(0)

    def give(self, interventions: Iterable[AnyIntervention]) -> None:
        """Say what has become of those that waited for another arm."""
        self.given = list(interventions)
        self._arrange()

    def forget(self, replica: int | None = None) -> None:
        """Have those wait again that are settled for a replica, or for any, and have not been done."""
        ahead = {id(one) for one in self._planned()[self.done :]}
        self.settled = [
            one
            for one in self.settled
            if id(one.intervention) not in ahead
            or (replica is not None and getattr(one.intervention, "replica", None) not in (None, replica))
        ]
        self._arrange()

    def insert(self, interventions: Iterable[tuple[AnyIntervention, bool]]) -> None:
        """Have these come next, each with whether it is the preset's; its other ones follow."""
        self._ahead = list(interventions)
        self._inserted = len(self._ahead)
        self._arrange()

    def settle(self, step: int, onsets: Onsets) -> None:
        """Give their steps to those that waited for what was seen up to a recorded step."""
        known = {(one.place, getattr(one.intervention, "replica", None)) for one in self.settled}
        found = [
            Settled(place=place, intervention=planned)
            for place, one in enumerate(self._waiting)
            for planned in placed(one, onsets(one), step)
            if (place, getattr(planned, "replica", None)) not in known
        ]
        if found:
            self.settled += found
            self._arrange()

    def restore(self, done: int, settled: Sequence[Settled]) -> None:
        """Go on where so many of the preset's own were done, and those that waited were settled so.

        Raises:
            ValueError: there are no such ones that waited.
        """
        if any(one.place >= len(self._waiting) for one in settled):
            raise ValueError("it waited for what the preset does not know")
        self.done, self.settled = done, list(settled)
        self.insert(())

    def _planned(self) -> list[AnyIntervention]:
        every = [*self._fixed, *self.given, *(one.intervention for one in self.settled)]
        return sorted(every, key=lambda one: one.at_step)

    def _arrange(self) -> None:
        entries = self._ahead[: self._inserted]
        ahead = self.done + sum(of_preset for _, of_preset in entries)
        self._ahead = [*entries, *((one, True) for one in self._planned()[ahead:])]
