"""Contract tests for those who write plugins: what grok-tui takes for granted of an entry.

Each function takes an `Entry`, builds the thing on small data and raises ContractError or AssertionError
with one line that says what is not as it must be. They need torch and no test framework:

    from grok_tui.testing import check_optimizer
    from my_lab import LION


    def test_lion():
        check_optimizer(LION)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from grok_tui.catalog.entry import Entry
from grok_tui.catalog.intervention import Intervention
from grok_tui.catalog.interventions import INTERVENTIONS
from grok_tui.catalog.losses import LOSSES
from grok_tui.catalog.measure import Measure
from grok_tui.catalog.measures import MEASURES
from grok_tui.catalog.models import MODELS, ModelSpec, check_size
from grok_tui.catalog.modifiers import MODIFIERS, Modifier, ModifierEntry
from grok_tui.catalog.optimizers import OPTIMIZERS, Optimizer
from grok_tui.catalog.tasks import TASKS, Shape, TaskSpec
from grok_tui.engine.arm.interventions import still_whole
from grok_tui.lab.losses import check_loss as loss_contract
from grok_tui.lab.losses import sample_loss, samples_for
from grok_tui.lab.measures import Probe, measured
from grok_tui.lab.models import FlatNetwork, Layout, Role, initial_theta
from grok_tui.lab.models.contract import check_network as network_contract
from grok_tui.lab.modifiers import Acting
from grok_tui.lab.modifiers.contract import check_acting, numbers
from grok_tui.lab.modifiers.contract import is_acting as acting_contract
from grok_tui.lab.optimizers import Rule, hyperparameters
from grok_tui.lab.optimizers.contract import check_rule as rule_contract
from grok_tui.lab.optimizers.contract import is_rule
from grok_tui.lab.tasks import Samples, Task
from grok_tui.lab.tasks.contract import check_task as task_contract
from grok_tui.presets import Preset, Settings

LAYOUT = Layout.of(
    [("hidden", (4, 3), Role.INPUT, 0), ("bias", (4,), Role.BIAS, 0), ("readout", (2, 4), Role.READOUT, 1)]
)
P = LAYOUT.size
STEPS = 30

TASK = {"name": "linear101", "samples": 8}
MODEL = {"name": "linear", "init": "uniform"}
TRAINING = {"steps": 100, "loss": "mse", "withheld": 0.25}
ARM = {
    "title": "An arm",
    "summary": "An arm to which something is done.",
    "sources": ["none"],
    "task": TASK,
    "model": MODEL,
    "training": {**TRAINING, "replicas": 2},
    "arms": [
        {"name": "arm", "task": TASK, "model": MODEL, "training": TRAINING, "optimizer": {"name": "adamw"}}
    ],
}

Reference = Callable[[Tensor, Callable[[Tensor], Tensor], int], Tensor]
"""Takes theta [P], its gradient as a function of theta and a number of steps; returns theta after them."""


def check_optimizer(entry: Entry[Any], reference: Reference | None = None, **hyper: Any) -> None:
    """Check an update rule: dtypes, replicas that do not mix, an update that can be traced, its path.

    Args:
        entry: the optimizer's.
        reference: an independent loop that ends at the same theta to 1e-9, as one from the paper's algorithm.
        hyper: hyperparameters other than the usual ones.
    """
    declared = OPTIMIZERS.vet(entry, **hyper)
    for dtype in (torch.float32, torch.float64):
        rule_contract(_rule(entry), declared, _numbers(2, P).to(dtype))
    both = _numbers(2, P)
    together, _ = _steps(entry, declared, both, STEPS)
    for replica in range(2):
        alone, _ = _steps(entry, declared, both[replica : replica + 1], STEPS)
        _close(together[replica], alone[0], f"replica {replica} of 2 is not what it is alone", 1e-9)
    _check_traced(entry, declared)
    if reference is not None:
        expected = reference(both[0], lambda theta: _gradient(theta[None])[0], STEPS)
        _close(together[0], expected, f"theta after {STEPS} steps is not that of the reference", 1e-9)


def _check_traced(entry: Entry[Any], declared: Optimizer) -> None:
    """One trace must serve all values: a branch on numbers would be cast in stone."""
    theta, grad = _numbers(1, P), _gradient(_numbers(1, P))
    rule = _rule(entry)
    hyper = hyperparameters(declared, 1)
    state = rule.initial(theta, hyper)
    first, later = (_coefficients(rule, hyper, step) for step in (1, 50))
    try:
        traced = make_fx(lambda *given: rule.update(*given))(theta, grad, state, first)
    except Exception as error:
        raise AssertionError(f"update cannot be traced: {type(error).__name__}: {error}") from error
    expected, _ = rule.update(theta, -grad, state, later)
    found, _ = traced(theta, -grad, state, later)
    _close(
        found, expected, "update traced at one step is not itself at another: it branches on values", 1e-12
    )


def check_loss(entry: Entry[Any], **parameters: Any) -> None:
    """Check a loss: one finite value a sample, a gradient where an answer is wrong, replicas in front."""
    declared = LOSSES.vet(entry, **parameters)
    loss = partial(entry.load(), **declared.model_dump(exclude={"name"}))
    loss_contract(loss, type(declared).targets)
    targets, outputs = samples_for(type(declared).targets)
    for dtype in (torch.float32, torch.float64):
        given = outputs.to(dtype).requires_grad_()
        wanted = targets.to(dtype) if targets.is_floating_point() else targets
        values = loss(given, wanted)
        (slopes,) = torch.autograd.grad(values.sum(), given)
        assert slopes.isfinite().all(), "the gradient is not finite"
        assert slopes[-1].any(), "a sample that is wrong has no gradient"
        stacked = loss(torch.stack([given, given * 2]), wanted)
        _close(stacked[0], values, "with replicas in front the losses are others", 1e-6)
        alone = torch.cat([loss(given[i : i + 1], wanted[i : i + 1]) for i in range(len(given))])
        _close(alone, values, "the loss of a sample depends on others", 1e-6)


def check_modifier(entry: ModifierEntry, **values: Any) -> None:
    """Check a modifier: off by default, shapes, dtypes, replicas that do not mix, hooks that can be traced.

    Args:
        entry: the modifier's.
        values: with which it acts.
    """
    off = MODIFIERS.vet(entry)
    assert entry.load()(off) is None, "it acts without being asked to: with its defaults it is None"
    declared = MODIFIERS.vet(entry, **values)
    acting = entry.load()(declared)
    acting_contract(acting)
    if acting is None:
        return
    assert acting == entry.load()(declared), (
        "of the same values it is another, so every chunk would be traced"
    )
    for dtype in (torch.float32, torch.float64):
        check_acting(acting, declared, _numbers(2, P).to(dtype), LAYOUT.sizes)
    both = _numbers(2, P)
    together = _modified(acting, declared, both)(both, both * 2)
    for replica in range(2):
        own = both[replica : replica + 1]
        alone = _modified(acting, declared, own)(own, own * 2)
        for one, other in zip(together, alone, strict=True):
            _close(one[replica], other[0], f"replica {replica} of 2 is not what it is alone", 1e-9)
    try:
        traced = make_fx(_modified(acting, declared, both))(both, both * 2)
    except Exception as error:
        raise AssertionError(f"it cannot be traced: {type(error).__name__}: {error}") from error
    expected = _modified(acting, declared, both)(-both, both)
    for one, other in zip(traced(-both, both), expected, strict=True):
        _close(one, other, "traced at one theta it is not itself at another: it branches on values", 1e-12)


def _modified(
    acting: Acting, declared: Modifier, theta: Tensor
) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]:
    """Return what a modifier makes of weights and gradient, each hook by itself, from fresh state."""
    c, state = numbers(acting, declared, theta), acting.initial(theta)
    noise = torch.ones_like(theta) if acting.draws else None

    def hooks(at: Tensor, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        after, _ = acting.gradient(at, grad, state, c, LAYOUT.sizes)
        return acting.weights(at, noise, c), after, acting.update(at, grad, noise, c)

    return hooks


def check_task(entry: Entry[Any], **parameters: Any) -> None:
    """Check a task's data: what its spec says of its shape, a split without overlap, seeds that decide it."""
    declared = TASKS.vet(entry, **parameters)
    build = entry.load()
    task: Task = build(declared, 0, torch.float32)
    task_contract(task, declared, torch.float32)
    task_contract(build(declared, 0, torch.float64), declared, torch.float64)
    seen = {row.numpy().tobytes() for row in task.train.inputs}
    both = sum(row.numpy().tobytes() in seen for row in task.validation.inputs)
    assert not both, f"{both} validation samples are trained on as well"
    _same(_told(task.train), _told(build(declared, 0, torch.float32).train), "the same seed gives other data")
    other = _told(build(declared, 1, torch.float32).train) != _told(task.train)
    _same(other, declared.seeded, f"seeded is {declared.seeded}, but data of seed 1 say otherwise")
    if task.draw is not None:
        first, again = (_drawn(task, declared, number) for number in (0, 0))
        _same(_told(first), _told(again), "a generator that stands alike draws other samples")
        assert not first.inputs.isnan().any(), "draw leaves inputs as they are"
        assert _told(_drawn(task, declared, 1)) != _told(first), "draw does not ask its generator"


