"""What is new in a run since somebody last looked. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from grok_tui.engine.arm.status import ArmFacts, ArmStatus
from grok_tui.engine.record.history import History
from grok_tui.engine.record.looked_back import LookedBack
from grok_tui.engine.record.vectors import VectorHistory
from grok_tui.engine.run.snapshot import RunFacts, Snapshot
from grok_tui.presets import Preset

from .protocol import (
    MOST_ENTRIES,
    MOST_ROW_BYTES,
    Along,
    ArmNews,
    Kind,
    Record,
    Same,
    Status,
    Table,
)

Entry = TypeVar("Entry")
Facts = TypeVar("Facts", RunFacts, ArmFacts)


class Teller:
    """Tells one listener of a run, who takes everything in."""

    def __init__(self) -> None:
        self._version = -1
        self._preset: Preset | None = None
        self._arms: dict[str, _ArmTeller] = {}
        self._unfinished = False

    def news(self, snapshot: Snapshot, refusals: Sequence[str]) -> Status | Same:
        """Return what is new.

        Args:
            snapshot: the run as it stands.
            refusals: what was asked for and could not be done.
        """
        if snapshot.version == self._version and not self._unfinished and not refusals:
            return Same()
        if [arm.name for arm in snapshot.arms] != list(self._arms):
            self._arms = {arm.name: self._arms.get(arm.name) or _ArmTeller() for arm in snapshot.arms}
        arms = [self._arms[arm.name].news(arm) for arm in snapshot.arms]
        preset = snapshot.preset if snapshot.preset is not self._preset else None
        self._version, self._preset = snapshot.version, snapshot.preset
        self._unfinished = any(teller.unfinished for teller in self._arms.values())
        return Status(
            more=self._unfinished,
            facts=_short(RunFacts, snapshot),
            preset=preset,
            arms=arms,
            refusals=list(refusals),
        )


class _ArmTeller:
    """Tells of one arm.

    Attributes:
        unfinished: whether the last news were too much for one status.
    """

    def __init__(self) -> None:
        self.unfinished = False
        self._forget(None)

    def _forget(self, history: History | None) -> None:
        """Begin anew with an arm of which nothing is known."""
        self._history = history
        self._vectors: set[str] = set()
        self._version, self._stride, self._rows = -1, 0, 0
        self._interventions = self._events = 0
        self._told: dict[str, NDArray[np.int64]] = {}
        self._looked_back: LookedBack | None = None
        self._looked_back_rows = 0

    def news(self, arm: ArmStatus) -> ArmNews:
        kind = None
        # After a restart, a return or a fork the history is another one; vectors come when somebody looks.
        if arm.history is not self._history or arm.vectors.keys() != self._vectors:
            self._forget(arm.history)
            self._vectors = set(arm.vectors)
            kind = _kind(arm)
        self.unfinished = False
        interventions = self._new(arm.interventions, self._interventions)
        events = self._new(arm.events, self._events)
        self._interventions += len(interventions)
        self._events += len(events)
        record = self._record(arm.history)
        changed = record is not None
        return ArmNews(
            facts=_short(ArmFacts, arm),
            kind=kind,
            interventions=interventions,
            events=events,
            record=record,
            vectors={name: self._rows_of(name, vector) for name, vector in arm.vectors.items()}
            if changed
            else {},
            looked_back=self._rows_looked_back(arm.looked_back),
        )

    def _new(self, entries: Sequence[Entry], known: int) -> list[Entry]:
        found = list(entries[known : known + MOST_ENTRIES])
        self.unfinished |= known + len(found) < len(entries)
        return found

    def _record(self, history: History) -> Record | None:
        """Return the rows that are new; the last of the known ones may have been replaced."""
        version = history.version
        if version == self._version:
            return None
        while True:  # when the history makes room in between, the rows are others
            stride = history.stride
            first = max(self._rows - 1, 0) if stride == self._stride else 0
            arrays = history.export_state(first)
            if history.stride == stride:
                break
        steps, rows = arrays["steps"], arrays["rows"]
        fitting = _fitting(rows)
        whole = len(steps) <= fitting
        steps, rows = steps[:fitting], rows[:fitting]
        self._version = version if whole else -1
        self._stride, self._rows = stride, first + len(steps)
        self.unfinished |= not whole
        return Record(
            first=first,
            steps=steps.astype("<i8").tobytes(),
            values=rows.astype("<f8").tobytes(),
            stride=stride,
            version=history.version,
        )

    def _rows_of(self, name: str, vector: VectorHistory) -> Table:
        """Return what is new of a vector; the row of a step never changes."""
        steps, rows = vector.table()
        told = self._told.get(name, steps[:0])
        shared = min(len(steps), len(told))
        others = np.flatnonzero(steps[:shared] != told[:shared])
        first = int(others[0]) if len(others) else shared
        fitting = _fitting(rows)
        last = first + fitting
        if last < len(steps):
            self.unfinished, self._version = True, -1
        self._told[name] = steps[:last]
        return Table(
            first=first,
            steps=steps[first:last].astype("<i8").tobytes(),
            values=rows[first:last].astype("<f4").tobytes(),
        )

    def _rows_looked_back(self, found: LookedBack) -> Table | None:
        """Return what is new of the measures that look back, which come all at once and never change."""
        if found is not self._looked_back:
            self._looked_back, self._looked_back_rows = found, 0
        elif self._looked_back_rows == len(found):
            return None
        if not found.names:
            return None
        first = self._looked_back_rows
        last = min(first + _fitting(found.rows), len(found))
        self._looked_back_rows = last
        self.unfinished |= last < len(found)
        return Table(
            first=first,
            steps=found.steps[first:last].astype("<i8").tobytes(),
            values=found.rows[first:last].astype("<f8").tobytes(),
        )


def _short(kind: type[Facts], whole: Facts) -> Facts:
    """Return the part of a run or an arm that is short."""
    return kind(**{field.name: getattr(whole, field.name) for field in fields(kind)})


def _fitting(rows: NDArray[np.generic]) -> int:
    """Return how many of these rows may be in one status, at least one."""
    size = rows.nbytes // max(len(rows), 1)
    return max(1, MOST_ROW_BYTES // max(size, 1))


def _kind(arm: ArmStatus) -> Kind:
    _, first = arm.history.curve(arm.history.names[0])
    return Kind(
        names=list(arm.history.names),
        replicas=first.shape[1],
        vectors={
            name: Along(axes=list(vector.axes), replicas=vector.replicas, rows=vector.rows)
            for name, vector in arm.vectors.items()
        },
        looking_back=list(arm.looked_back.names),
    )
