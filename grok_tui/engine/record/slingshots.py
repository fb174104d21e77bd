"""Slingshots: the training loss spikes after a long calm, and the readout's norm grows.

The detector sees every step, so a spike of one step counts, and where chunks end makes no difference. Thilak
et al. 2022 (arXiv 2206.04817) describe the effect; Wu 2024 ("The slingshot helps with learning") explains it
for hinge loss: in the calm the optimizer's second moment decays, until weight decay has pulled a margin below
1 and a small gradient makes large steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grok_tui.engine.record.arrays import MORE_ROWS

Floats = NDArray[np.float64]

HOT_LOSS = 5e-3
"""A step is hot when its loss is above this, or is no number."""

CALM_STEPS = 500
"""An onset is a hot step after this many that were not."""

JUMP = 10.0
"""The loss at the onset is more than this many times the median of the calm."""

GROWTH = 0.25
"""The readout's norm rises by this share of its least value in the calm."""

WINDOW_STEPS = 150
"""What happens in this many steps from the onset on belongs to the slingshot."""


@dataclass(frozen=True)
class Slingshot:
    """One slingshot of one replica; `numbers` are those of `grok_tui.catalog.events.EVENT_NUMBERS`."""

    onset: int
    replica: int
    numbers: Mapping[str, float]


class SlingshotDetector:
    """Finds the slingshots of R replicas as steps come in; each is told `WINDOW_STEPS` after its onset."""

    def __init__(self, replicas: int) -> None:
        self._rows = np.empty((3, 0, replicas))  # losses, norms and updates of the last steps

    def export_state(self) -> dict[str, NDArray[np.float64]]:
        """Return what is still needed of the steps seen: [3, n, R]."""
        return {"slingshot_rows": self._rows.copy()}

    def layouts(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of what `restore_state` needs."""
        rows, _, replicas = self._rows.shape
        return {"slingshot_rows": ((rows, MORE_ROWS, replicas), "float64")}

    def restore_state(self, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Become what `export_state` saw."""
        self._rows = arrays["slingshot_rows"].copy()

    def forget(self, replica: int | None = None) -> None:
        """Have the steps of a replica, or of all, so far be part of no calm and of no slingshot."""
        self._rows[:, :, slice(None) if replica is None else replica] = np.nan

    def stepped(self, first: int, losses: Floats, norms: Floats, updates_in_lr: Floats) -> list[Slingshot]:
        """Look at the steps first, first + 1, ... and return the slingshots that are now over.

        Args:
            first: number of the first of these steps.
            losses: the batch loss of each step, [k, R].
            norms: the L2 norm of the readout after it, [k, R].
            updates_in_lr: its largest |theta_i change| in units of the learning rate, [k, R].
        """
        before = self._rows.shape[1]
        rows = self._rows = np.concatenate([self._rows, np.stack([losses, norms, updates_in_lr])], axis=1)
        count = rows.shape[1]
        found = []
        for i, replica in self._onsets(max(CALM_STEPS, before - WINDOW_STEPS + 1), count - WINDOW_STEPS + 1):
            slingshot = self._judged(i, replica, first - before)
            if slingshot is not None:
                found.append(slingshot)
        # No later onset needs earlier rows for its calm.
        self._rows = rows[:, max(0, count - CALM_STEPS - WINDOW_STEPS + 1) :]
        return found

    def _onsets(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return place and replica of each hot step after a calm, among the places start, ..., stop - 1."""
        if stop <= start:
            return []
        cool = self._rows[0] <= HOT_LOSS
        if cool[start:stop].all():
            return []
        heat = np.concatenate([np.zeros_like(cool[:1], dtype=np.int64), np.cumsum(~cool, axis=0)])
        places = np.arange(start, stop)
        calm = heat[places] == heat[places - CALM_STEPS]
        return [(start + int(i), int(r)) for i, r in np.argwhere(calm & ~cool[start:stop])]

    def _judged(self, onset: int, replica: int, offset: int) -> Slingshot | None:
        """Return the slingshot that begins at a place, if it is one; offset: the step at place 0."""
        losses, norms, updates = self._rows[:, :, replica]
        calm, window = slice(onset - CALM_STEPS, onset), slice(onset, onset + WINDOW_STEPS)
        growth = norms[window].max() / norms[onset - CALM_STEPS : onset + 1].min() - 1
        rises = losses[onset] > JUMP * np.median(losses[calm]) and growth >= GROWTH
        if not (rises and np.isfinite(losses[window]).all() and np.isfinite(growth)):
            return None
        hot = np.flatnonzero(losses[window] > HOT_LOSS)
        numbers = {
            "duration": float(hot[-1] + 1),
            "peak_loss": float(losses[window].max()),
            "norm_growth": float(growth),
            "update_in_lr": float(updates[window].max()),
            "silent_steps": float((losses[calm] == 0).sum()),
        }
        return Slingshot(offset + onset, replica, numbers)
