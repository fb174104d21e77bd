import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from grok_tui.catalog.base import Spec, parameters
from grok_tui.catalog.optimizers import OPTIMIZERS, OptimizerSpec
from grok_tui.lab.models import Layout, Role
from grok_tui.lab.optimizers import Rule, build_rule, hyperparameters

TORCH = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
}
DTYPES = {torch.float64: 1e-12, torch.float32: 1e-5}
# Rules without a matrix in them, whose replicas are computed alike to the last bit.
ELEMENTWISE = [name for name in OPTIMIZERS.shipped if name != "muon"]
STEPS = 200
P = 6


def layout(size: int = P) -> Layout:
    """Return a matrix [2, 2] or [1, 1], and a vector with all other numbers."""
    side = 2 if size >= 4 else 1
    return Layout.of([("matrix", (side, side), Role.HIDDEN, 0), ("vector", (size - side**2,), Role.BIAS, 0)])


Gradient = Callable[[Tensor, int], Tensor]


def spec(name: str, **hyper: Any) -> Spec:
    return OPTIMIZERS.spec(name, **hyper)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


INPUTS = normal(12, P)
LABELS = torch.where(normal(12, seed=1) > 0, 1.0, -1.0).double()
CURVATURE = torch.logspace(-4, 0, P, dtype=torch.float64)


def least_squares(theta: Tensor, step: int) -> Tensor:
    """Minibatches of 4 samples in turn, whose targets no theta meets all."""
    rows = slice(4 * (step % 3), 4 * (step % 3) + 4)
    inputs, labels = INPUTS[rows].to(theta), LABELS[rows].to(theta)
    return (theta @ inputs.T - labels) @ inputs / 4


def quadratic(theta: Tensor, step: int) -> Tensor:
    """Condition number 1e4, minimum at 1."""
    return CURVATURE.to(theta) * (theta - 1)


def logistic(theta: Tensor, step: int) -> Tensor:
    inputs, labels = INPUTS.to(theta), LABELS.to(theta)
    return -(labels * torch.sigmoid(-labels * (theta @ inputs.T))) @ inputs / 12


def hinge(theta: Tensor, step: int) -> Tensor:
    """Exactly zero once four samples are learnt with a margin of 1, and always for the last weight."""
    inputs, labels = INPUTS[:4].to(theta), LABELS[:4].to(theta)
    grad = -(labels * (labels * (theta @ inputs.T) < 1)) @ inputs / 4
    return grad * (torch.arange(P) < P - 1)


class Ours:
    """A rule at work on theta [R, P], driven as an arm drives it."""

    def __init__(self, name: str, theta: Tensor, hyper: Mapping[str, Tensor]) -> None:
        self.rule, self.theta = build_rule(name, layout(theta.shape[1])), theta
        self.hyper = dict(hyper)
        self.state = self.rule.initial(theta, hyper)
        self.steps_done = 0

    def advance(self, gradient: Gradient, steps: int, path: Sequence[Tensor] | None = None) -> list[Tensor]:
        """Return theta after each step; step i starts from path[i] [R, P] if that is given."""
        step = torch.arange(1, steps + 1, dtype=torch.float64)[:, None, None] + self.steps_done
        chunk = {
            key: value.expand(steps, len(self.theta), 1).to(self.theta.dtype)
            for key, value in self.rule.coefficients(self.hyper, step).items()
        }
        thetas = []
        for i in range(steps):
            theta = self.theta if path is None else path[i]
            c = {key: value[i] for key, value in chunk.items()}
            grad = gradient(theta, self.steps_done)
            self.theta, self.state = self.rule.update(theta, grad, self.state, c)
            self.steps_done += 1
            thetas.append(self.theta)
        return thetas


class Theirs:
    """The optimizer of the same name in `torch.optim`, on theta [P]."""

    def __init__(self, declared: Spec, theta: Tensor) -> None:
        self.theta = torch.nn.Parameter(theta.clone())
        hyper = declared.model_dump(exclude={"name"})
        self.optimizer = TORCH[declared.name]([self.theta], foreach=False, **hyper)
        self.steps_done = 0
        self.grads: list[Tensor] = []

    def advance(self, gradient: Gradient, steps: int) -> list[Tensor]:
        thetas = []
        for _ in range(steps):
            self.theta.grad = gradient(self.theta.detach(), self.steps_done)
            self.grads.append(self.theta.grad.clone())
            self.optimizer.step()
            self.steps_done += 1
            thetas.append(self.theta.detach().clone())
        return thetas


