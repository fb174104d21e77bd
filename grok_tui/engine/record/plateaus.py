"""Where measures no longer get better, watched record by record, because a history forgets rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.intervention import Intervention, Plateau

from .history import History

Watched = tuple[Plateau, int]
"""A plateau, and the first step at which records count."""

NEVER = -1


def watched_by(one: Intervention) -> Watched:
    """Return what has to be watched for an intervention that waits for a plateau."""
    assert one.since_plateau is not None
    return one.since_plateau, one.not_before


class Plateaus:
    """Watches measures of one arm, each for a plateau in every replica.

    Args:
        watched: what to look for.
        replicas: R.
    """

    def __init__(self, watched: Sequence[Watched], replicas: int) -> None:
        self._watched = list(watched)
        shape = (len(self._watched), replicas)
        self._best = np.full(shape, np.nan)  # signed, so that lower is better
        self._since = np.zeros(shape, dtype=np.int64)
        self._onset = np.full(shape, NEVER, dtype=np.int64)

    def recorded(self, step: int, history: History) -> None:
        """Look at the row that was just recorded; a value that is not finite is no improvement."""
        for (plateau, first), best, since, onset in zip(
            self._watched, self._best, self._since, self._onset, strict=True
        ):
            if step < first:
                continue
            values = history.last(plateau.name) * (-1 if plateau.higher else 1)
            begun = ~np.isnan(best)
            with np.errstate(invalid="ignore"):
                better = np.isfinite(values) & (~begun | (values < best - plateau.improvement * np.abs(best)))
            np.copyto(best, values, where=better)
            since[:] = np.where(better | ~begun, 0, since + 1)
            onset[(since >= plateau.records) & (onset == NEVER)] = step

    def forget(self, replica: int | None = None) -> None:
        """Watch a replica, or all of them, as one of which nothing has been recorded yet."""
        chosen = slice(None) if replica is None else replica
        self._best[:, chosen], self._since[:, chosen], self._onset[:, chosen] = np.nan, 0, NEVER

    def onsets(self, watched: Watched) -> list[int | None]:
        """Return the recorded step at which each replica came to a plateau first, None where it did not."""
        row = self._onset[self._watched.index(watched)]
        return [None if step == NEVER else int(step) for step in row]

    def export_state(self) -> dict[str, NDArray[Any]]:
        """Return best values, records since and onsets, [W, R] each; nothing where none is watched."""
        state = {"best": self._best, "since": self._since, "onset": self._onset}
        return {name: array.copy() for name, array in state.items() if len(array)}

    def layouts(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of what `restore_state` needs."""
        return {name: (array.shape, str(array.dtype)) for name, array in self.export_state().items()}

    def restore_state(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Become what `export_state` saw."""
        if arrays:
            self._best[:], self._since[:], self._onset[:] = (
                arrays[name] for name in ("best", "since", "onset")
            )
