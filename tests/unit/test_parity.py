"""Sparse parity: its data, what is measured of it, and learning it online."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
import torch
from arms import finished

from grok_tui.catalog.tasks import SparseParity
from grok_tui.errors import GrokTuiError
from grok_tui.lab.losses import cross_entropy, cross_entropy_balanced
from grok_tui.lab.tasks import build_task

PRESET = """
title = "t"
summary = "s"
sources = ["x"]
[task]
name = "sparse_parity"
n = 9
k = 3
samples = 64
validation = 200
[model]
name = "mlp"
hidden = 16
bias = true
[training]
steps = 40
loss = "hinge"
record_every = 10
[[arms]]
name = "sgd"
optimizer = { name = "sgd", lr = 0.1 }
"""


def spec(**parameters):
    return SparseParity(name="sparse_parity", **parameters)


def test_labels_are_the_product_of_the_secret_bits():
    task = build_task(spec(n=12, k=4, samples=300), 3, torch.float32)
    inputs, targets = task.train.inputs, task.train.targets
    assert set(inputs.unique().tolist()) == {-1.0, 1.0}
    assert torch.equal(targets, inputs[:, 0] * inputs[:, 1] * inputs[:, 2] * inputs[:, 3])
    classes = build_task(spec(n=12, k=4, samples=300, logits=2), 3, torch.float32)
    assert torch.equal(classes.train.targets, (targets > 0).long())
    assert torch.equal(classes.train.inputs, inputs)


def test_label_noise_flips_its_share_of_training_labels_alone():
    clean, noisy = (
        build_task(spec(n=12, samples=200, label_noise=noise), 0, torch.float32) for noise in (0.0, 0.25)
    )
    assert (clean.train.targets != noisy.train.targets).sum() == 50
    assert torch.equal(clean.validation.targets, noisy.validation.targets)


def test_seeds_have_their_own_samples_and_roles_are_those_of_the_secret():
    first, second = (build_task(spec(n=12), seed, torch.float32) for seed in (0, 1))
    assert not torch.equal(first.train.inputs, second.train.inputs)
    assert first.coordinates.generalizes(torch.zeros(12)).tolist() == [True] * 3 + [False] * 9


def majority_coefficient(n: int, size: int) -> float:
    """Return |Maj_n^(S)| for |S| = size, n odd (O'Donnell, Analysis of Boolean Functions, theorem 5.19)."""
    if size % 2 == 0:
        return 0.0
    middle = (n - 1) // 2
    at_size_1 = comb(n - 1, middle) / float(2 ** (n - 1))
    return at_size_1 * comb(middle, (size - 1) // 2) / comb(n - 1, size - 1)


@pytest.mark.parametrize(("n", "size", "value"), [(15, 1, 0.2095), (15, 3, 0.01611), (15, 5, 0.00439)])
def test_majority_coefficients_are_those_of_the_literature(n, size, value):
    assert majority_coefficient(n, size) == pytest.approx(value, rel=2e-3)


def test_the_gap_of_majority_at_51_bits_is_as_barak_et_al_bound_it():
    gap = majority_coefficient(51, 3) - majority_coefficient(51, 5)
    assert gap == pytest.approx(0.002145, rel=1e-3)


def test_the_fourier_gap_of_majority_units_is_the_exact_one(run_of):
    run = run_of("task.k=2", more='[[claims]]\nsays="x"\norigin="x"\nholds="end(sgd.fourier_gap) > 0"\n')
    arm = run.arms["sgd"]
    arm.theta.zero_()
    arm._trainer._learner.network.parameters(arm.theta)["hidden.weight"].fill_(1.0)
    arm.put_to_work(arm.optimizer.spec.model_copy(update={"lr": 1e-12}), "fresh")
    finished(run)
    exact = majority_coefficient(9, 1) - majority_coefficient(9, 3)
    assert arm.history.last("fourier_gap")[0] == pytest.approx(exact, rel=1e-5)


def test_progress_measures_are_their_definitions(run_of):
    arm = finished(run_of(replicas=2))
    network = arm._trainer._learner.network
    start = network.parameters(arm._trainer._learner.theta_0)["hidden.weight"].double()
    weights = network.parameters(arm.theta)["hidden.weight"].double()
    moved = (weights - start).square()
    ratio = [w[..., :3].square().mean((1, 2)) / w[..., 3:].square().mean((1, 2)) for w in (weights, start)]
    expected = {
        "secret_share": (moved[..., :3].sum((1, 2)) / moved.sum((1, 2))).sqrt(),
        "secret_ratio": ratio[0] / ratio[1],
        "first_layer_change": moved.sqrt().amax((1, 2)),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(arm.history.last(name), values, rtol=1e-4)


def test_active_units_are_as_many_as_carry_the_predictions(run_of):
    claim = '[[claims]]\nsays="x"\norigin="x"\nholds="end(sgd.active_units) > 0"\n'
    run = run_of("training.steps=1", "training.record_every=1", "optimizer.lr=1e-12", more=claim)
    arm = run.arms["sgd"]
    parameters = arm._trainer._learner.network.parameters(arm.theta)
    parameters["hidden.weight"].zero_()
    parameters["hidden.bias"].fill_(1.0)
    parameters["readout.weight"].copy_(torch.tensor([0.1] * 13 + [-0.2, 0.5, -3.0]))
    parameters["readout.bias"].fill_(2.6)
    finished(run)
    # The units by weight: -3 says no; +.5 and then -.2 make 0.1 and -0.1; the rest bring it up to 1.2.
    assert arm.history.last("active_units")[0] == 2


def test_online_samples_are_new_at_each_step_and_the_same_in_any_chunks(run_of):
    online = ('training.batches="online"', "training.batch_size=100")
    whole, parts = run_of(*online, replicas=2), run_of(*online, replicas=2)
    finished(whole)
    arm = parts.arms["sgd"]
    while not arm.finished:
        arm.advance(3)
    assert torch.equal(arm.theta, whole.arms["sgd"].theta)
    work = next(iter(arm._trainer._works.values()))
    inputs, targets = work.tensors["inputs"], work.tensors["targets"]
    assert torch.equal(targets, inputs[..., :3].prod(-1))
    assert not torch.equal(inputs[0], inputs[1])


@pytest.mark.parametrize(
    ("assignments", "said"),
    [
        (['training.batches="online"'], "arms.sgd.training.batch_size: online batches need a size"),
        (["task.k=10"], "10 secret bits are more than the 9 there are"),
        (['training.loss="cross_entropy"'], "valid: hinge, logistic"),
        (["task.logits=2"], "valid: mse, cross_entropy, cross_entropy_balanced, stablemax"),
    ],
)
def test_what_does_not_fit_is_said(run_of, assignments, said):
    with pytest.raises(GrokTuiError, match=said):
        run_of(*assignments)


def test_the_balanced_cross_entropy_is_the_cross_entropy_whose_gradients_sum_to_zero():
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(50, 7, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, 7, (50,), generator=generator)
    torch.testing.assert_close(cross_entropy_balanced(outputs, targets), cross_entropy(outputs, targets))
    far = torch.zeros(1, 7).index_fill(1, torch.tensor([2]), 30.0).requires_grad_()
    (gradient,) = torch.autograd.grad(cross_entropy_balanced(far, torch.tensor([2])).sum(), far)
    assert gradient[0, 2] < 0
    assert gradient.sum().abs() < 1e-6 * gradient.abs().max()
    (lost,) = torch.autograd.grad(cross_entropy(far, torch.tensor([2])).sum(), far)
    assert lost[0, 2] == 0
