"""Coefficients are computed as long as they change, and one row stands for them from then on."""

from __future__ import annotations

import pytest
import torch

from grok_tui.catalog.modifiers import Modifiers
from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.engine.arm.coefficients import Coefficients
from grok_tui.engine.arm.optimizer import Optimizer, counted
from grok_tui.lab.models import Layout, Role
from grok_tui.lab.modifiers import Structure

REPLICAS = 2
LAYOUT = Layout.of([("vector", (3,), Role.BIAS, 0)])
QUICK = {"lr": 0.01, "betas": [0.5, 0.6]}  # bias corrections that come to their limit within 80 steps

THETA = torch.zeros(1, 1, dtype=torch.float64)


def optimizer_of(name, **hyper):
    spec = OPTIMIZERS.spec(name, **hyper)
    return Optimizer(spec, torch.zeros(REPLICAS, 3, dtype=torch.float64), LAYOUT)


def rows_of(optimizer, steps, modifiers, kept):
    """Return the coefficients of steps taken 16 at a time [steps, C, R, 1], and the least rows of a table."""
    rows, shortest = [], steps
    for first in range(0, steps, 16):
        table = kept.table(optimizer, modifiers, Structure.of(modifiers), first, 16).rows
        shortest = min(shortest, len(table))
        rows.append(table.expand(16, -1, -1, -1))
        optimizer.age += 16
    return torch.cat(rows), shortest


@pytest.mark.parametrize(
    ("name", "hyper", "modifiers"),
    [
        ("sgd", {"lr": 0.1, "momentum": 0.9}, {}),
        ("adam", QUICK, {}),
        ("adamw", QUICK, {"warmup": 100}),
        ("adamw", QUICK, {"grokfast": "ema"}),
        ("adamw", QUICK, {"grokfast": "ma", "grokfast_window": 40}),
        ("rmsprop", {"lr": 0.1}, {"update_noise": 0.1}),
    ],
)
def test_a_row_that_stands_for_many_is_the_row_of_each(name, hyper, modifiers):
    chosen = Modifiers(**modifiers)
    found, shortest = rows_of(optimizer_of(name, **hyper), 160, chosen, Coefficients(THETA))
    fresh = optimizer_of(name, **hyper)
    one_by_one = []
    for step in range(160):
        one_by_one.append(Coefficients(THETA).table(fresh, chosen, Structure.of(chosen), step, 1).rows)
        fresh.age += 1
    assert torch.equal(found, torch.cat(one_by_one))
    assert shortest == 1


def test_coefficients_that_go_on_changing_have_a_row_a_step():
    optimizer = optimizer_of("adagrad", lr=0.1, lr_decay=0.01)
    _, shortest = rows_of(optimizer, 160, Modifiers(), Coefficients(THETA))
    assert shortest == 16


@pytest.mark.parametrize("change", ["hyperparameter", "reset", "reset one", "restored", "warmup"])
def test_whatever_changes_them_has_them_computed_again(change):
    kept, optimizer, modifiers = Coefficients(THETA), optimizer_of("adamw", **QUICK), Modifiers()
    rows_of(optimizer, 160, modifiers, kept)
    match change:
        case "hyperparameter":
            optimizer.adopt(optimizer.spec.model_copy(update={"lr": 0.5}))
        case "reset":
            optimizer.reset()
        case "reset one":
            optimizer.reset(1)
        case "restored":
            optimizer.restore({"age": torch.full((REPLICAS, 1), 3.0, dtype=torch.float64).numpy()})
        case "warmup":
            modifiers = Modifiers(warmup=1000)
    values, _ = optimizer.coefficients(counted(4, optimizer.age), modifiers.warmup)
    table = kept.table(optimizer, modifiers, Structure.of(modifiers), 0, 4)
    rows = table.rows.expand(4, -1, -1, -1)
    for place, name in enumerate(table.names):
        assert torch.equal(rows[:, place], values[name].expand(4, REPLICAS, 1))
