"""What is done to gradient, update and weights besides the optimizer's rule."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from arms import SUMS, arm, run_to
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError, create_model
from torch import nn

from grok_tui.catalog.base import knob
from grok_tui.catalog.interventions import Reset, Set
from grok_tui.catalog.modifiers import MODIFIERS, Modifier, ModifierEntry, Modifiers
from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.catalog.origin import Origin
from grok_tui.lab.modifiers import Structure, l_inf_gradient, l_inf_proximal, perpendicular

SGD = {"name": "sgd", "lr": 0.1}
MLP = {"task": SUMS, "model": {"name": "mlp", "hidden": 6}, "loss": "cross_entropy"}
NOISY = {"weight_noise": 0.1, "update_noise": 0.1, "dropout": 0.3}


def sway(name: str) -> ModifierEntry:
    """Return the entry of a modifier that a plugin brings."""
    fields = {"name": (Literal[name], name), name: (float, knob(0.0, live=True, ge=0, help="how much"))}
    spec = create_model(name, __base__=Modifier, **fields)
    return ModifierEntry(spec, "nowhere:made", Origin(file="/sway.py"), at={"update": 40})


def test_modifiers_of_plugins_act_in_the_order_of_their_names(monkeypatch):
    monkeypatch.setattr(MODIFIERS, "_added", {name: sway(name) for name in ("zigzag", "arc")})
    values = Modifiers.model_validate({"arc": 0.1, "zigzag": 0.2})
    assert values.named == [*MODIFIERS.shipped, "arc", "zigzag"]


def module_of(a) -> nn.Module:
    """Return a network of an arm's own, with parameters that the optimizers of torch can train."""
    own = a._trainer._learner.network.parameters(a.theta[0].clone())
    return nn.ParameterDict({name.replace(".", "_"): nn.Parameter(value) for name, value in own.items()})


def by_hand(a, optimizer, steps, before_step=lambda module: None, after_step=lambda module: None):
    """Train an MLP like the arm's in a plain loop; return theta [P]."""
    module = module_of(a)
    chosen = optimizer(list(module.parameters()))
    x, y = a.task.train.inputs, a.task.train.targets
    for _ in range(steps):
        chosen.zero_grad()
        hidden = torch.relu(x @ module["hidden_weight"].T)
        nn.functional.cross_entropy(hidden @ module["readout_weight"].T, y).backward()
        before_step(module)
        chosen.step()
        after_step(module)
    return nn.utils.parameters_to_vector(module.parameters()).detach()


