"""An arm trains as a hand-written loop does, whatever the chunks, the replicas or what is done to it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from arms import SUMS, arm, run_to
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from grok_tui.catalog.tasks import Shape
from grok_tui.engine.arm.batches import Batches
from grok_tui.lab.models import build_network, initial_theta

ADAMW = {"name": "adamw", "lr": 1e-2, "weight_decay": 0.1}
SGD = {"name": "sgd", "lr": 0.1, "momentum": 0.9}
MLP = {"task": SUMS, "model": {"name": "mlp", "hidden": 6, "bias": True}, "loss": "cross_entropy"}
MINIBATCH = {"batch_size": 3, "batches": "independent"}


@pytest.mark.parametrize("batch_size", ["full", 4])
@pytest.mark.parametrize("kind", ["epoch", "independent"])
def test_an_arm_follows_a_hand_written_torch_loop(batch_size, kind):
    a = arm(ADAMW, batch_size=batch_size, batches=kind, **MLP)
    module = build_network(a.spec.model, Shape(1, 10, 5)).double()
    nn.utils.vector_to_parameters(a.theta[0].clone(), module.parameters())
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2, weight_decay=0.1)
    x, y = a.task.train.inputs, a.task.train.targets
    for step in range(60):
        batches = Batches(len(y), batch_size, kind, [0])
        picked = torch.arange(len(y)) if batches.full else batches.indices(step, 1)[0, 0]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(module(x[picked]), y[picked])
        loss.backward()
        optimizer.step()
    run_to(a, 60)
    expected = nn.utils.parameters_to_vector(module.parameters())
    torch.testing.assert_close(a.theta[0], expected, rtol=1e-10, atol=0)


@given(chunks=st.lists(st.integers(1, 90), min_size=1, max_size=30))
@settings(max_examples=5, deadline=None, derandomize=True)
def test_the_bits_do_not_depend_on_the_chunks(chunks):
    options = {"interventions": [{"at_step": 77, "action": "switch", "optimizer": SGD}], "dtype": "float32"}
    one, other = (arm(ADAMW, seeds=[0, 1], **MINIBATCH, **MLP, **options) for _ in range(2))
    run_to(one, 250)
    while other.step < 250:
        for chunk in chunks:
            if other.step < 250:
                other.advance(min(chunk, 250 - other.step))
    assert torch.equal(one.theta, other.theta)
    assert (one.history.steps == other.history.steps).all()
    for name in one.history.names:
        assert np.array_equal(one.history.values(name), other.history.values(name), equal_nan=True), name


def test_replica_r_is_the_run_of_seed_plus_r():
    together = run_to(arm(ADAMW, seeds=[5, 6, 7], **MINIBATCH, **MLP), 100)
    for r, seed in enumerate([5, 6, 7]):
        alone = run_to(arm(ADAMW, seeds=[seed], **MINIBATCH, **MLP), 100)
        torch.testing.assert_close(together.theta[r], alone.theta[0], rtol=1e-11, atol=1e-13)


def test_the_envelope_holds_every_step_and_measures_are_taken_at_theta():
    a = run_to(arm(SGD, record_every=20), 40)
    replay = arm(SGD, record_every=1)
    losses = []
    for _ in range(40):
        losses.append(replay.history.last("train_loss")[0])
        replay.advance(1)
    assert a.history.steps.tolist() == [0, 20, 40]
    for side, extreme in (("step_loss_max", max), ("step_loss_min", min)):
        expected = [extreme(losses[:20]), extreme(losses[20:])]
        assert a.history.values(side, 0)[1:] == pytest.approx(expected, rel=1e-6)
    assert a.history.last("bias")[0] == pytest.approx(a.theta[0, -1].item())
    assert a.history.last("memorizer_mean")[0] == pytest.approx(a.theta[0, :-1].mean().item())
    assert a.history.last("linf_norm")[0] == pytest.approx(a.theta.abs().max().item())
    assert a.history.last("val_loss")[0] == pytest.approx((a.theta[0, -1].item() - 1) ** 2)


def test_setting_a_hyperparameter_equals_starting_from_there_with_it():
    change = {"at_step": 50, "action": "set", "hyperparameter": "lr", "value": 0.01}
    a = run_to(arm(SGD, interventions=[change]), 50)
    at_50 = a.theta.clone()
    a.advance(1)
    buffer = a.optimizer.state["momentum_buffer"]
    torch.testing.assert_close(a.theta, at_50 - 0.01 * buffer)
    assert a.optimizer.spec.lr == 0.01


def test_a_switch_starts_fresh_and_can_take_up_kept_state():
    a = run_to(arm(ADAMW), 50)
    moments = {name: value.clone() for name, value in a.optimizer.state.items()}
    adamw = a.optimizer.spec
    sgd = arm(SGD).optimizer.spec
    a.put_to_work(sgd, "fresh")
    assert not a.optimizer.state["momentum_buffer"].any()
    run_to(a, 60)
    a.put_to_work(adamw, "kept")
    assert a.optimizer.age.tolist() == [[50.0]]
    assert all(torch.equal(a.optimizer.state[name], value) for name, value in moments.items())
    a.put_to_work(adamw, "fresh")
    assert not a.optimizer.age.any()
    assert not any(value.any() for value in a.optimizer.state.values())


def test_a_reset_forgets_state_and_step_count_and_is_on_record():
    a = run_to(arm(ADAMW, interventions=[{"at_step": 50, "action": "reset"}]), 50)
    theta = a.theta.clone()
    a.advance(1)
    fresh = arm(ADAMW)
    fresh.theta.copy_(theta)
    fresh.advance(1)
    assert torch.equal(a.theta, fresh.theta)
    assert [(i.action, i.at_step) for i in a.interventions] == [("reset", 50)]


def test_a_jump_has_the_given_norm_a_direction_for_each_seed_and_repeats_itself():
    jump = {"at_step": 10, "action": "jump", "norm": 0.5}
    moved = []
    for _ in range(2):
        a = run_to(arm({"name": "sgd", "lr": 0.0}, interventions=[jump], seeds=[0, 1]), 10)
        before = a.theta.clone()
        a.advance(1)
        moved.append(a.theta - before)
    torch.testing.assert_close(moved[0].norm(dim=1), torch.tensor([0.5, 0.5], dtype=torch.float64))
    assert torch.equal(moved[0], moved[1])
    assert not torch.allclose(moved[0][0], moved[0][1])


def test_a_batch_size_can_change_mid_run():
    change = {"at_step": 30, "action": "set", "hyperparameter": "batch_size", "value": 2}
    a = run_to(arm(ADAMW, interventions=[change], batch_size=5), 31)
    assert a.batch_size == 2
    back = {"at_step": 30, "action": "set", "hyperparameter": "batch_size", "value": "full"}
    assert run_to(arm(ADAMW, interventions=[back], batch_size=5), 31).batch_size == "full"


def test_fit_and_grok_are_seen_once_at_the_recorded_step():
    a = run_to(arm({"name": "sgd", "lr": 0.1}, seeds=[0, 1]), 300)
    for name, measure in (("fit", "train_accuracy"), ("grok", "val_accuracy")):
        first = a.history.steps[(a.history.values(measure, 0) >= 0.99).argmax()]
        assert a.history.event_steps(name, 0).tolist() == [first]
        assert a.history.event_steps(name, 1).tolist() == [first]


def test_divergence_is_seen_at_its_step_and_stops_the_arm():
    wild = {"optimizer": {"name": "sgd", "lr": 10.0}, "dtype": "float32", "steps": 5000}
    a = arm(**wild)
    while not a.finished:
        a.advance(1000)
    (step,) = a.history.event_steps("divergence", 0)
    assert a.stopped
    assert step <= a.step < 5000
    assert a.advance(10) == 0
    assert np.isfinite(a.history.values("train_loss", 0)[a.history.steps < step - 1]).all()
    replay = arm(**wild, record_every=1)
    run_to(replay, step - 1)
    assert not np.isfinite(replay.history.last("train_loss")[0])


def test_one_diverged_replica_leaves_the_others_training():
    a = arm({"name": "sgd", "lr": 0.1}, seeds=[0, 1])
    a.theta[1] = float("nan")
    run_to(a, 300)
    assert a.detectors.diverged.tolist() == [False, True]
    assert not a.stopped
    assert np.isfinite(a.history.last("train_loss")[0])


def test_initial_theta_is_the_same_for_every_dtype_and_differs_by_seed():
    spec = arm(SGD, **MLP).spec.model
    _, single = initial_theta(spec, Shape(1, 4, 2), [1, 2], torch.float32)
    _, double = initial_theta(spec, Shape(1, 4, 2), [1, 2], torch.float64)
    assert torch.equal(single.double(), double)
    assert not torch.equal(single[0], single[1])