def _drawn(task: Task, declared: TaskSpec, seed: int) -> Samples:
    assert task.draw is not None
    inputs = torch.full((8, declared.shape.inputs), torch.nan)
    targets = torch.zeros(8, *task.train.targets.shape[1:], dtype=task.train.targets.dtype)
    task.draw(inputs, targets, torch.Generator().manual_seed(seed))
    return Samples(inputs, targets)


def check_model(entry: Entry[Any], shape: Shape | None = None, **parameters: Any) -> None:
    """Check a network: its size, its outputs, roles that exist, and a start that the seed decides."""
    declared = MODELS.vet(entry, **parameters)
    shape = shape or Shape(samples=6, inputs=8, outputs=3, symbols=4)
    built = []
    for _ in range(2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            built.append(entry.load()(declared, shape))
    check_size(declared, shape)
    network_contract(built[0], declared, shape)
    network = FlatNetwork(built[0])
    theta, again = (torch.cat([p.detach().flatten() for p in one.parameters()]) for one in built)
    assert torch.equal(theta, again), "the same seed gives another start: draw from torch's generator alone"
    inputs = torch.eye(shape.inputs)[: shape.samples]
    outputs = network.apply(network.parameters(theta), inputs)
    stacked = torch.stack([theta, theta * 2])
    mapped = torch.vmap(lambda one: network.apply(network.parameters(one), inputs))(stacked)
    _close(mapped[0], outputs, "under vmap the outputs are others", 1e-5)
    alone = torch.cat([network.apply(network.parameters(theta), one[None]) for one in inputs])
    _close(alone, outputs, "the outputs of a sample depend on the others", 1e-5)


def check_measure(entry: Measure, **settings: Any) -> None:
    """Check a measure on the first shipped task that it applies to: shape, and replicas that do not mix."""
    declared = MEASURES.vet(entry, **settings)
    place = next((place for place in _places() if entry.applies(*place)), None)
    assert place is not None, "it applies to no task that ships; measure an arm on your own"
    task_spec, model = place
    task = TASKS.implementation(task_spec.name)(task_spec, 0, torch.float64)
    network, theta = initial_theta(model, task_spec.shape, [0, 1], torch.float64)
    loss = sample_loss(LOSSES.spec("mse" if task_spec.targets != "signs" else "hinge"), torch.float64)

    def probed(chosen: Tensor, start: Tensor) -> Probe:
        return Probe(chosen, start, network, task, task.train, task.validation, loss, shared=True)

    def taken(chosen: Tensor) -> Tensor:
        probe = probed(chosen, chosen / 2)
        if entry.looks_back:
            probe = replace(probe, end=probed(chosen * 2, chosen / 2))
        return measured(entry.load()(probe, **declared.settings), entry.axes, chosen)

    theta = theta + 0.1 * torch.randn(theta.shape, generator=torch.Generator().manual_seed(0)).double()
    both = taken(theta)
    alone = torch.cat([taken(theta[:1]), taken(theta[1:])])
    assert torch.equal(both.isnan(), alone.isnan()), "a replica beside another is NaN where alone it is not"
    _close(both.nan_to_num(), alone.nan_to_num(), "a replica beside another is not what it is alone", 1e-6)


def check_intervention(entry: Entry[Any], **parameters: Any) -> None:
    """Check an intervention: settings after it, theta in place, the same again, and one replica alone.

    It is done to an arm of linear101 with two replicas, trained by AdamW for five steps.
    """
    declared = INTERVENTIONS.vet(entry, arm="arm", at_step=5, **parameters)
    theta = _intervened(entry, declared)
    again = _intervened(entry, declared)
    assert torch.equal(theta, again), "done again it comes out otherwise: draw from `grok_tui.lab.streams`"
    if declared.per_replica:
        one = _intervened(entry, declared.model_copy(update={"replica": 0}), steps=0)
        before = _intervened(entry, None, steps=0)
        assert torch.equal(one[1], before[1]), "done to replica 0 it changes replica 1"


def _intervened(entry: Entry[Any], declared: Intervention | None, steps: int = 5) -> Tensor:
    """Return theta of an arm to which it was done, some steps later."""
    from grok_tui.engine.run.run import Run

    run = Run(Preset.model_validate(ARM))
    arm = run.arms["arm"]
    run.advance_together(5)
    if declared is not None:
        declared.check_task(arm.spec.task)
        after = declared.after(arm.settings)
        assert isinstance(after, Settings), f"after gives {type(after).__name__}, not Settings"
        whole = still_whole(arm)
        entry.load()(arm, declared, after)
        whole()
        assert arm.theta.isfinite().all(), "it leaves weights that are not finite"
    run.advance_together(steps)
    return arm.theta.clone()


def _places() -> Iterator[tuple[TaskSpec, ModelSpec]]:
    """Yield a small one of every task that ships, with a model for it."""
    yield TASKS.spec("linear101", samples=4), MODELS.spec("linear", init="uniform")
    yield TASKS.spec("binary_operation", p=5), MODELS.spec("mlp", hidden=8)
    yield TASKS.spec("sparse_parity", n=6, k=2, samples=20, validation=20), MODELS.spec("mlp", hidden=8)


def _rule(entry: Entry[Any]) -> Rule:
    rule = entry.load()(LAYOUT)
    is_rule(rule)
    assert isinstance(rule, Rule)
    return rule


def _coefficients(rule: Rule, hyper: Mapping[str, Tensor], step: int) -> dict[str, Tensor]:
    counted = torch.full((1, 1, 1), float(step), dtype=torch.float64)
    found = rule.coefficients(hyper, counted)
    replicas = len(hyper["lr"])
    return {name: value.expand(1, replicas, 1)[0] for name, value in found.items()}


def _steps(
    entry: Entry[Any], declared: Optimizer, theta: Tensor, steps: int
) -> tuple[Tensor, Mapping[str, Tensor]]:
    rule = _rule(entry)
    hyper = hyperparameters(declared, len(theta))
    state: Mapping[str, Tensor] = rule.initial(theta, hyper)
    for step in range(1, steps + 1):
        c = {name: value.to(theta.dtype) for name, value in _coefficients(rule, hyper, step).items()}
        theta, state = rule.update(theta, _gradient(theta), state, c)
    return theta, state


def _gradient(theta: Tensor) -> Tensor:
    """Return that of a quadratic whose curvatures span three decades."""
    return torch.logspace(-2, 1, theta.shape[-1], dtype=theta.dtype) * (theta - 1)


def _numbers(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def _told(samples: Samples) -> bytes:
    return bytes(samples.inputs.numpy().tobytes() + samples.targets.numpy().tobytes())


def _same(found: object, expected: object, otherwise: str) -> None:
    assert found == expected, otherwise


def _close(found: Tensor, expected: Tensor, otherwise: str, tolerance: float) -> None:
    difference = (found - expected).abs().max().item()
    size = expected.abs().max().item()
    assert difference <= tolerance * max(size, 1.0), f"{otherwise}: by {difference:.3g} of {size:.3g}"
