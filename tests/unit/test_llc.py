"""The local learning coefficient against closed forms, and what it says of chains that have left."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from arms import preset, run_to
from pydantic import ValidationError
from torch import Tensor

from grok_tui.catalog.llc import Sgld
from grok_tui.catalog.losses import LOSSES
from grok_tui.catalog.measures import MEASURES
from grok_tui.catalog.models import EmbeddingMlp, Linear, Mlp, Transformer
from grok_tui.catalog.tasks import BinaryOperation, Linear101
from grok_tui.engine.arm.arm import Arm
from grok_tui.lab.llc import estimate
from grok_tui.lab.losses import sample_loss
from grok_tui.lab.measures import Probe, take
from grok_tui.lab.measures.learning_coefficient import chain_loss, divided_outputs, sample_count
from grok_tui.lab.measures.margins import margin_min
from grok_tui.lab.models import initial_theta
from grok_tui.lab.tasks import Samples, build_task

SUMS = BinaryOperation(name="binary_operation", p=5)
MODELS = {
    "linear": Linear(name="linear", init="uniform"),
    "mlp": Mlp(name="mlp", hidden=8),
    "biased": Mlp(name="mlp", hidden=8, bias=True),
    "deep": Mlp(name="mlp", hidden=8, depth=3, bias=True, activation="leaky_relu", output_scale=2.0),
    "ntk": Mlp(name="mlp", hidden=8, depth=2, bias=True, parametrization="ntk"),
    "embedding": EmbeddingMlp(name="embedding_mlp", hidden=8, width=4, depth=2, bias=True),
    "summed": EmbeddingMlp(name="embedding_mlp", hidden=8, width=4, combine="sum", activation="identity"),
}
WITHOUT_SCALE = {
    "quadratic": Mlp(name="mlp", hidden=8, activation="quadratic"),
    "gelu": Mlp(name="mlp", hidden=8, activation="gelu"),
    "centered": Mlp(name="mlp", hidden=8, centered=True),
    "transformer": Transformer(name="transformer", width=8, heads=2),
}


def origin(size: int, replicas: int = 1) -> Tensor:
    return torch.zeros(replicas, size, dtype=torch.float64)


def probe_of(model, seeds=(0, 1), task=SUMS, loss="cross_entropy") -> Probe:
    """Return replicas as they start, each with its own samples."""
    tasks = [build_task(task, seed, torch.float64) for seed in seeds]
    network, theta = initial_theta(model, task.shape, seeds, torch.float64)

    def stacked(parts) -> Samples:
        return Samples(torch.stack([s.inputs for s in parts]), torch.stack([s.targets for s in parts]))

    return Probe(
        theta * 1.5,
        theta,
        network,
        tasks[0],
        stacked([t.train for t in tasks]),
        stacked([t.validation for t in tasks]),
        sample_loss(LOSSES.spec(loss), torch.float64),
        shared=False,
    )


def fitted(model) -> Probe:
    """Return a probe whose training samples are those that the network has right."""
    probe = probe_of(model, seeds=(0,))
    labels = probe.train_outputs.argmax(-1)
    return replace(probe, train=Samples(probe.train.inputs, labels))


def squares(theta: Tensor) -> Tensor:
    return theta.square().sum(-1) / 2


QUICK = Sgld(nbeta=1000.0, step_size=1e-4, gamma=1.0, chains=40, draws=400, burn_in=100)


class TestClosedForms:
    def test_a_minimum_of_full_rank_has_half_its_dimensions(self):
        found = estimate(squares, origin(10), 100, QUICK)
        assert found.llc.item() == pytest.approx(5.0, rel=0.1)
        assert found.warnings() == ()
        assert found.acceptance.item() > 0.9

    def test_a_fourth_power_has_a_quarter(self):
        settings = Sgld(nbeta=1e4, step_size=1e-4, gamma=1.0, chains=400, draws=1500, burn_in=500)
        found = estimate(lambda theta: theta[..., 0] ** 4, origin(1), 100, settings)
        assert found.llc.item() == pytest.approx(0.25, rel=0.1)

    def test_crossing_valleys_have_what_the_integral_over_their_posterior_is(self):
        """(w1 w2)^2 has 1/2 only as log n goes to infinity; at the n beta of a chain it has the integral."""
        nbeta, gamma = 1000.0, 10.0
        settings = Sgld(nbeta=nbeta, step_size=4e-4, gamma=gamma, chains=1000, draws=1200, burn_in=1200)
        found = estimate(lambda theta: theta.prod(-1).square(), origin(2), 100, settings)
        assert found.llc.item() == pytest.approx(crossing(nbeta, gamma), rel=0.08)

    def test_the_integral_for_crossing_valleys_tends_to_a_half_with_the_logarithm_of_n(self):
        gaps = [0.5 - crossing(10.0**power, 1.0) for power in (4, 8, 16)]
        assert gaps[1] / gaps[0] == pytest.approx(0.5, abs=0.1)
        assert gaps[2] / gaps[1] == pytest.approx(0.5, abs=0.05)

    def test_the_pull_to_the_centre_takes_from_flat_directions_what_it_should(self):
        slopes = torch.tensor([1e-3, 1e-2, 1e-1, 1.0], dtype=torch.float64)
        settings = Sgld(nbeta=1000.0, step_size=3e-4, gamma=10.0, chains=300, draws=2000, burn_in=1500)
        found = estimate(lambda theta: (slopes * theta.square()).sum(-1) / 2, origin(4), 100, settings)
        stiffness = 1000.0 * slopes
        expected = (stiffness / (stiffness + 10.0)).sum().item() / 2
        assert found.llc.item() == pytest.approx(expected, rel=0.1)

    def test_the_linear_task_has_the_coefficient_of_its_hessian(self):
        declared = Linear101(name="linear101", samples=20)
        task = build_task(declared, 0, torch.float64)
        network, theta = initial_theta(MODELS["linear"], declared.shape, [0], torch.float64)
        solution = torch.full_like(theta, 1 / 21)
        solution[:, -1] = 20 / 21
        mse = sample_loss(LOSSES.spec("mse"), torch.float64)
        probe = Probe(solution, theta, network, task, task.train, task.validation, mse, shared=True)
        assert probe.train_losses.max() < 1e-6
        settings = Sgld(gamma=5.0, step_size=3e-3, chains=40, draws=1000)
        found = estimate(chain_loss(probe, 40), probe.theta, sample_count(probe), settings)
        stiffness = settings.nbeta_for(20) * 2 / 20 * torch.tensor([1.0] * 19 + [21.0])
        assert found.llc.item() == pytest.approx((stiffness / (stiffness + 5.0)).sum().item() / 2, rel=0.1)

    def test_n_over_log_n_is_the_default(self):
        assert Sgld().nbeta_for(500) == pytest.approx(80.456, abs=1e-3)
        assert [Sgld().nbeta_for(n) for n in (1, 2)] == [1.0, 2.0]
        assert Sgld(nbeta=3.0).nbeta_for(500) == 3.0


def crossing(nbeta: float, gamma: float) -> float:
    """Return E[n beta (w1 w2)^2] under exp(-n beta (w1 w2)^2 - gamma/2 |w|^2); over w2 in closed form."""
    edges = torch.logspace(-12, 3, 300_001, dtype=torch.float64)
    x = (edges[1:] + edges[:-1]) / 2
    stiffness = 2 * nbeta * x.square() + gamma
    weight = stiffness.rsqrt() * torch.exp(-gamma / 2 * x.square()) * edges.diff()
    return ((nbeta * x.square() / stiffness * weight).sum() / weight.sum()).item()


class TestNoise:
    def test_an_estimate_is_the_same_whenever_it_is_made(self):
        first = estimate(squares, origin(3), 100, QUICK)
        torch.manual_seed(99)
        torch.randn(7)
        again = estimate(squares, origin(3), 100, QUICK)
        assert torch.equal(first.losses, again.losses)
        assert not torch.equal(first.losses, estimate(squares, origin(3), 100, QUICK, seed=1).losses)

    def test_a_replica_has_the_estimate_that_it_has_alone(self):
        probe = probe_of(MODELS["biased"])
        settings = Sgld(chains=3, draws=20, burn_in=5)
        both = estimate(chain_loss(probe, 3), probe.theta, sample_count(probe), settings)
        for r in range(2):
            train = Samples(probe.train.inputs[r], probe.train.targets[r])
            alone = replace(
                probe,
                theta=probe.theta[r : r + 1],
                theta_0=probe.theta_0[r : r + 1],
                train=train,
                shared=True,
            )
            found = estimate(chain_loss(alone, 3), alone.theta, sample_count(alone), settings)
            assert torch.allclose(found.losses[:, 0], both.losses[:, r])

    def test_the_error_is_that_of_repeated_estimates(self):
        found = [estimate(squares, origin(10), 100, QUICK, seed) for seed in range(6)]
        spread = torch.cat([one.llc for one in found]).std().item()
        stated = torch.cat([one.error for one in found]).mean().item()
        assert 0.4 < spread / stated < 2.5

    def test_a_single_chain_has_no_error(self):
        found = estimate(squares, origin(2), 100, QUICK.model_copy(update={"chains": 1}))
        assert found.llc.isfinite().all()
        assert found.error.isnan().all()


class TestWarnings:
    def warned(self, loss, size=10, **settings) -> str:
        given = QUICK.model_copy(update={"chains": 4, **settings})
        return "; ".join(estimate(loss, origin(size) + 1e-9, 100, given).warnings())

    def test_a_step_too_large_for_the_curvature_is_seen(self):
        assert "too large" in self.warned(squares, size=200, step_size=2e-3)

    def test_a_chain_that_runs_away_is_seen(self):
        assert "not finite" in self.warned(squares, step_size=1.0)

    def test_a_chain_without_a_pull_is_seen_to_move_away(self):
        assert "distance" in self.warned(lambda theta: 0 * theta.sum(-1), size=200, gamma=0.0)

    def test_a_chain_that_has_not_settled_is_seen(self):
        assert "the loss still rises" in self.warned(squares, size=200, step_size=1e-6)

    def test_a_centre_that_is_no_minimum_is_seen(self):
        assert "no minimum" in self.warned(lambda theta: (theta - 1).square().sum(-1))

    def test_more_than_half_the_parameters_is_seen(self):
        assert "half the number of parameters" in self.warned(lambda theta: theta.abs().sum(-1))

    def test_only_the_replica_that_it_is_about_is_warned_of(self):
        centres = torch.stack([torch.zeros(10), torch.full((10,), torch.nan)])
        found = estimate(squares, centres, 100, QUICK)
        assert found.warnings(0) == ()
        assert "not finite" in found.warnings(1)[0]
        assert found.llc.isnan().tolist() == [False, True]


class TestRescaling:
    @pytest.mark.parametrize("name", MODELS)
    def test_all_outputs_are_divided(self, name):
        probe = probe_of(MODELS[name])
        divisor = torch.tensor([0.3, 7.0], dtype=torch.float64)
        divided = divided_outputs(probe, divisor)
        expected = probe.train_outputs / divisor.view(2, 1, 1)
        assert torch.allclose(replace(probe, theta=divided).train_outputs, expected)

    @pytest.mark.parametrize("name", WITHOUT_SCALE)
    def test_a_network_that_is_not_homogeneous_has_no_rescaled_coefficient(self, name):
        probe = fitted(WITHOUT_SCALE[name])
        assert divided_outputs(probe, torch.ones(1)) is None
        assert take("llc_rescaled", probe).isnan().all()

    def test_a_replica_that_has_a_sample_wrong_has_none(self):
        probe = probe_of(MODELS["mlp"])
        right = probe.train_outputs.argmax(-1)
        right[1, 0] = (right[1, 0] + 1) % 5
        probe = replace(probe, train=Samples(probe.train.inputs, right))
        assert (margin_min(probe) > 0).tolist() == [True, False]
        assert take("llc_rescaled", probe).isfinite().tolist() == [True, False]

    def test_the_scale_of_the_weights_changes_the_raw_coefficient_alone(self):
        probe = fitted(MODELS["mlp"])
        larger = replace(probe, theta=4 * probe.theta)
        raw = take("llc", probe).item(), take("llc", larger).item()
        rescaled = take("llc_rescaled", probe).item(), take("llc_rescaled", larger).item()
        assert rescaled[1] == pytest.approx(rescaled[0], rel=1e-6)
        assert abs(raw[1] - raw[0]) > 0.1 * abs(raw[0])


class TestMeasures:
    def declared(self, **more):
        return preset(
            {"name": "a", "optimizer": {"name": "sgd", "lr": 0.1}, "model": {"name": "mlp", "hidden": 4}},
            task=SUMS.model_dump(),
            loss="cross_entropy",
            record_every=5,
        ).model_copy(update=more)

    def test_they_are_taken_where_a_preset_asks(self):
        usual, asked = (
            self.declared(),
            self.declared(measures=[MEASURES.spec(name) for name in ("llc", "llc_rescaled")]),
        )
        more = set(asked.measures_of(asked.arms[0])) - set(usual.measures_of(usual.arms[0]))
        assert more == {"llc", "llc_rescaled"}

    def test_neither_chunks_nor_other_measures_make_a_difference(self):
        (spec,) = self.declared().arms
        usual = self.declared().measures_of(spec)
        costly = {name: MEASURES.spec(name) for name in ("llc", "llc_rescaled", "sharpness")}
        given = (usual | {"llc": costly["llc"]}, usual | costly)
        one, other = (Arm(spec, names, [0, 1], torch.device("cpu")) for names in given)
        run_to(one, 5, chunk=1)
        run_to(other, 5)
        assert one.history.last("llc").tolist() == other.history.last("llc").tolist()
        assert torch.equal(one.theta, other.theta)


@pytest.mark.parametrize(
    "values",
    [{"step_size": 0.0}, {"step_size": 2.0}, {"nbeta": -1.0}, {"gamma": -1.0}, {"chains": 0}, {"draws": 5}],
)
def test_settings_are_checked(values):
    with pytest.raises(ValidationError):
        Sgld(**values)
