"""StableMax against its definition, and every loss at the limits of its precision."""

from __future__ import annotations

import math

import pytest
import torch
from torch.func import grad

from grok_tui.catalog.losses import LOSSES, SIGNS
from grok_tui.catalog.training import Training
from grok_tui.lab.losses import sample_loss, stablemax


def s(x: float) -> float:
    return x + 1 if x >= 0 else 1 / (1 - x)


def test_every_loss_is_declared_built_and_accepted():
    for name, entry in LOSSES.shipped.items():
        training = Training.model_validate({"steps": 1, "loss": name})
        assert training.loss == entry.spec(name=name)
        assert training.model_dump()["loss"] == name
        assert callable(LOSSES.implementation(name))


def test_stablemax_is_its_definition():
    outputs = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 20
    outputs[0] = torch.tensor([0.0, 1.0, -1.0, 2.0])
    targets = torch.tensor([0, 1, 2, 3, 3, 0])
    for row, target, loss in zip(
        outputs.tolist(), targets.tolist(), stablemax(outputs, targets), strict=True
    ):
        total = sum(s(x) for x in row)
        assert loss.item() == pytest.approx(-math.log(s(row[target]) / total), rel=1e-12)


def test_the_gradient_of_stablemax_is_its_closed_form_at_zero_and_one_too():
    """d loss / dx_i = s'(x_i) / sum s - [i = target] s'(x_i) / s(x_i)."""
    row, target = [0.0, 1.0, -1.0, -3.5, 7.0], 0
    total = sum(s(x) for x in row)
    slopes = [1.0 if x >= 0 else 1 / (1 - x) ** 2 for x in row]
    expected = [
        slope / total - (i == target) * slope / s(x)
        for i, (x, slope) in enumerate(zip(row, slopes, strict=True))
    ]
    outputs = torch.tensor([row], dtype=torch.float64)
    found = grad(lambda f: stablemax(f, torch.tensor([target])).sum())(outputs)
    assert found[0].tolist() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES.shipped)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [0.0, 1.0, 1e4, 1e15])
def test_losses_and_gradients_are_finite_at_extremes(name, dtype, size):
    loss = sample_loss(LOSSES.spec(name), dtype)
    if LOSSES[name].spec.targets == SIGNS:
        outputs, targets = torch.tensor([[size], [-size]], dtype=dtype), torch.tensor([1.0, 1.0])
    else:
        outputs = torch.tensor([[size, -size, 0.0], [-size, size, 1.0]], dtype=dtype)
        targets = torch.tensor([0, 0])
    assert loss(outputs, targets).isfinite().all()
    slopes = grad(lambda f: loss(f, targets).mean())(outputs)
    assert slopes.isfinite().all()
    assert slopes[1].any(), "a wrong answer always has a gradient"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_stablemax_takes_the_largest_numbers_there_are(dtype):
    largest = torch.finfo(dtype).max
    outputs = torch.tensor([[largest, -largest, 0.0]], dtype=dtype)
    for target in range(3):
        assert stablemax(outputs, torch.tensor([target])).isfinite().all()
        assert grad(lambda f, t=target: stablemax(f, torch.tensor([t])).sum())(outputs).isfinite().all()


def test_stablemax_has_a_gradient_where_that_of_softmax_has_underflowed():
    outputs, targets = torch.tensor([[200.0, 0.0]]), torch.tensor([0])
    slopes = {
        name: grad(lambda f, name=name: sample_loss(LOSSES.spec(name), torch.float32)(f, targets).sum())(
            outputs
        )
        for name in ("cross_entropy", "stablemax")
    }
    assert not slopes["cross_entropy"].any()
    assert slopes["stablemax"].all()


def test_a_loss_with_parameters_is_written_as_a_table_and_its_usual_ones_as_a_name():
    def training(loss):
        return Training.model_validate({"steps": 1, "loss": loss})

    assert training("focal") == training({"name": "focal"}) == training({"name": "focal", "gamma": 2.0})
    assert training({"name": "focal", "gamma": 2.0}).model_dump()["loss"] == "focal"
    written = training({"name": "focal", "gamma": 0.5}).model_dump()["loss"]
    assert written == {"name": "focal", "gamma": 0.5}
    assert training(written).loss.gamma == 0.5
    assert str(training(written).loss) == "focal gamma 0.5"


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_smoothed_cross_entropy_is_that_of_torch(smoothing):
    outputs = torch.randn(7, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    targets = torch.tensor([0, 1, 2, 2, 1, 0, 0])
    loss = sample_loss(LOSSES.spec("cross_entropy_smoothed", smoothing=smoothing), torch.float64)
    expected = torch.nn.functional.cross_entropy(
        outputs, targets, label_smoothing=smoothing, reduction="none"
    )
    torch.testing.assert_close(loss(outputs, targets), expected)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_loss_is_its_definition(gamma):
    outputs = torch.randn(7, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    targets = torch.tensor([0, 1, 2, 2, 1, 0, 0])
    right = torch.softmax(outputs, -1)[torch.arange(7), targets]
    loss = sample_loss(LOSSES.spec("focal", gamma=gamma), torch.float64)
    torch.testing.assert_close(loss(outputs, targets), -((1 - right) ** gamma) * right.log())
    sure = torch.tensor([[60.0, 0.0, 0.0]], dtype=torch.float64)
    assert grad(lambda f: loss(f, torch.tensor([0])).sum())(sure).isfinite().all()
