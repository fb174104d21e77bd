"""Measures of how far weights, activations and outputs are from the start."""

from __future__ import annotations

import math

import pytest
import torch
from arms import SUMS, preset, run_to
from torch import Tensor
from torch.autograd.functional import jacobian

from grok_tui.catalog.measures import MEASURES
from grok_tui.engine.arm.arm import Arm
from grok_tui.lab.measures import take
from grok_tui.lab.measures.probe import Probe

MODELS = {
    "mlp": {"name": "mlp", "hidden": 5, "bias": True, "activation": "tanh"},
    "deep": {"name": "mlp", "hidden": 5, "depth": 2, "parametrization": "ntk", "activation": "exp"},
    "centered": {"name": "mlp", "hidden": 5, "centered": True, "output_scale": 3.0},
    "transformer": {"name": "transformer", "width": 4, "heads": 2},
}
NAMES = ("linf_distance_from_init", "activation_change", "linearization_error")


def probed(model: dict[str, object], steps: int) -> tuple[Arm, Probe]:
    """Return an arm of two replicas after some steps, and what measures see of it."""
    declared = preset(
        {"name": "a", "optimizer": {"name": "sgd", "lr": 0.5}, "model": model},
        task=SUMS,
        loss="cross_entropy",
        replicas=2,
        record_every=1,
    )
    spec = declared.arms[0]
    measures = declared.measures_of(spec) | {name: MEASURES.spec(name) for name in NAMES}
    a = run_to(Arm(spec, measures, declared.seeds, torch.device("cpu")), steps)
    problem = a._problem
    samples = problem.data.samples, problem._validation
    probe = Probe(
        a.theta, problem.theta_0, problem.network, problem.task, *samples, problem._loss, problem.data.shared
    )
    return a, probe


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_linearization_error_is_what_the_jacobian_leaves(model):
    a, probe = probed(model, 5)
    found = take("linearization_error", probe)
    for r in range(2):
        inputs = probe.validation.inputs if probe.shared else probe.validation.inputs[r]
        start = probe.theta_0[r]

        def outputs(theta: Tensor, inputs: Tensor = inputs, start: Tensor = start) -> Tensor:
            network = probe.network
            return network.apply(network.parameters(theta), inputs, network.parameters(start))

        change = outputs(a.theta[r]) - outputs(start)
        straight = jacobian(outputs, start) @ (a.theta[r] - start)
        assert found[r].item() == pytest.approx(((change - straight).norm() / change.norm()).item())
        assert 1e-3 < found[r] < 10


def test_a_linear_network_has_no_linearization_error():
    _, probe = probed({"name": "linear", "init": "uniform"}, 5)
    assert take("linearization_error", probe).tolist() == pytest.approx([0, 0], abs=1e-12)


def test_what_has_not_moved_has_no_linearization_error_yet():
    _, probe = probed(MODELS["mlp"], 0)
    assert all(math.isnan(value) for value in take("linearization_error", probe).tolist())
    assert take("activation_change", probe).tolist() == [0, 0]
    assert take("linf_distance_from_init", probe).tolist() == [0, 0]


def test_the_largest_movement_is_that_of_one_weight():
    a, probe = probed(MODELS["mlp"], 5)
    expected = [max(map(abs, (a.theta[r] - probe.theta_0[r]).tolist())) for r in range(2)]
    assert take("linf_distance_from_init", probe).tolist() == pytest.approx(expected)


def test_activations_are_what_the_readout_reads():
    a, probe = probed(MODELS["mlp"], 5)
    found = take("activation_change", probe)
    for r in range(2):
        inputs = probe.validation.inputs if probe.shared else probe.validation.inputs[r]
        now, start = (
            torch.tanh(inputs @ p["hidden.weight"].T + p["hidden.bias"])
            for p in (probe.network.parameters(theta[r]) for theta in (a.theta, probe.theta_0))
        )
        assert found[r].item() == pytest.approx(((now - start).norm() / start.norm()).item())


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_an_arm_takes_them_where_they_are_asked_for(model):
    a, probe = probed(model, 2)
    for name in NAMES:
        assert a.history.last(name).tolist() == pytest.approx(take(name, probe).tolist())
