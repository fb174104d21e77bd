"""What sees events: thresholds on recorded measures, and divergence on every step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.events import FIT_ACCURACY, GROK_ACCURACY

from .history import Event, History

THRESHOLDS = {"fit": ("train_accuracy", FIT_ACCURACY), "grok": ("val_accuracy", GROK_ACCURACY)}


class Detectors:
    """Watches one arm and appends events to its history; each event is seen once a replica.

    Attributes:
        diverged: bool [R], the replicas whose loss was NaN or infinite.
    """

    def __init__(self, history: History, replicas: int) -> None:
        self._history = history
        self._seen = {name: np.zeros(replicas, dtype=bool) for name in THRESHOLDS}
        self.diverged = np.zeros(replicas, dtype=bool)

    def export_state(self) -> dict[str, NDArray[np.bool_]]:
        """Return what was seen in which replica: bool [R] each."""
        return {name: seen.copy() for name, seen in self._seen.items()} | {"divergence": self.diverged.copy()}

    def restore_state(self, arrays: Mapping[str, NDArray[np.bool_]]) -> None:
        """Become what `export_state` saw."""
        for name, seen in self._seen.items():
            seen[:] = arrays[name]
        self.diverged[:] = arrays["divergence"]

    def recorded(self, step: int) -> None:
        """Look at the row that was just recorded."""
        for name, (measure, threshold) in THRESHOLDS.items():
            reached = self._history.last(measure) >= threshold
            for replica in np.flatnonzero(reached & ~self._seen[name]):
                self._history.events.append(Event(step, name, int(replica)))
            self._seen[name] |= reached

    def stepped(self, first: int, losses: NDArray[np.float64]) -> None:
        """Look at the batch losses [k, R] of the steps first, first + 1, ..."""
        bad = ~np.isfinite(losses)
        if not bad.any():
            return
        for replica in np.flatnonzero(bad.any(axis=0) & ~self.diverged):
            step = first + int(np.argmax(bad[:, replica]))
            self._history.events.append(Event(step, "divergence", int(replica)))
        self.diverged |= bad.any(axis=0)
