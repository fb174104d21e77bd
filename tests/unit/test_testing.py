"""What plugin authors run on their own must pass for what ships, and fail for what is wrong."""

import re
from pathlib import Path
from typing import Literal

import pytest
import torch

from grok_tui.catalog.base import knob
from grok_tui.catalog.entry import Entry
from grok_tui.catalog.losses import LOSSES, SIGNS, Loss
from grok_tui.catalog.measure import Measure
from grok_tui.catalog.measures import MEASURES
from grok_tui.catalog.models import MODELS
from grok_tui.catalog.modifiers import MODIFIERS
from grok_tui.catalog.optimizers import OPTIMIZERS, Optimizer
from grok_tui.catalog.plugins import ContractError
from grok_tui.catalog.tasks import TASKS, Shape, TaskSpec
from grok_tui.lab.optimizers import Rule
from grok_tui.lab.tasks import Samples, Task
from grok_tui.testing import (
    check_loss,
    check_measure,
    check_model,
    check_modifier,
    check_optimizer,
    check_task,
)


@pytest.mark.parametrize("name", OPTIMIZERS.shipped)
def test_what_ships_keeps_the_contract_of_optimizers(name):
    check_optimizer(OPTIMIZERS[name])


@pytest.mark.parametrize("name", LOSSES.shipped)
def test_what_ships_keeps_the_contract_of_losses(name):
    check_loss(LOSSES[name])


@pytest.mark.parametrize("name", TASKS.shipped)
def test_what_ships_keeps_the_contract_of_tasks(name):
    check_task(TASKS[name])


@pytest.mark.parametrize("name", MODELS.shipped)
def test_what_ships_keeps_the_contract_of_models(name):
    check_model(MODELS[name])


@pytest.mark.parametrize("name", [name for name in MEASURES.shipped if "llc" not in name])
def test_what_ships_keeps_the_contract_of_measures(name):
    check_measure(MEASURES[name])


@pytest.mark.parametrize(
    ("implementation", "said"),
    [
        (lambda probe: probe.theta.mean(), "it gives"),
        (lambda probe: probe.theta, "it gives"),
        (lambda probe: probe.theta.mean(-1) + probe.theta.mean(), "not what it is alone"),
    ],
)
def test_a_measure_that_breaks_the_contract_is_told(implementation, said):
    with pytest.raises((AssertionError, ContractError), match=said):
        check_measure(Measure(implementation=implementation, called="wrong", says="wrong"))


class Plain(Optimizer):
    """Plain steps."""

    name: Literal["plain"]
    lr: float = knob(0.01, live=True, ge=0, help="learning rate")
    weight_decay: float = knob(0.0, live=True, ge=0, help="none")


class PlainRule(Rule):
    slots = ()

    def coefficients(self, hyper, step):
        return {"step": -hyper["lr"]}

    def update(self, theta, grad, state, c):
        return theta + c["step"] * grad, {}


class Mixing(PlainRule):
    def update(self, theta, grad, state, c):
        return theta + c["step"] * grad.mean(0, keepdim=True), {}


class Branching(PlainRule):
    def update(self, theta, grad, state, c):
        return (theta + c["step"] * grad if grad.sum() > 0 else theta - c["step"] * grad), {}


class Widening(PlainRule):
    def update(self, theta, grad, state, c):
        return theta.double() + c["step"] * grad, {}


def loop(theta, gradient, steps):
    for _ in range(steps):
        theta = theta - 0.01 * gradient(theta)
    return theta


def test_a_rule_is_compared_with_a_reference():
    check_optimizer(Entry(Plain, PlainRule), loop)
    with pytest.raises((AssertionError, ContractError), match="not that of the reference"):
        check_optimizer(Entry(Plain, PlainRule), lambda theta, gradient, steps: theta)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Mixing, "not what it is alone"),
        (Branching, "update cannot be traced|branches on values"),
        (Widening, "becomes torch.float64"),
        (lambda layout: None, "not as a Rule"),
    ],
)
def test_a_rule_that_breaks_the_contract_is_told(rule, said):
    with pytest.raises((AssertionError, ContractError), match=said):
        check_optimizer(Entry(Plain, rule))


class Absolute(Loss):
    """|y - f|"""

    targets = SIGNS
    name: Literal["absolute"]


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda outputs, targets: (outputs.squeeze(-1) - targets).abs().mean(), "it gives"),
        (lambda outputs, targets: outputs.squeeze(-1) * torch.inf, "not finite"),
        (lambda outputs, targets: outputs.squeeze(-1).detach() + 0 * outputs.squeeze(-1), "no gradient"),
    ],
)
def test_a_loss_that_breaks_the_contract_is_told(loss, said):
    with pytest.raises((AssertionError, ContractError), match=said):
        check_loss(Entry(Absolute, loss))


class Coins(TaskSpec):
    """Whether coins are alike."""

    models = ("mlp",)
    seeded = True
    name: Literal["coins"]

    @property
    def targets(self):
        return "signs"

    @property
    def shape(self):
        return Shape(4, 3, 1, validation=4)


def coins(same: bool, count: int = 4):
    def build(spec, seed, dtype):
        inputs = torch.arange(8 * 3, dtype=dtype).reshape(8, 3) + seed
        train = Samples(inputs[:count], torch.ones(count, dtype=dtype))
        validation = Samples(inputs[:4] if same else inputs[4:], torch.ones(4, dtype=dtype))
        return Task(train, validation, 1, lambda outputs, targets: outputs.squeeze(-1) * targets > 0)

    return build


def test_a_task_that_breaks_the_contract_is_told():
    check_task(Entry(Coins, coins(same=False)))
    with pytest.raises((AssertionError, ContractError), match="4 validation samples are trained on"):
        check_task(Entry(Coins, coins(same=True)))
    with pytest.raises((AssertionError, ContractError), match="3 training samples, but 4 in its shape"):
        check_task(Entry(Coins, coins(same=False, count=3)))


def test_the_plugin_of_the_manual_works():
    manual = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
    blocks = [block for block in re.findall(r"```python\n(.*?)```", manual, re.S) if "Entry(" in block]
    given: dict = {"__name__": "manual"}
    for code in blocks:
        exec(code, given)
    check_optimizer(given["TIGER"])
    check_modifier(given["SIGNED"], signed=0.5)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("weight_noise", {"weight_noise": 0.1}),
        ("dropout", {"dropout": 0.1}),
        ("l_inf", {"l_inf": 0.1}),
        ("l_inf", {"l_inf": 0.1, "l_inf_form": "proximal"}),
        ("grokfast", {"grokfast": "ema"}),
        ("grokfast", {"grokfast": "ma", "grokfast_window": 3}),
        ("perp_grad", {"perp_grad": True}),
        ("clip_norm", {"clip_norm": 1.0}),
        ("decay_towards", {"decay_towards": "init"}),
        ("warmup", {"warmup": 5}),
        ("update_noise", {"update_noise": 0.1}),
        ("norm_factor", {"norm_factor": 2.0}),
        ("reset", {"reset_every": 5}),
    ],
)
def test_every_modifier_keeps_its_contract(name, values):
    check_modifier(MODIFIERS[name], **values)
