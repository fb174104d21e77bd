"""Losses, tasks and measures against torch and closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from arms import arm, run_to
from torch.nn import functional

from grok_tui.catalog.losses import LOSSES
from grok_tui.catalog.measures import measures_of
from grok_tui.catalog.seen import ENVELOPE
from grok_tui.catalog.tasks import TASKS, Linear101
from grok_tui.lab.losses import sample_loss
from grok_tui.lab.tasks import build_task

OUTPUTS = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
CLASSES = torch.tensor([0, 1, 2, 2, 1, 0, 0])
SIGNS = torch.tensor([1.0, -1, 1, 1, -1, -1, 1])


def test_losses_are_those_of_torch():
    targets = torch.randn(7, 3)
    torch.testing.assert_close(
        LOSSES.implementation("mse")(OUTPUTS, targets).mean(), functional.mse_loss(OUTPUTS, targets)
    )
    expected = functional.cross_entropy(OUTPUTS, CLASSES, reduction="none")
    torch.testing.assert_close(LOSSES.implementation("cross_entropy")(OUTPUTS, CLASSES), expected)
    margins = SIGNS * OUTPUTS[:, 0]
    torch.testing.assert_close(
        LOSSES.implementation("hinge")(OUTPUTS[:, :1], SIGNS), (1 - margins).clamp(min=0)
    )
    torch.testing.assert_close(
        LOSSES.implementation("logistic")(OUTPUTS[:, :1], SIGNS), torch.log1p(torch.exp(-margins))
    )


@pytest.mark.parametrize("name", ["mse", "cross_entropy", "hinge", "logistic"])
def test_losses_take_replicas_in_front(name):
    outputs, targets = {
        "mse": (OUTPUTS, torch.ones(7, 3)),
        "cross_entropy": (OUTPUTS, CLASSES),
    }.get(name, (OUTPUTS[:, :1], SIGNS))
    stacked = torch.stack([outputs, outputs * 2])
    torch.testing.assert_close(
        LOSSES.implementation(name)(stacked, targets)[1], LOSSES.implementation(name)(outputs * 2, targets)
    )


def test_a_loss_in_float64_sees_what_float32_rounds_to_zero():
    outputs, targets = torch.tensor([[40.0, 0.0]]), torch.tensor([0])
    assert sample_loss(LOSSES.spec("cross_entropy"), torch.float32)(outputs, targets).item() == 0
    exact = sample_loss(LOSSES.spec("cross_entropy"), torch.float64)(outputs, targets).item()
    assert exact == pytest.approx(math.exp(-40), rel=1e-2)


def test_every_task_is_declared_and_built():
    assert all(callable(TASKS.implementation(name)) for name in TASKS.shipped)


def test_the_linear_task_has_one_feature_a_sample_and_one_for_all():
    task = build_task(Linear101(name="linear101", samples=4), 0, torch.float32)
    assert task.train.inputs.tolist() == [[*row, 1.0] for row in torch.eye(4).tolist()]
    assert task.validation.inputs.tolist() == [[0, 0, 0, 0, 1]]
    assert task.correct(torch.tensor([[0.95], [1.2], [1.05]]), torch.ones(3, 1)).tolist() == [
        True,
        False,
        True,
    ]
    assert task.coordinates is not None
    assert task.coordinates.generalizes(torch.zeros(5)).tolist() == [False] * 4 + [True]


def test_measures_are_their_closed_forms():
    a = arm({"name": "sgd", "lr": 0.0}, seeds=[0, 1], record_every=1)
    weights = torch.arange(1.0, 11.0, dtype=torch.float64) / 10 + 0.03  # no error is just the tolerance
    a.theta[:, :10], a.theta[:, 10] = weights, torch.tensor([0.5, 0.25], dtype=torch.float64)
    run_to(a, 1)
    last = {name: a.history.last(name) for name in a.history.names}
    bias = [0.5, 0.25]
    for r in range(2):
        errors = (weights + bias[r] - 1).abs()
        expected = {
            "train_loss": errors.square().mean().item(),
            "val_loss": (bias[r] - 1) ** 2,
            "train_accuracy": (errors < 0.1).double().mean().item(),
            "val_accuracy": 0.0,
            "l2_norm": math.sqrt(weights.square().sum().item() + bias[r] ** 2),
            "linf_norm": 1.03,
            "distance_from_init": math.sqrt(weights.square().sum().item() + bias[r] ** 2),
            "memorizer_mean": 0.58,
            "memorizer_min": 0.13,
            "memorizer_max": 1.03,
            "memorizer_sd": weights.std(correction=0).item(),
            "generalizer_mean": bias[r],
            "bias": bias[r],
            "step_loss_min": errors.square().mean().item(),
            "step_loss_max": errors.square().mean().item(),
            "update_size_min": 0.0,
            "update_size_max": 0.0,
            "update_in_lr_max": 0.0,
        }
        assert {name: values[r] for name, values in last.items()} == pytest.approx(expected)
    numbers = {name for name, one in measures_of(Linear101(name="linear101")).items() if not one.axes}
    assert set(last) == {*numbers, *ENVELOPE}


def test_coordinates_of_products_are_the_products():
    model = {"name": "linear", "depth": 3, "init": "ones", "init_scale": 0.5}
    a = arm({"name": "sgd", "lr": 0.0}, model=model, record_every=1)
    run_to(a, 1)
    assert a.history.last("bias")[0] == a.history.last("memorizer_mean")[0] == 0.125
    assert a.history.last("train_loss")[0] == pytest.approx((1 - 2 * 0.125) ** 2)


def test_equal_scores_have_the_loss_of_a_guess():
    a = arm({"name": "sgd"}, task={"name": "binary_operation", "p": 5}, loss="cross_entropy")
    assert a.history.last("train_loss")[0] == pytest.approx(math.log(5))  # theta is zero: five equal scores
