"""Plugins on emulated devices: their state and their noise, in graphs as in eager steps."""

from __future__ import annotations

import os

import pytest
from test_emulated_training import require_the_same_bits, trained
from tiny_problems import tiny

from grok_tui.catalog.registries import VARIABLE, take_up

pytestmark = pytest.mark.usefixtures("as_on_a_gpu", "few_measures")

PLUGIN = '''
from dataclasses import dataclass
from typing import Literal
import torch
from grok_tui.catalog.base import knob
from grok_tui.catalog.entry import Entry
from grok_tui.catalog.modifiers import Modifier, ModifierEntry
from grok_tui.catalog.optimizers import Optimizer
from grok_tui.lab.modifiers import Acting
from grok_tui.lab.optimizers import Rule

class Tiger(Optimizer):
    """Steps by the sign of an average, and along it."""
    name: Literal["tiger"]
    lr: float = knob(0.01, live=True, ge=0, help="learning rate")
    weight_decay: float = knob(0.0, live=True, ge=0, help="decoupled")

class TigerRule(Rule):
    slots = ("mean",)

    def coefficients(self, hyper, step):
        return {"step": -hyper["lr"] / step.sqrt()}

    def update(self, theta, grad, state, c):
        mean = torch.lerp(state["mean"], grad, 0.1)
        return theta + c["step"] * (mean.sign() + mean), {"mean": mean}

class Sway(Modifier):
    """Noise on weights and update, as large as the gradient was."""
    name: Literal["sway"] = "sway"
    sway: float = knob(0.0, live=True, ge=0, help="how much")

@dataclass(frozen=True)
class Swaying(Acting):
    slots = ("sway_size",)
    draws = True

    def initial(self, theta):
        return {"sway_size": torch.zeros_like(theta)}

    def coefficients(self, spec, lr, step):
        return {"by": spec.sway * lr / step}

    def weights(self, theta, noise, c):
        return theta + 0.1 * c["by"] * noise

    def gradient(self, theta, grad, state, c, sizes):
        return grad * (1 + state["sway_size"]), {"sway_size": 0.9 * state["sway_size"] + grad.abs()}

    def update(self, theta, theta_0, noise, c):
        return theta + c["by"] * noise * (theta - theta_0)

class Tremble(Modifier):
    """Noise on the update alone."""
    name: Literal["tremble"] = "tremble"
    tremble: float = knob(0.0, live=True, ge=0, help="how much")

@dataclass(frozen=True)
class Trembling(Acting):
    draws = True

    def coefficients(self, spec, lr, step):
        return {"by": lr.new_tensor(spec.tremble)}

    def update(self, theta, theta_0, noise, c):
        return theta + c["by"] * noise

def sway(spec):
    return Swaying() if spec.sway else None

def tremble(spec):
    return Trembling() if spec.tremble else None

TIGER = Entry(Tiger, TigerRule)
SWAY = ModifierEntry(Sway, sway, at={"weights": 25, "gradient": 25, "update": 25})
TREMBLE = ModifierEntry(Tremble, tremble, at={"update": 26})
'''

NOISY = {"sway": 0.5, "tremble": 0.001}


@pytest.fixture(autouse=True)
def _taken_up(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, os.environ.get(VARIABLE, ""))
    monkeypatch.setattr("grok_tui.engine.steps.cuda_graph.STEPS_PER_REPLAY", 4)
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    take_up([path])


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("modifiers", [NOISY, NOISY | {"dropout": 0.2, "update_noise": 0.1}])
def test_noise_of_plugins_is_the_same_in_a_graph_and_in_eager_steps(devices, modifiers, replicas):
    require_the_same_bits(
        tiny(optimizer={"name": "tiger"}, modifiers=modifiers, replicas=replicas, batch_size=5)
    )


def test_each_plugin_has_noise_of_its_own_at_each_step(devices):
    still, *moved = [
        trained(tiny(optimizer={"name": "tiger"}, modifiers=modifiers, dtype="float64"), "cuda:0", "on")[0]
        for modifiers in ({"tremble": 0.0}, {"tremble": 1e-9}, {"sway": 1e-9})
    ]
    differences = [arrays["theta"] - still["theta"] for arrays in moved]
    assert all(abs(difference).min() > 0 for difference in differences)
