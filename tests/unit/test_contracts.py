"""Every contract that plugin authors run catches what it says it checks."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from grok_tui.catalog.base import knob
from grok_tui.catalog.entry import Entry
from grok_tui.catalog.intervention import Intervention, PerReplica
from grok_tui.catalog.losses import NUMBERS, Loss
from grok_tui.catalog.measure import Measure
from grok_tui.catalog.models import ModelSpec
from grok_tui.catalog.modifiers import Modifier, ModifierEntry
from grok_tui.catalog.optimizers import Optimizer
from grok_tui.catalog.plugins import ContractError, PluginError
from grok_tui.catalog.tasks import Shape, TaskSpec
from grok_tui.lab.models import Role
from grok_tui.lab.models.layers import Network
from grok_tui.lab.modifiers import Acting
from grok_tui.lab.optimizers import Rule
from grok_tui.lab.tasks import Samples, Task
from grok_tui.testing import (
    check_intervention,
    check_loss,
    check_measure,
    check_model,
    check_modifier,
    check_optimizer,
    check_task,
)

REFUSED = (AssertionError, ContractError, PluginError)


class Tiger(Optimizer):
    """Steps by the sign of an average."""

    name: Literal["tiger"]
    lr: float = knob(0.01, live=True, ge=0, help="learning rate")
    weight_decay: float = knob(0.0, live=True, ge=0, help="none")


class Rules(Rule):
    slots = ("mean",)

    def coefficients(self, hyper, step):
        return {"step": -hyper["lr"]}

    def update(self, theta, grad, state, c):
        mean = torch.lerp(state["mean"], grad, 0.1)
        return theta + c["step"] * mean.sign(), {"mean": mean}


class Integers(Rules):
    def initial(self, theta, hyper):
        return {"mean": torch.zeros(theta.shape, dtype=torch.int64)}


class Rounded(Rules):
    def coefficients(self, hyper, step):
        return {"step": -hyper["lr"].float()}


class Forgetful(Rules):
    def update(self, theta, grad, state, c):
        return theta + c["step"] * grad, {}


class Counting(Rules):
    steps = 0

    def update(self, theta, grad, state, c):
        Counting.steps += 1
        return theta + c["step"] * grad / Counting.steps, dict(state)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Integers, "state 'mean' is torch.int64"),
        (Rounded, "coefficient 'step' is torch.float32, not float64"),
        (Forgetful, r"update keeps \[\] of the state \['mean'\]"),
        (Counting, "not what it is alone|branches on values"),
        ("module", "neither a function nor"),
    ],
)
def test_optimizers(rule, said):
    check_optimizer(Entry(Tiger, Rules))
    with pytest.raises(REFUSED, match=said):
        check_optimizer(Entry(Tiger, rule))


class Absolute(Loss):
    """The absolute error."""

    targets = NUMBERS
    name: Literal["absolute"]


def absolute(outputs, targets):
    return (outputs - targets).abs().mean(-1)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda outputs, targets: absolute(outputs, targets).mean(), "it gives"),
        (lambda outputs, targets: absolute(outputs, targets).tolist(), "list, not Tensor"),
        (lambda outputs, targets: absolute(outputs, targets).double(), "torch.float64 for outputs"),
        (lambda outputs, targets: absolute(outputs.detach(), targets), "do not depend on the outputs"),
        (
            lambda outputs, targets: absolute(outputs - outputs.mean(-2, keepdim=True), targets),
            "on others",
        ),
        (lambda outputs: outputs.mean(-1), "positional argument"),
    ],
)
def test_losses(loss, said):
    check_loss(Entry(Absolute, absolute))
    with pytest.raises((*REFUSED, TypeError), match=said):
        check_loss(Entry(Absolute, loss))


class Tower(ModelSpec):
    """Two layers, one after the other."""

    name: Literal["tower"]

    def parameter_count(self, shape):
        return 2 * (shape.inputs + shape.outputs)

    def multiplications(self, shape):
        return self.parameter_count(shape)

    def activations(self, shape):
        return 2 + shape.outputs


class Endless(Tower):
    """Two layers of no known size."""

    def multiplications(self, shape):
        return float("nan")


class Towers(Network):
    def __init__(self, spec, shape):
        super().__init__()
        self.first = nn.Linear(shape.inputs, 2, bias=False)
        self.second = nn.Linear(2, shape.outputs, bias=False)

    def layers(self):
        return [[(self.first, Role.INPUT)], [(self.second, Role.READOUT)]]

    def forward(self, inputs, keep=None):
        return self.second(self.first(inputs))


class Unsaid(Towers):
    def layers(self):
        return [[(self.first, Role.INPUT)]]


class Biased(Towers):
    def __init__(self, spec, shape):
        super().__init__(spec, shape)
        self.second = nn.Linear(2, shape.outputs)


class Elsewhere(Towers):
    def __init__(self, spec, shape):
        super().__init__(spec, shape)
        with torch.no_grad():
            self.first.weight.copy_(
                torch.from_numpy(np.random.default_rng().standard_normal((2, shape.inputs)))
            )


class Normalized(Towers):
    def forward(self, inputs, keep=None):
        hidden = self.first(inputs)
        return self.second(hidden - hidden.mean(0))


class Constant(Towers):
    def forward(self, inputs, keep=None):
        return torch.zeros(len(inputs), 3)


class Narrow(Towers):
    def forward(self, inputs, keep=None):
        return super().forward(inputs)[:, :1]


@pytest.mark.parametrize(
    ("spec", "network", "said"),
    [
        (Tower, Unsaid, "does not say what 'second.weight' is"),
        (Tower, Biased, "25 parameters, but 22"),
        (Tower, Elsewhere, "the same seed gives another start"),
        (Tower, Normalized, "depend on the others"),
        (Tower, Constant, "depend on no parameter"),
        (Tower, Narrow, r"outputs \[2, 1\] of 2 samples"),
        (Tower, lambda spec, shape: nn.Linear(8, 3), "built as Linear"),
        (Endless, Towers, "multiplications gives nan"),
    ],
)
def test_models(spec, network, said):
    check_model(Entry(Tower, Towers))
    with pytest.raises((*REFUSED, TypeError), match=said):
        check_model(Entry(spec, network))


class Coins(TaskSpec):
    """Coins that are alike."""

    models = ("linear",)
    drawn = True
    name: Literal["coins"]

    @property
    def targets(self):
        return "numbers"

    @property
    def shape(self):
        return Shape(4, 3, 1, validation=4)


class Heaps(Coins):
    """Coins in heaps of no number."""

    @property
    def shape(self):
        return Shape(4, 3, 0, validation=4)


def fill(inputs, targets, generator):
    inputs.uniform_(generator=generator)
    targets.fill_(1)


def coins(draw=fill, correct=lambda f, y: (f - y).squeeze(-1).abs() < 0.1, dtype=None, noise=0.0):
    def build(spec, seed, asked):
        inputs = torch.arange(24, dtype=dtype or asked).reshape(8, 3) + noise * torch.rand(8, 3)
        targets = torch.ones(8, 1, dtype=asked)
        return Task(Samples(inputs[:4], targets[:4]), Samples(inputs[4:], targets[4:]), 1, correct, draw=draw)

    return build


@pytest.mark.parametrize(
    ("spec", "build", "said"),
    [
        (Coins, coins(draw=None), "no new samples, but by its spec"),
        (Coins, coins(draw=lambda inputs, targets, _: inputs.fill_(1)), "does not ask its generator"),
        (Coins, coins(draw=lambda inputs, targets, _: inputs.uniform_()), "draws other samples"),
        (Coins, coins(draw=lambda inputs, targets, _: None), "leaves inputs as they are"),
        (Coins, coins(correct=lambda f, y: (f - y).abs() < 0.1), r"correct gives \[4, 1\]"),
        (Coins, coins(correct=lambda f, y: f.squeeze(-1)), "not torch.bool"),
        (Coins, coins(correct=lambda f, y: True), "bool, not Tensor"),
        (Coins, coins(dtype=torch.float64), "torch.float64, asked for in torch.float32"),
        (Coins, coins(noise=0.1), "the same seed gives other data"),
        (Coins, coins(noise=torch.nan), "NaN or infinite"),
        (Heaps, coins(), "not whole numbers from"),
    ],
)
def test_tasks(spec, build, said):
    check_task(Entry(Coins, coins()))
    with pytest.raises(REFUSED, match=said):
        check_task(Entry(spec, build))


class Shift(Modifier):
    """Moves the update."""

    name: Literal["shift"] = "shift"
    shift: float = knob(0.0, live=True, ge=0, help="how much")


@dataclass(frozen=True)
class Shifting(Acting):
    slots = ("shift_sum",)

    def initial(self, theta):
        return {"shift_sum": torch.zeros_like(theta)}

    def coefficients(self, spec, lr, step):
        return {"by": lr.new_tensor(spec.shift)}

    def gradient(self, theta, grad, state, c, sizes):
        slow = state["shift_sum"] * 0.5 + grad
        return slow, {"shift_sum": slow}

    def update(self, theta, theta_0, noise, c):
        return theta + c["by"]


class Mixing(Shifting):
    def update(self, theta, theta_0, noise, c):
        return theta + theta.mean(0)


class Branching(Shifting):
    def update(self, theta, theta_0, noise, c):
        return theta + c["by"] if theta[0, 0] > 0 else theta


class Widening(Shifting):
    def gradient(self, theta, grad, state, c, sizes):
        return grad.double(), dict(state)


class Unslotted(Shifting):
    slots = ()


class Alone(Shifting):
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def acting(kind):
    return lambda spec: kind() if spec.shift else None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (ModifierEntry(Shift, acting(Mixing), at={"update": 25}), "not what it is alone"),
        (
            ModifierEntry(Shift, acting(Branching), at={"update": 25}),
            "cannot be traced|branches on values|alone",
        ),
        (ModifierEntry(Shift, acting(Widening), at={"update": 25}), "becomes torch.float64"),
        (ModifierEntry(Shift, acting(Unslotted), at={"update": 25}), r"slots are \[\]"),
        (ModifierEntry(Shift, acting(Alone), at={"update": 25}), "it is another"),
        (ModifierEntry(Shift, lambda spec: Shifting(), at={"update": 25}), "without being asked"),
        (ModifierEntry(Shift, acting(Shifting), at={"rule": 25}), "acts at rule"),
        (Entry(Shift, acting(Shifting)), "no ModifierEntry"),
    ],
)
def test_modifiers(entry, said):
    check_modifier(ModifierEntry(Shift, acting(Shifting), at={"gradient": 25, "update": 25}), shift=0.1)
    with pytest.raises(REFUSED, match=said):
        check_modifier(entry, shift=0.1)


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        (lambda probe: probe.theta.mean(-1).tolist(), "list, not Tensor"),
        (lambda probe: probe.theta.mean(-1) + 0j, "complex"),
        (lambda probe: probe.theta.mean(-1) - probe.theta.mean(), "not what it is alone"),
        (lambda probe: torch.rand(len(probe.theta)), "not what it is alone"),
        (lambda probe: probe.theta[:, :3], r"not \[replicas\]"),
    ],
)
def test_measures(measure, said):
    check_measure(Measure(implementation=lambda probe: probe.theta.mean(-1), called="mean", says="the mean"))
    check_measure(
        Measure(implementation=lambda probe: (probe.theta > 0).sum(-1), called="more", says="how many")
    )
    with pytest.raises(REFUSED, match=said):
        check_measure(Measure(implementation=measure, called="wrong", says="wrong"))


class Nudge(PerReplica):
    """Adds to all weights."""

    action: Literal["nudge"]
    by: float = knob(0.01, help="what is added")


class Silent(Nudge):
    """Says nothing of itself."""

    def told(self):
        return None


class Unsettled(Nudge):
    """Makes no settings."""

    def after(self, settings):
        return settings.optimizer


def nudge(arm, done, after):
    chosen = slice(None) if done.replica is None else done.replica
    arm.theta[chosen] += done.by


def everywhere(arm, done, after):
    arm.theta.add_(done.by)


def anew(arm, done, after):
    arm.theta.data = arm.theta + done.by


def by_chance(arm, done, after):
    arm.theta.add_(torch.randn_like(arm.theta))


def too_far(arm, done, after):
    arm.theta.fill_(torch.inf)


def back(arm, done, after):
    arm.step = 0


@pytest.mark.parametrize(
    ("spec", "done", "said"),
    [
        (Nudge, everywhere, "it changes replica 1"),
        (Nudge, anew, "written to in place alone"),
        (Nudge, by_chance, "it comes out otherwise"),
        (Nudge, too_far, "not finite"),
        (Nudge, back, "spec, step or seeds"),
        (Silent, nudge, "told gives None"),
        (Unsettled, nudge, "not Settings"),
    ],
)
def test_interventions(spec, done, said):
    check_intervention(Entry(Nudge, nudge, key="action"))
    with pytest.raises(REFUSED, match=said):
        check_intervention(Entry(spec, done, key="action"))


def test_an_intervention_on_all_replicas_alone():
    class Push(Intervention):
        """Adds to all weights."""

        action: Literal["push"]
        by: float = knob(0.01, help="what is added")

    check_intervention(Entry(Push, everywhere, key="action"), by=0.5)