def largest_difference(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """Return the largest of |ours - theirs| / |theirs| over the steps before theirs diverges, if it does."""
    a, b = torch.cat(ours).double(), torch.stack(theirs).double()
    size = b.norm(dim=1)
    steps = int((size < 1e6).long().cumprod(0).sum())
    relative = (a - b).norm(dim=1)[:steps] / size[:steps]
    assert not relative.isnan().any()
    return relative.max().item()


def difference(declared: Spec, gradient: Gradient, dtype: torch.dtype, *, closed: bool) -> float:
    """Return how far our rule strays from torch's in 200 steps.

    Closed, each goes its own way. Otherwise ours keeps its own state but starts every step from torch's
    theta: at the extremes (eps = 0, betas = 0) a step may hang on the sign of a rounding error.
    """
    theta = normal(P, seed=2).to(dtype)
    expected = Theirs(declared, theta).advance(gradient, STEPS)
    path = None if closed else [t[None] for t in [theta, *expected]]
    found = Ours(declared.name, theta[None], hyperparameters(declared, 1)).advance(gradient, STEPS, path)
    return largest_difference(found, expected)


def decades(low: float, high: float, *corners: float) -> st.SearchStrategy[float]:
    """Draw from 10**low to 10**high, every decade alike, or one of the corners."""
    inside = st.floats(low, high).map(lambda exponent: 10.0**exponent)
    return st.one_of(inside, inside, st.sampled_from(corners)) if corners else inside


SHARE = st.sampled_from([0.0, 0.1, 0.9, 0.999]) | st.floats(0.1, 0.999)


def hypers(name: str, *, stable: bool) -> st.SearchStrategy[dict[str, Any]]:
    eps = decades(-8, -1) if stable else decades(-12, -1, 0.0)
    momentum = st.floats(0, 0.95) if stable else SHARE
    average = st.floats(0.9, 0.999) if stable else SHARE
    of_its_own: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "sgd": {
            "momentum": momentum | st.just(0.0),
            "dampening": st.floats(0, 1) | st.sampled_from([0.0, 1.0]),
            "nesterov": st.booleans(),
        },
        "adam": {"betas": st.tuples(momentum, average), "eps": eps},
        "adamw": {"betas": st.tuples(momentum, average), "eps": eps},
        "rmsprop": {
            "alpha": average,
            "eps": eps,
            "momentum": momentum | st.just(0.0),
            "centered": st.booleans(),
        },
        "adagrad": {
            "lr_decay": decades(-6, 0, 0.0),
            "initial_accumulator_value": decades(-6, 0, 0.0),
            "eps": eps,
        },
    }
    lr = decades(-6, -2 if stable else -1, 0.0)
    return st.fixed_dictionaries({"lr": lr, "weight_decay": decades(-6, 0, 0.0), **of_its_own[name]})


def problems(name: str, hyper: dict[str, Any], *, stable: bool) -> list[Gradient]:
    """Leave out where torch itself makes noise of rounding errors.

    With eps = 0 a gradient of zero is 0 / 0. The variance of a gradient that hardly changes, or over a window
    of one step, is a difference of equals. At a minimum that is reached, an adaptive step is a quotient of
    two vanishing numbers, whose sign decides where a closed loop goes on.
    """
    if hyper.get("centered"):
        return [least_squares] if hyper["alpha"] > 0 else []
    if hyper.get("eps") == 0:
        return [least_squares, quadratic, logistic]
    if stable and name not in ("sgd", "adagrad"):
        return [least_squares, hinge]
    return [least_squares, quadratic, logistic, hinge]


@st.composite
def cases(draw: st.DrawFn, name: str, *, stable: bool) -> tuple[Spec, Gradient]:
    hyper = draw(hypers(name, stable=stable))
    if hyper.get("nesterov"):
        hyper |= {"dampening": 0.0, "nesterov": hyper["momentum"] > 0}
    found = problems(name, hyper, stable=stable)
    assume(found)
    return spec(name, **hyper), draw(st.sampled_from(found))


