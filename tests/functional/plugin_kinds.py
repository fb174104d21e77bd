"""A plugin of each kind that keeps its contract, as the text of a file, and ways to break it."""

import os
import re
from dataclasses import dataclass

from grok_tui.catalog.registries import REGISTRIES, VARIABLE

HEAD = """
from dataclasses import dataclass
from typing import Literal
import torch
from torch import nn
from pydantic import model_validator
from grok_tui.catalog.base import knob
from grok_tui.catalog.entry import Entry
from grok_tui.catalog.interventions import Intervention
from grok_tui.catalog.losses import NUMBERS, Loss
from grok_tui.catalog.measure import Measure
from grok_tui.catalog.models import ModelSpec
from grok_tui.catalog.modifiers import Modifier, ModifierEntry
from grok_tui.catalog.optimizers import Optimizer
from grok_tui.catalog.tasks import Shape, TaskSpec
from grok_tui.lab.models import Role
from grok_tui.lab.models.layers import Network
from grok_tui.lab.modifiers import Acting
from grok_tui.lab.optimizers import Rule
from grok_tui.lab.tasks import Samples, Task
"""

TASK = '''
class Spec(TaskSpec):
    """Coins that are alike."""
    models = ("linear",)
    name: Literal["coins"]
    sides: int = knob(3, ge=1, help="how many sides a coin has")

    @property
    def targets(self):
        return "numbers"

    @property
    def shape(self):
        return Shape(4, self.sides, 1, validation=4)

def right(outputs, targets):
    return (outputs - targets).squeeze(-1).abs() < 0.1

def build(spec, seed, dtype):
    inputs = torch.arange(8 * spec.sides, dtype=dtype).reshape(8, spec.sides) / 24
    targets = torch.ones(8, 1, dtype=dtype)
    train, validation = Samples(inputs[:4], targets[:4]), Samples(inputs[4:], targets[4:])
    return Task(train, validation, 1, right)

ENTRY = Entry(Spec, build)
'''

MODEL = '''
class Spec(ModelSpec):
    """Two layers, one after the other."""
    tasks = ("binary_operation",)
    name: Literal["tower"]
    hidden: int = knob(2, ge=1, help="units between the layers")

    def parameter_count(self, shape):
        return self.hidden * (shape.inputs + shape.outputs)

    def multiplications(self, shape):
        return self.parameter_count(shape)

    def activations(self, shape):
        return self.hidden + shape.outputs

class Tower(Network):
    def __init__(self, spec, shape):
        super().__init__()
        self.first = nn.Linear(shape.inputs, spec.hidden, bias=False)
        self.second = nn.Linear(spec.hidden, shape.outputs, bias=False)

    def layers(self):
        return [[(self.first, Role.INPUT)], [(self.second, Role.READOUT)]]

    def forward(self, inputs, keep=None):
        return self.second(self.first(inputs))

ENTRY = Entry(Spec, Tower)
'''

LOSS = '''
class Spec(Loss):
    """The absolute error."""
    targets = NUMBERS
    name: Literal["absolute"]
    scale: float = knob(1.0, ge=0, help="what it is multiplied by")

def absolute(outputs, targets, scale):
    return scale * (outputs - targets).abs().mean(-1)

ENTRY = Entry(Spec, absolute)
'''

OPTIMIZER = '''
class Spec(Optimizer):
    """Steps by the sign of an average."""
    name: Literal["tiger"]
    lr: float = knob(0.01, live=True, ge=0, help="learning rate")
    weight_decay: float = knob(0.0, live=True, ge=0, help="none")

class TigerRule(Rule):
    slots = ("mean",)

    def coefficients(self, hyper, step):
        return {"step": -hyper["lr"]}

    def update(self, theta, grad, state, c):
        mean = torch.lerp(state["mean"], grad, 0.1)
        return theta + c["step"] * mean.sign(), {"mean": mean}

ENTRY = Entry(Spec, TigerRule)
'''

MODIFIER = '''
class Spec(Modifier):
    """Adds noise to the update."""
    name: Literal["shift"] = "shift"
    shift: float = knob(0.0, live=True, ge=0, help="how much")

@dataclass(frozen=True)
class Shifting(Acting):
    slots = ("shift_sum",)
    draws = True

    def initial(self, theta):
        return {"shift_sum": torch.zeros_like(theta)}

    def coefficients(self, spec, lr, step):
        return {"by": lr.new_tensor(spec.shift)}

    def gradient(self, theta, grad, state, c, sizes):
        slow = state["shift_sum"] * 0.5 + grad
        return slow, {"shift_sum": slow}

    def update(self, theta, theta_0, noise, c):
        return theta + c["by"] * noise

def made(spec):
    return Shifting() if spec.shift else None

ENTRY = ModifierEntry(Spec, made, at={"gradient": 25, "update": 25})
'''

MEASURE = """
def spread(probe):
    return probe.theta.amax(-1) - probe.theta.amin(-1)

ENTRY = Measure(implementation=spread, called="spread", says="largest less smallest weight")
"""

INTERVENTION = '''
class Spec(Intervention):
    """Adds to all weights."""
    action: Literal["nudge"]
    by: float = knob(0.01, help="what is added")

def nudge(arm, intervention, after):
    arm.theta.add_(intervention.by)

ENTRY = Entry(Spec, nudge, key="action")
'''

