"""A plan gives what the function gives, on tensors that stay in place."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.func import grad_and_value, vmap

from grok_tui.engine.steps.plan import Plan


def replayed(function, *inputs, constant=None, updates=None):
    plan = Plan(function, inputs, constant=constant or [False] * len(inputs), updates=updates)
    with torch.no_grad():
        plan.replay()
    return plan


def test_outputs_follow_inputs_that_change_in_place():
    x, w = torch.randn(5, 3), torch.randn(3, 2)
    plan = replayed(lambda x, w: ((x @ w).square().mean(), torch.log_softmax(x @ w, -1)), x, w)
    x.copy_(torch.randn(5, 3))
    with torch.no_grad():
        plan.replay()
    assert torch.equal(plan.outputs[0], (x @ w).square().sum() / 10)
    assert torch.equal(plan.outputs[1], torch.log_softmax(x @ w, -1))


def test_constants_cost_no_kernel():
    x, w = torch.randn(5, 3), torch.randn(3, 2)
    plan = replayed(lambda x, w: ((x * 2 + 1).abs().sum() + w.sum(),), x, w, constant=[True, False])
    assert len(plan.kernels) == 2  # the sum of w, and the addition
    torch.testing.assert_close(plan.outputs[0], (x * 2 + 1).abs().sum() + w.sum())


def test_updates_are_written_back_and_old_content_is_read_before_it_is_overwritten():
    theta, velocity = torch.ones(4), torch.zeros(4)

    def step(theta: Tensor, velocity: Tensor) -> tuple[Tensor, ...]:
        faster = velocity * 0.5 + theta
        moved = theta - faster
        return moved, faster, (moved - theta).abs().sum()

    plan = Plan(step, (theta, velocity), constant=(False, False), updates={0: 0, 1: 1})
    expected_theta, expected_velocity = torch.ones(4), torch.zeros(4)
    for _ in range(5):
        expected_theta, expected_velocity, size = step(expected_theta, expected_velocity)
        with torch.no_grad():
            plan.replay()
        assert torch.equal(theta, expected_theta)
        assert torch.equal(velocity, expected_velocity)
        assert torch.equal(plan.outputs[2], size)


def test_building_a_plan_changes_no_input():
    theta = torch.randn(4)
    before = theta.clone()
    Plan(lambda t: (t * 2,), (theta,), constant=(False,), updates={0: 0})
    assert torch.equal(theta, before)


def test_an_update_seen_through_a_view_is_not_overwritten_early():
    theta = torch.arange(6.0)

    def step(theta: Tensor) -> tuple[Tensor, ...]:
        moved = theta + 1
        return moved, theta.view(2, 3).sum(0)

    plan = Plan(step, (theta,), constant=(False,), updates={0: 0})
    with torch.no_grad():
        plan.replay()
    assert plan.outputs[1].tolist() == [3.0, 5.0, 7.0]
    assert theta.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


@given(
    replicas=st.integers(1, 4),
    samples=st.integers(1, 7),
    inputs=st.integers(1, 5),
    hidden=st.integers(1, 6),
    outputs=st.integers(1, 4),
    shared=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=20, deadline=None, derandomize=True)
def test_batched_gradients_equal_those_of_each_replica_alone(
    replicas, samples, inputs, hidden, outputs, shared, seed
):
    random = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    first, second = draw(replicas, hidden, inputs), draw(replicas, outputs, hidden)
    x = draw(samples, inputs) if shared else draw(replicas, samples, inputs)
    targets = torch.randint(outputs, (samples,), generator=random)

    def loss(weights: tuple[Tensor, Tensor], x: Tensor) -> Tensor:
        scores = torch.relu(x @ weights[0].T) @ weights[1].T
        return -torch.log_softmax(scores, -1).gather(-1, targets.unsqueeze(-1)).mean()

    def all_replicas(first: Tensor, second: Tensor, x: Tensor) -> tuple[Tensor, ...]:
        (g1, g2), value = vmap(grad_and_value(loss), in_dims=(0, None if shared else 0))((first, second), x)
        return g1, g2, value

    plan = replayed(all_replicas, first, second, x, constant=[False, False, True])
    for r in range(replicas):
        (g1, g2), value = grad_and_value(loss)((first[r], second[r]), x if shared else x[r])
        torch.testing.assert_close(plan.outputs[0][r], g1)
        torch.testing.assert_close(plan.outputs[1][r], g2)
        torch.testing.assert_close(plan.outputs[2][r], value)


def test_several_results_of_one_operation_are_renewed_in_place():
    values, gain = torch.randn(4, 6), torch.randn(6)

    def function(x, g):
        ordered, places = x.sort(dim=-1, descending=True)
        return ordered, places, torch.nn.functional.layer_norm(x, (6,), g)

    plan = Plan(function, [values, gain], constant=[False, False])
    assert len(plan.kernels) == 2
    places = [output.data_ptr() for output in plan.outputs]
    for tensor in (values, gain):
        tensor.normal_()
    plan.replay()
    assert [output.data_ptr() for output in plan.outputs] == places
    for output, expected in zip(plan.outputs, function(values, gain), strict=True):
        assert torch.equal(output, expected)