def assert_follows(a, expected, steps):
    run_to(a, steps)
    torch.testing.assert_close(a.theta[0], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("form", "penalty"),
    [
        ("log_sum_exp", lambda w, s: torch.logsumexp(s * w.abs(), -1) / s),
        ("p_norm", lambda w, s: torch.linalg.vector_norm(w, ord=s, dim=-1)),
        ("max", lambda w, s: w.abs().amax(-1)),
    ],
)
@pytest.mark.parametrize("sharpness", [1.5, 16.0, 100.0])
def test_the_gradient_of_each_penalty_is_that_of_autograd(form, penalty, sharpness):
    theta = torch.randn(3, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    theta.requires_grad_()
    (expected,) = torch.autograd.grad(penalty(theta, sharpness).sum(), theta)
    found = l_inf_gradient(form, theta.detach(), torch.full((3, 1), sharpness, dtype=torch.float64))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("form", ["log_sum_exp", "p_norm", "max"])
def test_a_penalty_has_a_finite_gradient_at_zero(form):
    theta = torch.zeros(1, 5)
    assert l_inf_gradient(form, theta, torch.full((1, 1), 16.0)).isfinite().all()


@given(
    st.lists(st.floats(-3, 3), min_size=1, max_size=8),
    st.floats(1e-3, 10),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=200, deadline=None)
def test_no_point_beats_the_proximal_one(values, strength, seed):
    theta = torch.tensor([values], dtype=torch.float64)
    found = l_inf_proximal(theta, torch.tensor([[strength]], dtype=torch.float64))

    def objective(x):
        return 0.5 * (x - theta).square().sum(-1) + strength * x.abs().amax(-1)

    random = torch.Generator().manual_seed(seed)
    scales = torch.logspace(-4, 1, 60, dtype=torch.float64).unsqueeze(1)
    others = found + scales * torch.randn(60, len(values), dtype=torch.float64, generator=random)
    flat = theta.clamp(-scales, scales)
    assert (objective(found) <= torch.cat([objective(others), objective(flat)]) + 1e-9).all()


def test_a_perpendicular_gradient_is_one_tensor_by_tensor_and_keeps_its_norm():
    random = torch.Generator().manual_seed(0)
    theta, grad = (torch.randn(2, 10, dtype=torch.float64, generator=random) for _ in range(2))
    found = perpendicular(theta, grad, [4, 6])
    for part in (slice(0, 4), slice(4, 10)):
        assert ((found * theta)[:, part].sum(-1).abs() < 1e-12).all()
        torch.testing.assert_close(found[:, part].norm(dim=-1), grad[:, part].norm(dim=-1))
    assert perpendicular(torch.zeros(1, 3), torch.zeros(1, 3), [3]).eq(0).all()


def test_clipping_is_that_of_torch():
    a = arm(SGD, modifiers={"clip_norm": 0.05}, **MLP)
    expected = by_hand(
        a,
        lambda p: torch.optim.SGD(p, lr=0.1),
        40,
        before_step=lambda m: nn.utils.clip_grad_norm_(m.parameters(), 0.05),
    )
    assert_follows(a, expected, 40)


def test_warmup_is_a_linear_schedule_of_torch():
    a = arm({"name": "adamw", "lr": 1e-2, "weight_decay": 1.0}, modifiers={"warmup": 10}, **MLP)
    schedules = []

    def optimizer(parameters):
        adamw = torch.optim.AdamW(parameters, lr=1e-2, weight_decay=1.0)
        schedules.append(torch.optim.lr_scheduler.LambdaLR(adamw, lambda s: min(1, (s + 1) / 10)))
        return adamw

    assert_follows(a, by_hand(a, optimizer, 30, after_step=lambda m: schedules[0].step()), 30)


def test_the_penalty_is_added_to_the_gradient():
    a = arm(SGD, modifiers={"l_inf": 0.1, "l_inf_sharpness": 20.0}, **MLP)

    def penalize(module):
        theta = nn.utils.parameters_to_vector(module.parameters())
        (0.1 * torch.logsumexp(20 * theta.abs(), -1) / 20).backward()

    expected = by_hand(a, lambda p: torch.optim.SGD(p, lr=0.1), 40, before_step=penalize)
    assert_follows(a, expected, 40)


def test_a_proximal_step_cuts_the_top_of_theta():
    a = arm(SGD, modifiers={"l_inf": 1.0, "l_inf_form": "proximal"}, **MLP)

    def cut(module):
        theta = nn.utils.parameters_to_vector(module.parameters()).detach().unsqueeze(0)
        cut_off = l_inf_proximal(theta, torch.tensor([[0.1]], dtype=torch.float64))[0]
        nn.utils.vector_to_parameters(cut_off, module.parameters())

    assert_follows(a, by_hand(a, lambda p: torch.optim.SGD(p, lr=0.1), 20, after_step=cut), 20)


def test_grokfast_ema_is_that_of_its_authors():
    a = arm(SGD, modifiers={"grokfast": "ema", "grokfast_decay": 0.9, "grokfast_factor": 3.0}, **MLP)
    slow = {}

    def amplify(module):
        for name, p in module.items():
            slow[name] = 0.9 * slow.get(name, p.grad) + 0.1 * p.grad
            p.grad = p.grad + 3.0 * slow[name]

    expected = by_hand(a, lambda p: torch.optim.SGD(p, lr=0.1), 40, before_step=amplify)
    assert_follows(a, expected, 40)


def test_grokfast_moving_average_acts_once_its_window_is_full():
    a = arm(SGD, modifiers={"grokfast": "ma", "grokfast_window": 5, "grokfast_factor": 3.0}, **MLP)
    seen = {}

    def amplify(module):
        for name, p in module.items():
            seen[name] = [*seen.get(name, []), p.grad.clone()][-5:]
            if len(seen[name]) == 5:
                p.grad = p.grad + 3.0 * torch.stack(seen[name]).mean(0)

    expected = by_hand(a, lambda p: torch.optim.SGD(p, lr=0.1), 30, before_step=amplify)
    assert_follows(a, expected, 30)


@pytest.mark.parametrize("optimizer", [{"name": "adamw"}, {"name": "adam", "weight_decay": 0.1}])
def test_decay_towards_init_pulls_to_where_the_arm_started(optimizer):
    """Strong decay holds theta near its goal, and the two goals are far apart."""
    strong = optimizer | {"lr": 1e-2, "weight_decay": 50.0}
    to_zero, to_init = (
        run_to(arm(strong, modifiers={"decay_towards": goal}, **MLP), 300) for goal in ("zero", "init")
    )
    start = arm(strong, **MLP).theta
    assert to_zero.theta.norm() < 0.2 * start.norm()
    assert (to_init.theta - start).norm() < 0.2 * start.norm()


def test_the_norm_is_kept_at_its_factor():
    a = arm({"name": "adamw", "lr": 1e-2}, modifiers={"norm_factor": 0.8}, replicas=3, **MLP)
    start = a.theta.norm(dim=1)
    run_to(a, 50)
    torch.testing.assert_close(a.theta.norm(dim=1), 0.8 * start)


def test_update_noise_is_gaussian_of_the_stated_size():
    a = arm({"name": "sgd", "lr": 0.5}, modifiers={"update_noise": 0.1}, task={"name": "linear101"})
    run_to(a, 1)
    plain = run_to(arm({"name": "sgd", "lr": 0.5}, task={"name": "linear101"}), 1)
    noise = (a.theta - plain.theta) / 0.5
    assert noise.std() == pytest.approx(0.1, rel=0.2)
    assert abs(noise.mean()) < 0.04


@pytest.mark.parametrize("optimizer", [SGD, {"name": "adamw", "lr": 1e-2}])
def test_noise_depends_on_seed_and_step_and_not_on_chunks_or_neighbours(optimizer):
    together = run_to(arm(optimizer, modifiers=NOISY, replicas=2, seed=3, **MLP), 30)
    chunked = run_to(arm(optimizer, modifiers=NOISY, replicas=2, seed=3, **MLP), 30, chunk=7)
    alone = run_to(arm(optimizer, modifiers=NOISY, seed=4, **MLP), 30)
    other = run_to(arm(optimizer, modifiers=NOISY, seed=5, **MLP), 30)
    assert torch.equal(together.theta, chunked.theta)
    torch.testing.assert_close(together.theta[1], alone.theta[0], rtol=1e-9, atol=1e-12)
    assert not torch.allclose(alone.theta, other.theta)


def test_weight_noise_moves_the_gradient_but_is_not_kept():
    a = arm({"name": "sgd", "lr": 0.0}, modifiers={"weight_noise": 0.5}, **MLP)
    start = a.theta.clone()
    losses = a._trainer.take(0, 5)[:, 0]
    assert torch.equal(a.theta, start)
    assert len(np.unique(losses)) == 5


def test_a_modifier_may_be_turned_while_the_run_goes_on():
    a = run_to(arm(SGD, **MLP), 20)
    for name, value in (("norm_factor", 0.5), ("grokfast", "ema"), ("warmup", 3.0)):
        a.intervene(Set(action="set", arm="a", at_step=a.step, hyperparameter=name, value=value))
    run_to(a, 40)
    assert (a.modifiers.norm_factor, a.modifiers.grokfast, a.modifiers.warmup) == (0.5, "ema", 3)
    torch.testing.assert_close(a.theta.norm(), 0.5 * arm(SGD, **MLP).theta.norm())


def test_a_value_out_of_bounds_is_refused_and_the_run_goes_on():
    a = arm(SGD, **MLP)
    with pytest.raises(ValueError, match="less than 1"):
        a.intervene(Set(action="set", arm="a", at_step=0, hyperparameter="dropout", value=1.0))
    assert run_to(a, 5).modifiers == Modifiers()


@pytest.mark.parametrize("grokfast", ["ema", "ma"])
def test_a_filter_goes_on_from_its_state_bit_for_bit(grokfast):
    modifiers = {"grokfast": grokfast, "grokfast_window": 7, "update_noise": 0.1}
    whole = run_to(arm(SGD, modifiers=modifiers, **MLP), 60)
    first = run_to(arm(SGD, modifiers=modifiers, **MLP), 23)
    second = arm(SGD, modifiers=modifiers, **MLP)
    second.restore_state(*first.export_state())
    assert torch.equal(run_to(second, 60).theta, whole.theta)


def test_a_reset_forgets_the_filter():
    modifiers = {"grokfast": "ema", "grokfast_factor": 5.0}
    a, b = (run_to(arm(SGD, modifiers=modifiers, **MLP), 10) for _ in range(2))
    a.intervene(Reset(action="reset", arm="a", at_step=10))
    assert not torch.equal(run_to(a, 11).theta, run_to(b, 11).theta)


def test_no_modifier_has_the_name_of_a_hyperparameter():
    """A `set` intervention names either."""
    taken = {name for entry in OPTIMIZERS.shipped.values() for name in entry.spec.model_fields}
    assert taken.isdisjoint(MODIFIERS.keys_known)


@pytest.mark.parametrize(
    "values", [{"dropout": 1.0}, {"l_inf": -1.0}, {"l_inf_form": "p_norm", "l_inf_sharpness": 0.5}]
)
def test_values_out_of_bounds_are_refused(values):
    with pytest.raises(ValidationError):
        Modifiers.model_validate(values)


def test_stages_and_places_decide_the_order_and_not_the_table():
    values = Modifiers(clip_norm=1.0, l_inf=0.1, grokfast="ema", perp_grad=True, norm_factor=1.0)
    structure = Structure.of(Modifiers(**dict(reversed(values.values.items()))))
    assert [one.name for one in structure.at("gradient")] == ["l_inf", "grokfast", "perp_grad", "clip_norm"]
    proximal = Modifiers(l_inf=0.1, l_inf_form="proximal", norm_factor=1.0, update_noise=0.1)
    assert [one.name for one in Structure.of(proximal).at("update")] == [
        "update_noise",
        "l_inf",
        "norm_factor",
    ]


def test_no_two_that_ship_have_one_place():
    places = [place for name in MODIFIERS.shipped for place in MODIFIERS[name].at.items()]
    assert len(set(places)) == len(places)


def test_written_without_what_is_as_always_they_are_read_as_they_were():
    values = Modifiers(grokfast="ma", grokfast_window=7)
    written = values.model_dump(exclude_defaults=True)
    assert written == {"grokfast": "ma", "grokfast_window": 7}
    assert Modifiers.model_validate(written) == values != Modifiers()
    assert Modifiers.model_validate_json(values.model_dump_json()) == values


def test_an_unknown_key_is_told_of_with_the_nearest():
    with pytest.raises(ValidationError, match="unknown key 'clip_nrom'; did you mean 'clip_norm'"):
        Modifiers(clip_nrom=1.0)
