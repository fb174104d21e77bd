"""What sees events: thresholds on recorded measures, divergence and slingshots on every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.events import FIT_ACCURACY, GROK_ACCURACY
from grok_tui.catalog.seen import SEEN

from .history import Event, History
from .slingshots import SlingshotDetector

THRESHOLDS = {"fit": ("train_accuracy", FIT_ACCURACY), "grok": ("val_accuracy", GROK_ACCURACY)}


SLINGSHOT_ROWS = ("loss", "readout_norm", "largest_update")


class Detectors:
    """Watches one arm and appends events to its history.

    A replica has slingshots as often as they come, any other event once, until its weights are drawn anew.

    Attributes:
        diverged: bool [R], the replicas whose loss was NaN or infinite.
    """

    def __init__(self, history: History, replicas: int) -> None:
        self._history = history
        self._seen = {name: np.zeros(replicas, dtype=bool) for name in THRESHOLDS}
        self.diverged = np.zeros(replicas, dtype=bool)
        self._slingshots = SlingshotDetector(replicas)

    def export_state(self) -> dict[str, NDArray[Any]]:
        """Return what was seen in which replica, bool [R] each, and what the slingshot detector keeps."""
        once = self._seen | {"divergence": self.diverged}
        return {name: seen.copy() for name, seen in once.items()} | self._slingshots.export_state()

    def layouts(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of what `restore_state` needs."""
        replicas = (len(self.diverged),)
        once: dict[str, tuple[tuple[int, ...], str]] = dict.fromkeys(
            (*self._seen, "divergence"), (replicas, "bool")
        )
        return once | self._slingshots.layouts()

    def restore_state(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Become what `export_state` saw."""
        for name, seen in self._seen.items():
            seen[:] = arrays[name]
        self.diverged[:] = arrays["divergence"]
        self._slingshots.restore_state(arrays)

    def forget(self, replica: int | None = None) -> None:
        """Watch a replica, or all, as one of which nothing has been seen yet; the log keeps its events."""
        chosen = slice(None) if replica is None else replica
        for seen in (*self._seen.values(), self.diverged):
            seen[chosen] = False
        self._slingshots.forget(replica)

    def recorded(self, step: int) -> None:
        """Look at the row that was just recorded."""
        for name, (measure, threshold) in THRESHOLDS.items():
            seen = self._seen[name]
            if seen.all():
                continue
            reached = self._history.last(measure) >= threshold
            for replica in np.flatnonzero(reached & ~seen):
                self._history.events.append(Event(step, name, int(replica)))
            seen |= reached

    def stepped(self, first: int, seen: NDArray[np.float64]) -> None:
        """Look at what was seen [k, S, R] of the steps first, first + 1, ..."""
        losses, norms, updates = (seen[:, SEEN.index(name)] for name in SLINGSHOT_ROWS)
        for slingshot in self._slingshots.stepped(first, losses, norms, updates):
            self._history.events.append(
                Event(slingshot.onset, "slingshot", slingshot.replica, slingshot.numbers)
            )
        bad = ~np.isfinite(losses)
        if not bad.any():
            return
        for replica in np.flatnonzero(bad.any(axis=0) & ~self.diverged):
            step = first + int(np.argmax(bad[:, replica]))
            self._history.events.append(Event(step, "divergence", int(replica)))
        self.diverged |= bad.any(axis=0)
