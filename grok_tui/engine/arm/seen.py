"""What has been seen of the network that each replica of an arm trains now."""

from __future__ import annotations

from collections.abc import Sequence

from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.engine.record.detectors import Detectors
from grok_tui.engine.record.history import History
from grok_tui.engine.record.plateaus import Plateaus, Watched, watched_by


class Seen:
    """Detectors of events and watched plateaus, with the step from which on they count in each replica.

    Args:
        history: where events are logged.
        replicas: R.
        watched: plateaus to look for.
        scheduled: interventions, some of which may wait for plateaus.

    Attributes:
        detectors: of events.
        plateaus: those watched.
        first: the first step at which something can have been seen of each replica's present network.
    """

    def __init__(
        self,
        history: History,
        replicas: int,
        watched: Sequence[Watched],
        scheduled: Sequence[AnyIntervention],
    ) -> None:
        self._history = history
        self.detectors = Detectors(history, replicas)
        own = (watched_by(one) for one in scheduled if one.since_plateau is not None)
        self.plateaus = Plateaus(list(dict.fromkeys([*watched, *own])), replicas)
        self.first = [0] * replicas

    def recorded(self, step: int) -> None:
        """Look at the row that was just recorded."""
        self.detectors.recorded(step)
        self.plateaus.recorded(step, self._history)

    def onsets(self, one: AnyIntervention) -> list[int | None]:
        """Return the step at which each replica came to what an intervention waits for first."""
        assert one.awaited is not None
        event = one.awaited[1]
        if not isinstance(event, str):
            return self.plateaus.onsets(watched_by(one))
        seen, found = self._history.events_by_replica(), []
        for replica, first in enumerate(self.first):
            steps = (each.step for each in seen.get((event, replica), []))
            after = max(one.not_before, first)
            found.append(min((step for step in steps if step >= after), default=None))
        return found

    def forget(self, step: int, replica: int | None = None) -> None:
        """Look at a replica, or at all, as at networks that begin after a step; the log keeps its events."""
        self.detectors.forget(replica)
        self.plateaus.forget(replica)
        for one in range(len(self.first)) if replica is None else [replica]:
            self.first[one] = step + 1
