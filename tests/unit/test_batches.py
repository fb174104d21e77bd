"""Batches are a pure function of seed and step."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grok_tui.engine.arm.batches import BLOCK, Batches


def drawn(batches: Batches, steps: int, chunk: int) -> list[torch.Tensor]:
    """Return the batches [R, B] of each step, asked for in chunks."""
    found: list[torch.Tensor] = []
    while len(found) < steps:
        size, stretch = batches.stretch(len(found))
        part = batches.indices(len(found), min(stretch, chunk, steps - len(found)))
        assert part.shape[2] == size
        found += part.unbind(0)
    return found


@given(
    samples=st.integers(2, 40),
    size=st.integers(1, 39),
    kind=st.sampled_from(["epoch", "independent"]),
    chunk=st.integers(1, 300),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_same_whatever_the_chunks(samples, size, kind, chunk):
    size = min(size, samples - 1)
    one, other = (Batches(samples, size, kind, [3, 4]) for _ in range(2))
    for a, b in zip(drawn(one, 150, 1000), drawn(other, 150, chunk), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("samples", "size"), [(100, 10), (23, 5), (7, 3)])
def test_an_epoch_shows_every_sample_once_with_a_smaller_last_batch(samples, size):
    batches = Batches(samples, size, "epoch", [0, 1])
    steps = -(-samples // size)
    orders = []
    for epoch in range(3):
        parts = drawn(batches, steps * 3, 64)[epoch * steps : (epoch + 1) * steps]
        rest = [samples % size] if samples % size else []
        assert [p.shape[1] for p in parts] == [size] * (samples // size) + rest
        order = torch.cat(parts, dim=1)
        assert all(sorted(row.tolist()) == list(range(samples)) for row in order)
        orders.append(order)
    assert not torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0][0], orders[0][1])


def test_independent_batches_have_no_sample_twice_and_are_uniform():
    batches = Batches(20, 5, "independent", [0])
    steps = drawn(batches, 20 * BLOCK, 999)
    assert all(len(set(step[0].tolist())) == 5 for step in steps)
    counts = np.bincount(torch.stack(steps).flatten().numpy(), minlength=20)
    share = counts / len(steps)
    assert abs(share - 0.25).max() < 4 * np.sqrt(0.25 * 0.75 / len(steps))


def test_replicas_draw_what_a_single_run_of_their_seed_draws():
    together = drawn(Batches(30, 7, "independent", [5, 6]), 40, 16)
    alone = drawn(Batches(30, 7, "independent", [6]), 40, 16)
    assert all(torch.equal(a[1:], b) for a, b in zip(together, alone, strict=True))


def test_as_many_as_there_are_is_the_full_batch():
    assert Batches(10, "full", "epoch", [0]).full
    assert Batches(10, 10, "independent", [0]).full
    assert not Batches(10, 9, "epoch", [0]).full