PRESET = """
title = "A small linear101"
summary = "SGD on ten samples."
sources = ["a test"]
measures = [{measures}]

[task]
{task}

[model]
name = "{model}"

[training]
steps = {steps}
loss = "{loss}"

[modifiers]
{modifiers}

[[arms]]
name = "first"
optimizer = {{ name = "{optimizer}" }}

{more}
"""

USUAL = {
    "task": 'name = "linear101"\nsamples = 10',
    "model": "linear",
    "loss": "mse",
    "optimizer": "adamw",
    "measures": "",
    "modifiers": "",
    "more": "",
    "steps": 300,
}


@dataclass(frozen=True)
class Kind:
    """A kind of plugin.

    Attributes:
        kind: as the program calls it.
        name: of the one that stands in `code`.
        code: of a file that keeps the contract, without `HEAD`.
        used: what a preset has to say for it to be used.
    """

    kind: str
    name: str
    code: str
    used: dict[str, str]

    @property
    def text(self) -> str:
        return HEAD + self.code

    def preset(self, **changes: object) -> str:
        return PRESET.format(**USUAL | self.used | changes)


KINDS = {
    kind.kind: kind
    for kind in (
        Kind("task", "coins", TASK, {"task": 'name = "coins"'}),
        Kind("model", "tower", MODEL, {"model": "tower", "task": 'name = "binary_operation"\np = 5'}),
        Kind("loss", "absolute", LOSS, {"loss": "absolute"}),
        Kind("optimizer", "tiger", OPTIMIZER, {"optimizer": "tiger"}),
        Kind("modifier", "shift", MODIFIER, {"modifiers": "shift = 0.01"}),
        Kind("measure", "spread", MEASURE, {"measures": '"spread"'}),
        Kind(
            "intervention",
            "nudge",
            INTERVENTION,
            {"more": '[[interventions]]\narm = "first"\nat_step = 5\naction = "nudge"'},
        ),
    )
}

EXCEPTIONS = """
class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")
    __repr__ = __str__

class Outside(BaseException):
    def __str__(self):
        raise SystemExit(5)

calls = 0

def late():
    global calls
    calls += 1
    return calls > 6
"""
RAISED = {
    "an error": ('raise RuntimeError("the moon")', "RuntimeError: the moon"),
    "several lines": (
        'raise TypeError("one\\ntwo\\x1b[31m three\\r\\n")',
        r"TypeError: one two\x1b[31m three",
    ),
    "an endless one": ('raise KeyError("x" * 10_000)', "KeyError: 'xxx"),
    "one without words": ("raise Mute()", "Mute"),
    "an exit": ("raise SystemExit(0)", "SystemExit: 0"),
    "what is no Exception": ("raise Outside()", "Outside"),
}
PLACES = {
    "task": ("def build(spec, seed, dtype):", "def right(outputs, targets):"),
    "model": ("super().__init__()", "def layers(self):", "def forward(self, inputs, keep=None):"),
    "loss": ("def absolute(outputs, targets, scale):",),
    "optimizer": ("def coefficients(self, hyper, step):", "def update(self, theta, grad, state, c):"),
    "modifier": (
        "def made(spec):",
        "def initial(self, theta):",
        "def coefficients(self, spec, lr, step):",
        "def gradient(self, theta, grad, state, c, sizes):",
        "def update(self, theta, theta_0, noise, c):",
    ),
    "measure": ("def spread(probe):",),
    "intervention": ("def nudge(arm, intervention, after):",),
}
DECLARED = {
    "task": ("def targets(self):", "def shape(self):"),
    "model": tuple(
        f"def {name}(self, shape):" for name in ("parameter_count", "multiplications", "activations")
    ),
    "loss": (),
    "optimizer": (),
    "modifier": (),
    "intervention": ("def told(self):", "def named(self):", "def when(self):"),
}
EACH_PLACE = [(kind, place) for kind, places in PLACES.items() for place in places]
EACH_DECLARED = [(kind, place) for kind, places in DECLARED.items() for place in places]


def forget() -> None:
    """Be as a process that has just been started."""
    os.environ.pop(VARIABLE, None)
    for registry in REGISTRIES.values():
        for table in (registry._added, registry._imported, registry._broken):
            table.clear()


def last_line(called) -> str:
    """Return the last line on stderr, once sure that there is nothing but narration before it."""
    assert "Traceback" not in called.err
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", called.out + called.err)
    lines = called.err.splitlines()
    assert [line for line in lines if line.startswith("grok-tui: ")] == lines[-1:]
    return lines[-1]


def after(kind: str, place: str, statement: str) -> str:
    """Return a line of a plugin's code, with a statement in the line after it."""
    line = next((line for line in KINDS[kind].code.splitlines() if line.endswith(place)), f"    {place}")
    indent = " " * (len(line) - len(line.lstrip()) + 4 * place.startswith("def"))
    return f"{place}\n{indent}{statement}"


def in_spec(kind: str, place: str, statement: str) -> tuple[str, str]:
    """Return what to replace in a plugin's code, and by what, so that its spec does something there."""
    if kind != "intervention":
        return place, after(kind, place, statement)
    return "    by: float", f"    {after(kind, place, statement)}\n\n    by: float"
