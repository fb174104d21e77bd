"""Slingshots in our training and in stock torch, and the size of the step that makes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.catalog.tasks import SparseParity
from grok_tui.engine.arm.optimizer import Optimizer, counted
from grok_tui.engine.record.slingshots import SlingshotDetector
from grok_tui.engine.run.run import Run
from grok_tui.lab.models import Layout, Role
from grok_tui.lab.tasks import build_task
from grok_tui.presets import load

LAYOUT = Layout.of([("weight", (1,), Role.BIAS, 0)])

STEPS = 20_000
SEEDS = (0, 1, 2)
TASK = SparseParity(name="sparse_parity", n=30, k=3, samples=500)


def adamw(parameters):
    return torch.optim.AdamW(parameters, lr=0.03, weight_decay=0.01)


def stock_count(seed: int) -> int:
    """Count slingshots of modules, autograd and `torch.optim.AdamW`."""
    task = build_task(TASK, seed, torch.float32)
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(30, 128), nn.ReLU(), nn.Linear(128, 1))
    optimizer = adamw(network.parameters())
    seen = np.empty((3, STEPS, 1))
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = torch.relu(1 - task.train.targets * network(task.train.inputs).squeeze(-1)).mean()
        loss.backward()
        optimizer.step()
        seen[:2, step, 0] = loss.item(), network[2].weight.norm().item()
    seen[2] = 0
    return len(SlingshotDetector(1).stepped(1, *seen))


@pytest.mark.slow
def test_our_slingshots_are_as_many_as_those_of_stock_torch_within_the_spread_over_seeds():
    run = Run(load("slingshot-hinge", replicas=len(SEEDS), steps=STEPS), device="cpu", threads=1)
    history = run.arms["many"].history
    while not run.arms["many"].finished:
        run.arms["many"].advance(1000)
    ours = [len(history.event_steps("slingshot", replica)) for replica in range(len(SEEDS))]
    stock = [stock_count(seed) for seed in SEEDS]
    spread = max(np.std(ours), np.std(stock), 1.0)
    assert min(*ours, *stock) >= 1
    assert abs(np.mean(ours) - np.mean(stock)) <= 2 * spread


@pytest.mark.parametrize(("beta2", "first", "peak"), [(0.999, 3.162, 6.569), (0.98, 0.707, 1.554)])
def test_after_silence_a_constant_gradient_makes_the_steps_of_the_closed_form(beta2, first, peak):
    """The first is (1 - beta1) / sqrt(1 - beta2) learning rates, the largest comes some ten steps later."""
    theta = torch.zeros(1, 1, dtype=torch.float64)
    spec = OPTIMIZERS.spec("adamw", lr=1.0, betas=[0.9, beta2], eps=1e-30, weight_decay=0.0)
    optimizer = Optimizer(spec, theta, LAYOUT)
    optimizer.age += 100_000  # long silence: both moments are 0, and bias correction has gone
    sizes = []
    coefficients, _ = optimizer.coefficients(counted(40, optimizer.age))
    for step in range(40):
        c = {name: value[step] if value.dim() == 3 else value for name, value in coefficients.items()}
        after, optimizer.state = optimizer.rule.update(theta, torch.ones_like(theta), optimizer.state, c)
        sizes.append((theta - after).item())
        theta = after
    assert sizes[0] == pytest.approx(first, abs=1e-3)
    assert max(sizes) == pytest.approx(peak, abs=1e-3)
