"""The record is bounded, and thinning loses no spike."""

from __future__ import annotations

import numpy as np
import pytest

from grok_tui.catalog.seen import ENVELOPE
from grok_tui.engine.record.history import CAPACITY, History, next_recorded
from grok_tui.engine.record.vectors import Axis, VectorHistory


def history_of(rows: int, spike_at: int = -1) -> History:
    history = History(["value"], 2)
    for i in range(rows):
        envelope = np.ones((len(ENVELOPE), 2))
        if i == spike_at:
            envelope[1, 1] = 99.0
        history.append(i, np.array([[i, -i]], dtype=float), envelope)
    return history


def test_curves_are_what_was_appended():
    history = history_of(300)
    assert history.steps.tolist() == list(range(300))
    assert history.values("value", 1).tolist() == [-i for i in range(300)]
    assert history.last("value").tolist() == [299, -299]
    with pytest.raises(KeyError):
        history.values("nothing")


@pytest.mark.parametrize("rows", [CAPACITY + 1, CAPACITY + 2, 3 * CAPACITY + 5])
def test_memory_is_bounded_and_first_and_last_row_stay(rows):
    history = history_of(rows)
    assert len(history) <= CAPACITY
    assert history.steps[0] == 0
    assert history.steps[-1] == rows - 1
    assert len(set(np.diff(history.steps)[:-1])) == 1
    assert (history.values("value", 0) == history.steps).all()


@pytest.mark.parametrize("spike_at", [1, 2, 777, CAPACITY - 2, CAPACITY - 1, CAPACITY])
def test_a_spike_of_one_step_survives_thinning(spike_at):
    history = history_of(3 * CAPACITY, spike_at)
    highest = history.values("step_loss_max", 1)
    assert highest.max() == 99.0
    at = history.steps[highest.argmax()]
    assert spike_at <= at <= spike_at + 4
    assert history.values("step_loss_max", 0).max() == 1.0


def test_auto_recording_is_dense_at_first_and_stays_within_two_percent():
    steps, step = [], 0
    while step < 5_000_000:
        step = next_recorded(step, "auto")
        steps.append(step)
    assert steps[:100] == list(range(1, 101))
    gaps = np.diff(steps)
    assert (gaps <= np.maximum(1, np.array(steps[:-1]) / 50)).all()
    assert len(steps) < 1000


def test_a_fixed_interval_is_kept_from_any_step():
    assert next_recorded(0, 25) == 25
    assert next_recorded(25, 25) == 50
    assert next_recorded(37, 25) == 50


def test_coordinates_stay_bounded_with_first_and_last():
    coordinates = VectorHistory([Axis("coordinate", 3)])
    for i in range(5000):
        coordinates.append(i, np.full(3, i, dtype=np.float32))
    steps, values = coordinates.table()
    assert len(steps) <= 512
    assert (steps[0], steps[-1]) == (0, 4999)
    assert (values[:, 0] == steps).all()