PROPERTY = settings(max_examples=25, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", TORCH)
def test_two_hundred_steps_end_where_torch_ends(name: str, dtype: torch.dtype) -> None:
    @PROPERTY
    @given(cases(name, stable=True))
    def check(case: tuple[Spec, Gradient]) -> None:
        assert difference(*case, dtype, closed=True) <= DTYPES[dtype]

    check()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", TORCH)
def test_each_step_is_torchs_whatever_the_hyperparameters(name: str, dtype: torch.dtype) -> None:
    @PROPERTY
    @given(cases(name, stable=False))
    def check(case: tuple[Spec, Gradient]) -> None:
        assert difference(*case, dtype, closed=False) <= DTYPES[dtype]

    check()


@pytest.mark.parametrize("name", TORCH)
def test_the_defaults_are_torchs(name: str) -> None:
    defaults = TORCH[name]([torch.nn.Parameter(torch.zeros(1))]).defaults
    for parameter in parameters(OPTIMIZERS[name].spec):
        assert parameter.default == defaults[parameter.name], parameter.name


CHANGES = [
    ("sgd", {"lr": 0.01, "momentum": 0.9}, {"lr": 0.03}),
    ("sgd", {"lr": 0.01}, {"momentum": 0.9}),
    ("sgd", {"lr": 0.01, "momentum": 0.9}, {"momentum": 0.0}),
    ("sgd", {"lr": 0.01, "momentum": 0.9}, {"nesterov": True, "weight_decay": 0.1}),
    ("adam", {"lr": 1e-3}, {"lr": 1e-2}),
    ("adam", {"lr": 1e-3}, {"betas": (0.5, 0.9), "eps": 1e-4, "weight_decay": 0.1}),
    ("adamw", {"lr": 1e-3}, {"lr": 1e-2, "weight_decay": 1.0}),
    ("rmsprop", {"lr": 1e-3, "momentum": 0.5}, {"lr": 1e-2, "alpha": 0.9}),
    ("rmsprop", {"lr": 1e-3, "momentum": 0.9}, {"momentum": 0.0}),
    ("adagrad", {"lr": 1e-3}, {"lr": 1e-2, "lr_decay": 0.1}),
]


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.99), (0.0, 0.5), (0.95, 0.0)])
def test_lion_is_its_algorithm(beta1: float, beta2: float, decay: float) -> None:
    """Algorithm 2 of Chen et al. 2023, line by line."""
    theta, lr = normal(P, seed=5), 0.01
    declared = spec("lion", lr=lr, betas=(beta1, beta2), weight_decay=decay)
    path = Ours("lion", theta[None], hyperparameters(declared, 1)).advance(least_squares, 50)
    average = torch.zeros(P, dtype=torch.float64)
    for step, found in enumerate(path):
        grad = least_squares(theta, step)
        update = (beta1 * average + (1 - beta1) * grad).sign()
        theta = theta - lr * (update + decay * theta)
        average = beta2 * average + (1 - beta2) * grad
        torch.testing.assert_close(found[0], theta, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("name", "before", "after"), CHANGES)
