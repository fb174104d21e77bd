"""Muon follows torch.optim.Muon on matrices and AdamW on all other parameters."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from grok_tui.catalog.optimizers import Muon as MuonSpec
from grok_tui.lab.models import Layout, Role
from grok_tui.lab.optimizers import build_rule, hyperparameters
from grok_tui.lab.optimizers.muon import orthogonalized

SHAPES = {"vectors": (5, 4), "places": (2, 4), "layer": (7, 4), "shift": (7,), "scores": (3, 7)}
ROLES = (Role.EMBEDDING, Role.POSITION, Role.HIDDEN, Role.BIAS, Role.READOUT)
LAYOUT = Layout.of((name, SHAPES[name], role, 0) for name, role in zip(SHAPES, ROLES, strict=True))
SETTINGS = {"lr": 0.02, "weight_decay": 0.3, "momentum": 0.9}


def normal(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def gradients(theta: torch.Tensor, step: int) -> torch.Tensor:
    return torch.sin(theta * (1 + step % 3)) + 0.1 * theta


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon")
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("ends", [True, False])
def test_every_tensor_follows_the_optimizer_that_it_belongs_to(monkeypatch, nesterov, ends):
    monkeypatch.setattr(
        torch.Tensor, "bfloat16", lambda self: self.clone()
    )  # ours works in theta's own precision
    size = sum(torch.Size(shape).numel() for shape in SHAPES.values())
    theta = normal(1, size, seed=0)
    pieces = torch.split(theta[0].clone(), [torch.Size(shape).numel() for shape in SHAPES.values()])
    own = {n: nn.Parameter(p.view(shape)) for (n, shape), p in zip(SHAPES.items(), pieces, strict=True)}
    at_ends = {"vectors", "scores"}
    matrices = [n for n, shape in SHAPES.items() if len(shape) == 2 and (ends or n not in at_ends)]
    optimizers = [
        torch.optim.Muon([own[n] for n in matrices], nesterov=nesterov, **SETTINGS),
        torch.optim.AdamW([p for n, p in own.items() if n not in matrices], lr=1e-3, weight_decay=0.1),
    ]
    spec = MuonSpec(name="muon", nesterov=nesterov, ends=ends, **SETTINGS)
    rule = build_rule("muon", LAYOUT)
    hyper = hyperparameters(spec, 1)
    state = rule.initial(theta, hyper)
    for step in range(30):
        grad = gradients(theta, step)
        parts = torch.split(grad[0], [p.numel() for p in own.values()])
        for p, part in zip(own.values(), parts, strict=True):
            p.grad = part.view(p.shape).clone()
        for optimizer in optimizers:
            optimizer.step()
        count = torch.full((1, 1, 1), step + 1.0, dtype=torch.float64)
        c = {name: v.expand(1, 1, 1)[0] for name, v in rule.coefficients(hyper, count).items()}
        theta, state = rule.update(theta, grad, state, c)
        expected = nn.utils.parameters_to_vector(own.values())
        torch.testing.assert_close(theta[0], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (6, 6)])
def test_singular_values_move_to_about_one(shape):
    values = torch.linalg.svdvals(orthogonalized(normal(3, *shape, seed=1)))
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_the_one_matrix_of_a_network_is_no_end():
    alone = Layout.of([("weight", (3, 4), Role.INPUT | Role.READOUT, 0)])
    theta, grad = normal(1, 12, seed=2), normal(1, 12, seed=3)
    moved = []
    for ends in (True, False):
        rule, hyper = build_rule("muon", alone), hyperparameters(MuonSpec(name="muon", ends=ends), 1)
        count = torch.ones(1, 1, 1, dtype=torch.float64)
        c = {name: v.expand(1, 1, 1)[0] for name, v in rule.coefficients(hyper, count).items()}
        moved.append(rule.update(theta, grad, rule.initial(theta, hyper), c)[0])
    assert torch.equal(*moved)


def test_zero_gradients_stay_zero():
    assert orthogonalized(torch.zeros(1, 3, 5)).eq(0).all()
