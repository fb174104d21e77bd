"""A run as it was told of: put together again from what is new each time. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.measure import MOST_KEPT_STATES
from grok_tui.engine.arm.status import ArmStatus
from grok_tui.engine.record.envelope import SIDES
from grok_tui.engine.record.history import CAPACITY, Event, History
from grok_tui.engine.record.judging import Judging
from grok_tui.engine.record.looked_back import LookedBack
from grok_tui.engine.record.vectors import VectorHistory, bounded
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.presets import Preset

from .channel import ChannelError
from .protocol import ArmNews, Kind, Record, Status, Table

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention


class Mirror:
    """Takes in all that is told of a run."""

    def __init__(self) -> None:
        self._version = 0
        self._preset: Preset | None = None
        self._arms: dict[str, _ArmMirror] = {}
        self._judging = Judging()

    def take(self, status: Status) -> Snapshot:
        """Take in a status, and return the run as far as it is known.

        Raises:
            ChannelError: it does not go with what came before.
        """
        try:
            return self._taken(status)
        except (ValueError, KeyError, IndexError) as error:
            raise ChannelError(f"what it tells does not go together: {error}") from None

    def _taken(self, status: Status) -> Snapshot:
        facts = status.facts
        if status.preset is not None:
            self._preset = status.preset
        for news in status.arms:
            if news.kind is not None:
                self._arms[news.facts.name] = _ArmMirror(news.kind)
        self._arms = {news.facts.name: self._arms[news.facts.name] for news in status.arms}
        arms = tuple(self._arms[news.facts.name].take(news) for news in status.arms)
        if self._preset is not None and arms and not status.more:
            recorded = {arm.name: arm.recorded(self._preset) for arm in arms}
            self._judging.look(self._preset, recorded, facts.epoch, facts.state is not State.RUNNING)
        self._version += 1
        return Snapshot(
            **vars(facts),
            version=self._version,
            preset=self._preset,
            arms=arms,
            claims=self._judging.claims,
            lasting=True,
        )


class _ArmMirror:
    """What is known of one arm."""

    def __init__(self, kind: Kind) -> None:
        if tuple(kind.names[-len(SIDES) :]) != SIDES:
            raise ValueError("its measures have no envelope")
        self._kind = kind
        self._history = History(kind.names[: -len(SIDES)], kind.replicas)
        self._vectors = {
            name: bounded(name, along.axes, along.replicas, along.rows)
            for name, along in kind.vectors.items()
        }
        self._looked_back = LookedBack.nothing(tuple(kind.looking_back), kind.replicas)
        self._interventions: list[AnyIntervention] = []
        self._events: list[Event] = []

    def take(self, news: ArmNews) -> ArmStatus:
        self._interventions += news.interventions
        self._events += news.events
        if news.record is not None:
            self._record(news.record)
        for name, table in news.vectors.items():
            self._take_rows(name, self._vectors.get(name), table)
        if news.looked_back is not None:
            self._look_back(news.looked_back)
        return ArmStatus(
            **vars(news.facts),
            interventions=tuple(self._interventions),
            events=tuple(self._events),
            history=self._history,
            vectors=self._vectors,
            looked_back=self._looked_back,
        )

    def _look_back(self, table: Table) -> None:
        names = self._looked_back.names
        known = {"steps": self._looked_back.steps, "rows": self._looked_back.rows}
        shape = (len(names), self._kind.replicas)
        steps, rows = _joined(table, known, np.dtype("<f8"), shape, MOST_KEPT_STATES)
        self._looked_back = LookedBack(names, steps.astype(np.int64), rows.astype(np.float64))

    def _record(self, record: Record) -> None:
        shape = (len(self._kind.names), self._kind.replicas)
        steps, rows = _joined(record, self._history.export_state(), np.dtype("<f8"), shape, CAPACITY)
        self._history.restore_state(
            {"steps": steps, "rows": rows}, record.stride, record.version, self._events
        )

    @staticmethod
    def _take_rows(name: str, vector: VectorHistory | None, table: Table) -> None:
        if vector is None:
            raise ValueError(f"it has no {name}")
        steps, rows = _joined(table, vector.export_state(), np.dtype("<f4"), vector.shape, vector.rows)
        vector.restore_state({"steps": steps, "rows": rows})


def _joined(
    table: Table,
    known: Mapping[str, NDArray[np.generic]],
    dtype: np.dtype[np.floating],
    shape: tuple[int, ...],
    most: int,
) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Return the known rows up to a table's first, and then those of the table."""
    steps = np.frombuffer(table.steps, dtype="<i8")
    rows = np.frombuffer(table.values, dtype=dtype).reshape(len(steps), *shape)
    if table.first > len(known["steps"]) or table.first + len(steps) > most:
        raise ValueError(f"rows from the {table.first}th on")
    first = table.first
    return np.concatenate([known["steps"][:first], steps]), np.concatenate([known["rows"][:first], rows])


def failed(snapshot: Snapshot, why: str) -> Snapshot:
    """Return a run of which nothing more will be heard."""
    return replace(snapshot, state=State.FAILED, version=snapshot.version + 1, failure=why)