def test_a_hyperparameter_changed_mid_run_acts_as_in_torchs_param_group(
    name: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    theta = normal(P, seed=3)
    ours = Ours(name, theta[None], hyperparameters(spec(name, **before), 1))
    theirs = Theirs(spec(name, **before), theta)
    assert largest_difference(ours.advance(least_squares, 50), theirs.advance(least_squares, 50)) < 1e-13
    ours.hyper = hyperparameters(spec(name, **{**before, **after}), 1)
    theirs.optimizer.param_groups[0].update(after)
    assert largest_difference(ours.advance(least_squares, 50), theirs.advance(least_squares, 50)) < 1e-13


@pytest.mark.parametrize("name", ["sgd", "rmsprop"])
def test_momentum_turned_off_and_on_starts_afresh(name: str) -> None:
    run = Ours(name, normal(1, P), hyperparameters(spec(name, momentum=0.9), 1))
    run.advance(least_squares, 5)
    assert run.state["momentum_buffer"].any()
    run.hyper["momentum"].zero_()
    run.advance(least_squares, 1)
    assert not run.state["momentum_buffer"].any()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_replicas_with_hyperparameters_of_their_own_are_runs_of_their_own(name: str) -> None:
    one, other = spec(name, lr=1e-3, weight_decay=0.0), spec(name, lr=1e-2, weight_decay=0.1)
    theta = normal(2, P)
    alone = [
        torch.stack(Ours(name, theta[r : r + 1], hyperparameters(s, 1)).advance(logistic, 50))
        for r, s in enumerate([one, other])
    ]
    hyper = {
        key: torch.cat([value, hyperparameters(other, 1)[key]], dim=-2)
        for key, value in hyperparameters(one, 1).items()
    }
    together = torch.stack(Ours(name, theta, hyper).advance(logistic, 50))
    # Weights are of order 1: where one is nearly 0, the rounding of its terms is all that is left of it.
    torch.testing.assert_close(together, torch.cat(alone, dim=1), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_traced_update_serves_other_hyperparameters_too(name: str) -> None:
    rule, theta, grad = build_rule(name, layout()), normal(2, P), normal(2, P, seed=1)
    step = torch.ones(1, 1, 1, dtype=torch.float64)

    def arguments(declared: Spec) -> tuple[Any, ...]:
        hyper = hyperparameters(declared, 2)
        c = {key: value.expand(1, 2, 1)[0] for key, value in rule.coefficients(hyper, step).items()}
        return theta, grad, rule.initial(theta, hyper), c

    traced = make_fx(lambda *given: rule.update(*given))(*arguments(spec(name, weight_decay=0.0)))
    assert not [node for node in traced.graph.nodes if str(node.target).split(".")[0].endswith("_")]
    other = arguments(spec(name, lr=0.5, weight_decay=0.3))
    expected, state = rule.update(*other)
    found, traced_state = traced(*other)
    assert torch.equal(found, expected)
    assert all(torch.equal(traced_state[slot], state[slot]) for slot in rule.slots)


def test_sign_descent_moves_by_lr_against_the_sign() -> None:
    """From 1 each weight walks by lr = 0.25 until it is at 0, and a zero gradient moves nothing."""
    theta = torch.tensor([[1.0, -1.0, 0.0]], dtype=torch.float64)
    run = Ours("sign", theta, hyperparameters(spec("sign", lr=0.25), 1))
    path = run.advance(lambda theta, step: 7 * theta, 6)
    expected = [[x, -x, 0.0] for x in (0.75, 0.5, 0.25, 0.0, 0.0, 0.0)]
    assert torch.cat(path).tolist() == expected


def test_signum_takes_the_sign_of_the_running_mean_and_decays_theta_apart() -> None:
    lr, momentum, weight_decay = 0.1, 0.75, 0.5
    grads = normal(20, P)
    declared = spec("sign", lr=lr, momentum=momentum, weight_decay=weight_decay)
    path = Ours("sign", torch.ones(1, P).double(), hyperparameters(declared, 1)).advance(
        lambda theta, step: grads[step][None], 20
    )
    expected = torch.ones(P).double()
    for t in range(20):
        weights = (1 - momentum) * momentum ** torch.arange(t, -1, -1).double()
        expected = expected * (1 - lr * weight_decay) - lr * (weights @ grads[: t + 1]).sign()
        torch.testing.assert_close(path[t][0], expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", TORCH)
def test_extreme_gradients_are_no_worse_than_in_torch(name: str, dtype: torch.dtype) -> None:
    """Infinite, tiny and zero gradients, with weight_decay = 0, and with eps = 0 where there is one."""
    grad = torch.tensor([torch.inf, -torch.inf, 1e-30, -1e-15, 0.0], dtype=dtype)
    hyper = {"eps": 0.0} if "eps" in OPTIMIZERS[name].spec.model_fields else {}
    declared = spec(name, weight_decay=0.0, **hyper)
    theta = torch.ones(5, dtype=dtype)
    expected = Theirs(declared, theta).advance(lambda *_: grad, 1)[0]
    found = Ours(name, theta[None], hyperparameters(declared, 1)).advance(lambda *_: grad[None], 1)[0]
    torch.testing.assert_close(found[0], expected, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("lr", [0.0, 1e-45])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_vanishing_lr_leaves_theta_alone(name: str, lr: float, dtype: torch.dtype) -> None:
    theta = normal(1, P).to(dtype)
    path = Ours(name, theta, hyperparameters(spec(name, lr=lr), 1)).advance(hinge, 20)
    assert torch.equal(path[-1], theta)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_state_starts_at_zero_and_adagrads_where_it_is_told(name: str) -> None:
    theta = normal(3, P).float()
    given_ = {"initial_accumulator_value": 0.5} if name == "adagrad" else {}
    rule = build_rule(name, layout())
    state = rule.initial(theta, hyperparameters(spec(name, **given_), 3))
    assert tuple(state) == rule.slots
    for slot, value in state.items():
        assert torch.equal(value, torch.full((3, *rule.shapes()[slot]), 0.5 if given_ else 0.0))


class Grouped:
    """A plain loop over tensors on theta [P], whose second moments are shared by groups of tensors."""

    def __init__(self, declared: Spec, theta: Tensor, groups: Sequence[Sequence[int]]) -> None:
        self.declared, self.groups = declared, groups
        self.tensors = [part.clone() for part in layout().split(theta)]
        self.means = [torch.zeros_like(part) for part in self.tensors]
        self.squares = [0.0 for _ in groups]

    def advance(self, gradient: Gradient, steps: int) -> list[Tensor]:
        lr, (beta1, beta2), eps, decay = (
            getattr(self.declared, name) for name in ("lr", "betas", "eps", "weight_decay")
        )
        thetas = []
        for step in range(steps):
            grads = layout().split(gradient(torch.cat(self.tensors), step))
            for number, group in enumerate(self.groups):
                mean_square = torch.cat([grads[i] for i in group]).square().mean().item()
                self.squares[number] = beta2 * self.squares[number] + (1 - beta2) * mean_square
                root = (self.squares[number] / (1 - beta2 ** (step + 1))) ** 0.5
                for i in group:
                    self.means[i] = beta1 * self.means[i] + (1 - beta1) * grads[i]
                    corrected = self.means[i] / (1 - beta1 ** (step + 1))
                    self.tensors[i] = self.tensors[i] * (1 - lr * decay) - lr * corrected / (root + eps)
            thetas.append(torch.cat(self.tensors))
        return thetas


SHARED = {"adasgd": [[0, 1]], "adam_blockwise": [[0], [1]]}


@pytest.mark.parametrize("gradient", [least_squares, quadratic, logistic])
@pytest.mark.parametrize("name", SHARED)
def test_second_moments_are_shared_as_a_plain_loop_over_tensors_shares_them(
    name: str, gradient: Gradient
) -> None:
    declared = spec(name, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)
    theta = normal(P, seed=4)
    expected = Grouped(declared, theta, SHARED[name]).advance(gradient, STEPS)
    found = Ours(name, theta[None], hyperparameters(declared, 1)).advance(gradient, STEPS)
    assert largest_difference(found, expected) < 1e-12


@pytest.mark.parametrize("name", SHARED)
def test_a_block_whose_gradient_was_always_zero_stays_where_it_is(name: str) -> None:
    run = Ours(name, torch.ones(1, P).double(), hyperparameters(spec(name), 1))
    path = run.advance(lambda theta, _: torch.cat([theta[:, :4], 0 * theta[:, 4:]], 1), 5)
    assert path[-1][0, 4:].tolist() == [1.0, 1.0]
    assert (path[-1][0, :4] < 1).all()


def test_hyperparameters_are_tensors_with_storage_of_their_own() -> None:
    found = hyperparameters(spec("adam", lr=0.5, betas=[0.8, 0.9]), replicas=3)
    assert {key: tuple(value.shape) for key, value in found.items()} == {
        "lr": (3, 1), "betas": (2, 3, 1), "eps": (3, 1), "weight_decay": (3, 1),
    }  # fmt: skip
    assert all(value.dtype == torch.float64 for value in found.values())
    found["betas"][1, 2] = 0.5
    assert found["betas"][..., 0].tolist() == [[0.8, 0.8, 0.8], [0.9, 0.9, 0.5]]
    assert hyperparameters(spec("rmsprop", centered=True), 2)["centered"].tolist() == [[1.0], [1.0]]


def test_every_rule_is_declared_and_every_declaration_has_its_rule() -> None:
    for name, entry in OPTIMIZERS.shipped.items():
        assert TypeAdapter(OptimizerSpec).validate_python({"name": name}) == entry.spec(name=name)
        assert all(parameter.live and parameter.help for parameter in parameters(entry.spec))
        assert isinstance(build_rule(name, layout()), Rule)


def test_a_toml_list_is_taken_for_betas() -> None:
    table = tomllib.loads('name = "adamw"\nlr = 1\nbetas = [0, 0.98]')
    assert TypeAdapter(OptimizerSpec).validate_python(table) == spec("adamw", lr=1.0, betas=(0.0, 0.98))


@pytest.mark.parametrize(
    ("name", "hyper"),
    [
        *((name, {"lr": lr}) for name in OPTIMIZERS.shipped for lr in (-1e-3, float("nan"), "0.1", True)),
        *((name, {"weight_decay": -0.1}) for name in OPTIMIZERS.shipped),
        *(("adam", {"betas": betas}) for betas in ([0.9], [0.9, 1.0], [-0.1, 0.9], ["0.9", 0.9])),
        ("adam", {"betas": [0.9, float("nan")]}),
        ("adamw", {"eps": -1e-8}),
        ("rmsprop", {"alpha": 1.0}),
        ("adagrad", {"lr_decay": -1.0}),
        ("sign", {"momentum": 1.0}),
        ("sgd", {"momentum": 1.5}),
        ("sgd", {"dampening": 1.5}),
        ("sgd", {"nesterov": True}),
        ("sgd", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
    ],
)  # fmt: skip
def test_a_spec_refuses_what_is_out_of_bounds(name: str, hyper: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        spec(name, **hyper)


def test_an_unknown_key_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValidationError, match="unknown key 'weight_deacy'; did you mean 'weight_decay'"):
        spec("adam", weight_deacy=0.1)


def test_declarations_load_without_torch() -> None:
    code = "import sys, grok_tui.catalog.optimizers; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
