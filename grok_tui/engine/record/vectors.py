"""The bounded record of what an arm has along axes: a spectrum by frequency, singular values, coordinates."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.sizes import FEWEST_ROWS, MOST_VECTOR_BYTES, VECTOR_BYTES, check_vector
from grok_tui.errors import GrokTuiError

from .arrays import MORE_ROWS

Arrays = Mapping[str, NDArray[Any]]

ROWS = 512
"""Recorded steps that are kept, as long as they fit in `MOST_VECTOR_BYTES`."""


class VectorError(GrokTuiError, ValueError):
    """A vector would fill the memory; the message is one line that says what would fit."""


@dataclass(frozen=True)
class Axis:
    """One axis of a vector.

    Attributes:
        name: what is counted along it.
        size: how many places it has.
        labels: one a place, or none.
    """

    name: str
    size: int
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.labels) not in (0, self.size):
            raise ValueError(f"{len(self.labels)} labels for {self.size} places of axis '{self.name}'")

    @property
    def names(self) -> tuple[str, ...]:
        """What its places are called: their labels, else 1, 2, 3..."""
        return self.labels or tuple(map(str, range(1, self.size + 1)))

    @property
    def places(self) -> NDArray[np.float64]:
        """Where its places are on a chart: what the labels say where all are numbers, else 1, 2, 3..."""
        try:
            return np.array([float(name) for name in self.names])
        except ValueError:
            return np.arange(1.0, self.size + 1)


class VectorHistory:
    """A vector or a matrix at recorded steps; one thread appends while others read `table`.

    Memory is bounded: when all rows are full, every other one is dropped; first and last always stay. Every
    step that is recorded later comes in until they are full again, so the past is coarser than the present.
    Where a single row is kept, it is the latest.

    Args:
        axes: those of one row, in order.
        replicas: R where a row is of all replicas, [R, ...]; 0 where it is of one, [...].
        rows: how many are kept.
    """

    def __init__(self, axes: Sequence[Axis], replicas: int = 0, rows: int = ROWS) -> None:
        self.axes = tuple(axes)
        self.replicas, self.rows = replicas, rows
        sizes = tuple(axis.size for axis in axes)
        self.shape = (replicas, *sizes) if replicas else sizes
        self._steps = np.empty(rows, dtype=np.int64)
        self._rows = np.empty((rows, *self.shape), dtype=np.float32)
        self._count = 0
        self._lock = threading.Lock()

    def append(self, step: int, values: NDArray[np.floating]) -> None:
        """Add a row at `step`."""
        with self._lock:
            if self._count == self.rows == 1:
                self._count = 0
            elif self._count == self.rows:
                keep = np.append(np.arange(0, self._count - 1, 2), self._count - 1)
                self._steps[: len(keep)] = self._steps[keep]
                self._rows[: len(keep)] = self._rows[keep]
                self._count = len(keep)
            self._steps[self._count] = step
            self._rows[self._count] = values
            self._count += 1

    def export_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of the kept steps [n] and rows [n, ...]."""
        return dict(zip(("steps", "rows"), self.table(), strict=True))

    def layouts(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of every array of the state."""
        return {"steps": ((MORE_ROWS,), "int64"), "rows": ((MORE_ROWS, *self.shape), "float32")}

    def restore_state(self, arrays: Arrays) -> None:
        """Become what `export_state` saw.

        Raises:
            ValueError: the arrays are not those of such a history; then nothing has changed.
        """
        steps, rows = arrays["steps"], arrays["rows"]
        if not len(steps) == len(rows) <= self.rows:
            raise ValueError("the recorded vectors do not go together")
        with self._lock:
            self._count = len(steps)
            self._steps[: self._count], self._rows[: self._count] = steps, rows

    def table(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return copies of the steps [n] and the rows [n, ...], safe in any thread."""
        with self._lock:
            return self._steps[: self._count].copy(), self._rows[: self._count].copy()


def bounded(name: str, axes: Sequence[Axis], replicas: int, rows: int = ROWS) -> VectorHistory:
    """Return an empty record of a vector of all replicas, with as many of these rows as fit.

    Raises:
        VectorError: fewer than `FEWEST_ROWS` would, and fewer than these rows.
    """
    sizes = [axis.size for axis in axes]
    try:
        check_vector(name, [axis.name for axis in axes], sizes, replicas, min(FEWEST_ROWS, rows))
    except ValueError as error:
        raise VectorError(str(error)) from None
    fitting = MOST_VECTOR_BYTES // max(1, VECTOR_BYTES * replicas * prod(sizes))
    return VectorHistory(axes, replicas, min(rows, fitting))


def with_row(
    vectors: Mapping[str, VectorHistory],
    name: str,
    step: int,
    values: NDArray[np.float32],
    axes: Sequence[Axis],
    rows: int,
) -> Mapping[str, VectorHistory]:
    """Return the vectors of an arm with one more row of one of them, [R, ...] along these axes.

    A new one is in another table, since others may be reading a snapshot with this one.

    Raises:
        VectorError: it is new, and too few of its rows would fit.
    """
    if name not in vectors:
        vectors = {**vectors, name: bounded(name, axes, len(values), rows)}
    vectors[name].append(step, values)
    return vectors
