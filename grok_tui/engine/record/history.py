"""The record of an arm: bounded, columnar, the only owner of the curves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import MORE_ROWS
from .envelope import SIDES, joined

Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]

CAPACITY = 8192  # rows; an arm measured every 1 to 2 % of its steps needs 925 for five million

# The finest resolution relative to the step reached, for record_every = "auto".
RESOLUTION = 50


def next_recorded(step: int, record_every: int | str) -> int:
    """Return the first step after `step` at which an arm is measured.

    With "auto" the spacing is 1, 2, 5, 10, 20, 50... and stays below 1 / `RESOLUTION` of the step reached, so
    that a run of any length has about 180 rows a decade and a logarithmic axis is filled evenly.
    """
    if isinstance(record_every, int):
        return step + record_every - step % record_every
    spacing = 1
    for digit in _ones_twos_fives():
        if digit * RESOLUTION > step:
            break
        spacing = digit
    return step + spacing - step % spacing


def _ones_twos_fives() -> Sequence[int]:
    return [digit * 10**power for power in range(12) for digit in (1, 2, 5)]


@dataclass(frozen=True)
class Event:
    """Something a detector saw in one replica."""

    step: int
    name: str
    replica: int
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Those of `grok_tui.catalog.events.EVENT_NUMBERS`."""


class History:
    """Rows of measures at recorded steps, for all replicas; one thread appends while others read `curve`.

    Memory is bounded: when `CAPACITY` rows are full, every other row is dropped, and from then on every other
    row is kept; first and last always stay. Envelopes of dropped rows pass to the rows after them.

    Attributes:
        names: the measures, then the sides of the envelope.
        events: what detectors saw, in order of time.
        version: counts the rows ever appended, so that a reader knows when to look again.
        stride: of this many rows appended one is kept.
        listener: called with step and row [M, R] of every row that stays when the next one comes, which the
            steps alone decide; the envelopes of rows dropped later are not in it.
    """

    def __init__(self, measures: Sequence[str], replicas: int) -> None:
        self.names = (*measures, *SIDES)
        self._index = {name: i for i, name in enumerate(self.names)}
        self._steps = np.empty(64, dtype=np.int64)
        self._rows = np.empty((64, len(self.names), replicas))
        self._count = 0
        self.stride = 1
        self.listener: Callable[[int, Floats], None] | None = None
        self.events: list[Event] = []
        self.version = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._count

    @property
    def steps(self) -> NDArray[np.int64]:
        """The recorded steps, ascending; a view."""
        return self._steps[: self._count]

    def values(self, name: str, replica: int | None = None) -> Floats:
        """Return one measure over the recorded steps: [n] of one replica, or [n, R]; a view.

        Raises:
            KeyError: there is no such measure.
        """
        column = self._rows[: self._count, self._index[name]]
        return column if replica is None else column[:, replica]

    def last(self, name: str) -> Floats:
        """Return the latest values of a measure: [R]."""
        value: Floats = self._rows[self._count - 1, self._index[name]]
        return value

    def append(self, step: int, measures: Floats, envelope: Floats) -> None:
        """Add a row: measures [M, R] at `step`, and the envelope [E, R] of the steps since the last row."""
        with self._lock:
            if self._count == len(self._steps):
                self._make_room()
            if self.version and (self.version - 1) % self.stride:  # the last row was kept for being the last
                self._count -= 1
                envelope = joined(self._rows[self._count, -len(envelope) :], envelope)
            self._steps[self._count] = step
            self._rows[self._count] = np.concatenate([measures, envelope])
            self._count += 1
            self.version += 1
        if self.listener is not None and not (self.version - 1) % self.stride:
            self.listener(step, self._rows[self._count - 1].copy())

    def curve(self, name: str) -> tuple[NDArray[np.int64], Floats]:
        """Return copies of the recorded steps [n] and of one measure [n, R], safe in any thread.

        Raises:
            KeyError: there is no such measure.
        """
        with self._lock:
            return self.steps.copy(), self.values(name).copy()

    def event_steps(self, name: str, replica: int) -> NDArray[np.int64]:
        """Return the steps at which an event was seen in one replica."""
        seen = [e.step for e in self.events if e.name == name and e.replica == replica]
        return np.array(seen, dtype=np.int64)

    def first_seen(self, name: str, earliest: int) -> list[int | None]:
        """Return the first step, not before `earliest`, at which each replica had an event; None: never."""
        found = self.events_by_replica()
        seen = (found.get((name, replica), []) for replica in range(self._rows.shape[-1]))
        return [min((e.step for e in events if e.step >= earliest), default=None) for events in seen]

    def events_by_replica(self) -> dict[tuple[str, int], list[Event]]:
        """Return the events by name and replica, in the order in which they were seen."""
        found: dict[tuple[str, int], list[Event]] = {}
        for one in tuple(self.events):
            found.setdefault((one.name, one.replica), []).append(one)
        return found

    def export_state(self, first: int = 0) -> Arrays:
        """Return copies of the kept steps [n] and rows [n, M, R], from the `first` kept row on."""
        with self._lock:
            return {"steps": self.steps[first:].copy(), "rows": self._rows[first : self._count].copy()}

    def layouts(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of what `restore_state` needs."""
        rows = (MORE_ROWS, *self._rows.shape[1:])
        return {"steps": ((MORE_ROWS,), "int64"), "rows": (rows, "float64")}

    def restore_state(self, arrays: Arrays, stride: int, version: int, events: Sequence[Event]) -> None:
        """Become what `export_state` saw.

        Raises:
            ValueError: the arrays are not those of such a history; then nothing has changed.
        """
        steps, rows = (arrays[name] for name in ("steps", "rows"))
        if not 1 <= len(steps) == len(rows) <= min(CAPACITY, version) or (np.diff(steps) <= 0).any():
            raise ValueError("the recorded rows do not go together")
        room = max(64, len(steps))
        with self._lock:
            self._steps = np.empty(room, dtype=np.int64)
            self._rows = np.empty((room, *self._rows.shape[1:]))
            self._count = len(steps)
            self._steps[: self._count], self._rows[: self._count] = steps, rows
            self.stride, self.version = stride, version
            self.events[:] = events

    def _make_room(self) -> None:
        if self._count < CAPACITY:
            more = min(self._count, CAPACITY - self._count)
            self._steps = np.concatenate([self._steps, np.empty_like(self._steps[:more])])
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows[:more])])
            return
        sides = slice(-len(SIDES), None)
        dropped, after = self._rows[1 : self._count - 1 : 2, sides], self._rows[2 : self._count : 2, sides]
        after[:] = joined(dropped, after)
        keep = np.append(np.arange(0, self._count - 1, 2), self._count - 1)
        self._steps[: len(keep)] = self._steps[keep]
        self._rows[: len(keep)] = self._rows[keep]
        self._count = len(keep)
        self.stride *= 2
