"""What is asked of an arm at its end about the states that it was in on the way. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.measure import LEAST_KEPT_STATES, kept_states

from .arrays import MORE_ROWS, Arrays

Floats = NDArray[np.float64]

COUNTS = 2  # rows appended, and how many of these are kept: one of so many


@dataclass(frozen=True)
class LookedBack:
    """Measures that look back, at the steps of the states that were kept.

    Attributes:
        names: the measures.
        steps: ascending, int64 [n]; none before the arm has come to its end.
        rows: float64 [n, M, R].
    """

    names: tuple[str, ...]
    steps: NDArray[np.int64]
    rows: Floats

    @classmethod
    def nothing(cls, names: tuple[str, ...] = (), replicas: int = 1) -> LookedBack:
        """Return what is known of these measures before the end."""
        return cls(names, np.empty(0, dtype=np.int64), np.empty((0, len(names), replicas)))

    def __len__(self) -> int:
        return len(self.steps)

    def values(self, name: str, replica: int | None = None) -> Floats:
        """Return one measure over the steps: [n] of one replica, or [n, R]; a view.

        Raises:
            KeyError: there is no such measure.
        """
        if name not in self.names:
            raise KeyError(name)
        column = self.rows[:, self.names.index(name)]
        return column if replica is None else column[:, replica]

    def last(self, name: str) -> Floats:
        """Return the latest values of a measure [R]; there have to be some."""
        found: Floats = self.values(name)[-1]
        return found


class States:
    """The weights of all replicas at recorded steps, in their own precision.

    Memory is bounded: when all rows are full, every other one is dropped, and from then on every other one is
    kept, so that the whole way is equally fine; first and last always stay.

    Args:
        shape: of theta, (R, P).
        dtype: of theta, as numpy calls it.
        rows: how many are kept; None: as many as fit.

    Attributes:
        stride: of this many appended one is kept.
    """

    def __init__(self, shape: tuple[int, int], dtype: str, rows: int | None = None) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        fitting = kept_states(shape[0] * shape[1], self.dtype.itemsize)
        self.limit = max(LEAST_KEPT_STATES, fitting) if rows is None else rows
        self.stride = 1
        self._appended = self._count = 0
        self._steps = np.empty(self.limit, dtype=np.int64)
        self._rows = np.empty((self.limit, *shape), dtype=self.dtype)

    def __len__(self) -> int:
        return self._count

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps that are kept, ascending [n]; a view."""
        return self._steps[: self._count]

    @property
    def rows(self) -> NDArray[Any]:
        """The weights at these steps [n, R, P]; a view."""
        return self._rows[: self._count]

    def append(self, step: int, theta: NDArray[Any]) -> None:
        """Add the weights [R, P] at `step`."""
        if self._appended and (self._appended - 1) % self.stride:  # the last row was kept for being the last
            self._count -= 1
        if self._count == self.limit:
            kept = np.arange(0, self._count, 2)
            self._steps[: len(kept)], self._count = self._steps[kept], len(kept)
            for place, row in enumerate(kept):  # one at a time, as all together may be half of the memory
                self._rows[place] = self._rows[row]
            self.stride *= 2
        self._steps[self._count], self._rows[self._count] = step, theta
        self._count += 1
        self._appended += 1

    def export_state(self) -> Arrays:
        """Return copies of the kept steps [n], the rows [n, R, P], and what is counted."""
        counts = np.array([self._appended, self.stride], dtype=np.int64)
        return {"steps": self.steps.copy(), "rows": self.rows.copy(), "counts": counts}

    def layouts(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of every array of the state."""
        return {
            "steps": ((MORE_ROWS,), "int64"),
            "rows": ((MORE_ROWS, *self.shape), str(self.dtype)),
            "counts": ((COUNTS,), "int64"),
        }

    def restore_state(self, arrays: Arrays) -> None:
        """Become what `export_state` saw.

        Raises:
            ValueError: the arrays are not those of such a record; then nothing has changed.
        """
        steps, rows, (appended, stride) = arrays["steps"], arrays["rows"], arrays["counts"].tolist()
        fits = 1 <= len(steps) == len(rows) <= min(self.limit, appended) and stride >= 1
        if not fits or (np.diff(steps) <= 0).any():
            raise ValueError("the kept states do not go together")
        self._count, self._appended, self.stride = len(steps), appended, stride
        self._steps[: self._count], self._rows[: self._count] = steps, rows
