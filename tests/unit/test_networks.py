"""The networks against slow, obvious implementations, and as functions of theta."""

from __future__ import annotations

import math
from itertools import product
from typing import get_args

import pytest
import torch
from arms import SUMS, arm, run_to
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn
from torch.func import grad, vmap
from torch.fx import Interpreter
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from grok_tui.catalog.models import Activation, AnyModel
from grok_tui.catalog.tasks import Shape
from grok_tui.lab.models import FlatNetwork, Layout, Role, Weights, build_network, initial_theta, transformer
from grok_tui.lab.models.layers import Network

N_SYMBOLS = 5
SHAPE = Shape(samples=12, inputs=2 * N_SYMBOLS, outputs=7, symbols=N_SYMBOLS)
PAIRS = torch.tensor(list(product(range(N_SYMBOLS), repeat=2)))[::2]
INPUTS = functional.one_hot(PAIRS, N_SYMBOLS).flatten(1).double()

NANDA = {"name": "transformer", "width": 8, "heads": 2}
POWER = {
    **NANDA,
    "layers": 2,
    "bias": False,
    "norm": "post",
    "sequence": "eos a op b =",
    "positions": "sinusoidal",
    "init": "uniform",
}
TRANSFORMERS = {
    "nanda": NANDA,
    "power": POWER,
    "pre-norm": {**NANDA, "layers": 3, "norm": "pre", "activation": "gelu", "sequence": "a op b ="},
    "narrow": {**NANDA, "layers": 2, "heads": 8, "mlp_width": 3},
}
LAYERED = {
    "mlp": {"name": "mlp", "hidden": 6},
    "deep": {"name": "mlp", "hidden": 6, "depth": 3, "bias": True, "activation": "tanh"},
    "ntk": {"name": "mlp", "hidden": 6, "depth": 2, "parametrization": "ntk", "init": "he"},
    "concatenated": {"name": "embedding_mlp", "hidden": 6, "width": 3, "bias": True, "activation": "gelu"},
    "summed": {"name": "embedding_mlp", "hidden": 6, "width": 3, "depth": 2, "combine": "sum"},
}
LINEAR = {
    "linear": {"name": "linear", "init": "uniform"},
    "products": {"name": "linear", "init": "uniform", "depth": 3},
}
ALL = {**LINEAR, **LAYERED, **TRANSFORMERS}


def spec_of(declared: dict) -> AnyModel:
    return TypeAdapter(AnyModel).validate_python(declared)


def network(declared: dict, seeds=(0,), shape: Shape = SHAPE):
    return initial_theta(spec_of(declared), shape, seeds, torch.float64)


def parameters_of(declared: dict):
    flat, theta = network(declared)
    return flat, {name: value[0] for name, value in flat.parameters(theta).items()}


def obvious_layers(declared: dict, p: dict[str, Tensor], x: Tensor, keep: Tensor | None = None) -> Tensor:
    """Fully connected layers, one matrix at a time."""
    spec = spec_of(declared)
    act = {"relu": torch.relu, "tanh": torch.tanh, "gelu": functional.gelu}[spec.activation]
    names = ["hidden", *(f"deeper.{i}" for i in range(spec.depth - 1)), "readout"]
    for i, name in enumerate(names):
        weight = p[f"{name}.weight"]
        x = x @ weight.T / (math.sqrt(weight.shape[1]) if spec.parametrization == "ntk" else 1)
        x = x + p.get(f"{name}.bias", 0)
        if name != "readout":
            x = act(x)
            if keep is not None:
                x = x * keep[:, i * spec.hidden : (i + 1) * spec.hidden]
    return x


def obvious_transformer(
    declared: dict, p: dict[str, Tensor], pairs: Tensor, keep: Tensor | None = None
) -> Tensor:
    """A decoder on whole sequences of token numbers, with an explicit causal mask."""
    spec = spec_of(declared)
    tokens, heads, size = spec.tokens, spec.heads, spec.width // spec.heads
    number = {t: N_SYMBOLS + i for i, t in enumerate(t for t in tokens if t not in ("a", "b"))}
    columns = {"a": pairs[:, 0], "b": pairs[:, 1]}
    sequence = [columns.get(t, torch.full((len(pairs),), number.get(t, 0))) for t in tokens]
    x = p["embedding.weight"][torch.stack(sequence, 1)]
    if "positions" in p:
        x = x + p["positions"]
    else:
        table = torch.zeros(len(tokens), spec.width, dtype=x.dtype)
        for t in range(len(tokens)):
            for i in range(0, spec.width, 2):
                table[t, i] = math.sin(t / 10000 ** (i / spec.width))
                table[t, i + 1] = math.cos(t / 10000 ** (i / spec.width))
        x = x + table.float().double()  # kept in float32
    act = {"relu": torch.relu, "gelu": functional.gelu}[spec.activation]
    offset = 0

    def normed(name: str, x: Tensor, where: str) -> Tensor:
        if spec.norm != where:
            return x
        return functional.layer_norm(x, (spec.width,), p[f"{name}.weight"], p[f"{name}.bias"])

    for i in range(spec.layers):
        at = f"blocks.{i}"
        read = normed(f"{at}.norms.0", x, "pre")
        mixed = []
        for h in range(heads):
            rows = slice(h * size, (h + 1) * size)
            q, k, v = (read @ p[f"{at}.attention.{m}.weight"][rows].T for m in ("query", "key", "value"))
            scores = q @ k.transpose(1, 2) / math.sqrt(size)
            future = torch.ones(len(tokens), len(tokens)).triu(1).bool()
            mixed.append(scores.masked_fill(future, -math.inf).softmax(-1) @ v)
        x = normed(f"{at}.norms.0", x + torch.cat(mixed, -1) @ p[f"{at}.attention.output.weight"].T, "post")
        inner = normed(f"{at}.norms.1", x, "pre") @ p[f"{at}.inner.weight"].T + p.get(f"{at}.inner.bias", 0)
        more = act(inner) @ p[f"{at}.outer.weight"].T + p.get(f"{at}.outer.bias", 0)
        if keep is not None:
            places = range(len(tokens)) if i < spec.layers - 1 else [len(tokens) - 1]
            factor = torch.ones_like(more)
            for place in places:
                factor[:, place] = keep[:, offset : offset + spec.width]
                offset += spec.width
            more = more * factor
        x = normed(f"{at}.norms.1", x + more, "post")
    return normed("norm", x[:, -1], "pre") @ p["readout.weight"].T


def obvious(declared: dict, p: dict[str, Tensor], keep: Tensor | None = None) -> Tensor:
    match declared["name"]:
        case "linear":
            return INPUTS @ math.prod(p.values()).T
        case "transformer":
            return obvious_transformer(declared, p, PAIRS, keep)
        case "embedding_mlp":
            vectors = p["embedding.weight"][PAIRS]
            joined = vectors.sum(1) if declared.get("combine") == "sum" else vectors.flatten(1)
            return obvious_layers(declared, p, joined, keep)
    return obvious_layers(declared, p, INPUTS, keep)


@pytest.mark.parametrize("declared", ALL.values(), ids=ALL)
def test_outputs_and_gradients_are_those_of_an_obvious_implementation(declared):
    flat, p = parameters_of(declared)
    outputs = flat.apply(p, INPUTS)
    assert outputs.shape == (len(INPUTS), SHAPE.outputs)
    torch.testing.assert_close(outputs, obvious(declared, p))
    weights = torch.randn_like(outputs)
    ours = grad(lambda q: (flat.apply(q, INPUTS) * weights).sum())(p)
    expected = grad(lambda q: (obvious(declared, q) * weights).sum())(p)
    for name in p:
        torch.testing.assert_close(ours[name], expected[name], msg=lambda m, name=name: f"{name}: {m}")


@pytest.mark.parametrize(
    "declared", [*LAYERED.values(), *TRANSFORMERS.values()], ids=[*LAYERED, *TRANSFORMERS]
)
def test_dropout_masks_the_stated_activations(declared):
    flat, p = parameters_of(declared)
    keep = torch.bernoulli(torch.full((len(INPUTS), flat.dropout_units), 0.5, dtype=torch.float64)) * 2
    masked = flat.apply(p, INPUTS, keep=keep)
    torch.testing.assert_close(masked, obvious(declared, p, keep))
    assert not torch.allclose(masked, flat.apply(p, INPUTS))
    torch.testing.assert_close(flat.apply(p, INPUTS, keep=torch.ones_like(keep)), flat.apply(p, INPUTS))


@pytest.mark.parametrize("declared", TRANSFORMERS.values(), ids=TRANSFORMERS)
def test_a_transformer_of_few_operations_as_a_gpu_has_it_is_the_same_network(declared, monkeypatch):
    def traced():
        return make_fx(vmap(grad(loss), in_dims=(0, None)))(parameters, masks).graph

    def loss(p, keep):
        return (flat.apply(p, INPUTS, keep=keep) * weights).sum()

    flat, theta = network(declared, seeds=(0, 1))
    parameters, weights = flat.parameters(theta), torch.randn(len(INPUTS), SHAPE.outputs).double()
    masks = torch.bernoulli(torch.full((len(INPUTS), flat.dropout_units), 0.5, dtype=torch.float64))
    apart = vmap(grad(loss), in_dims=(0, None))(parameters, masks)
    operations = len(traced().nodes)
    monkeypatch.setattr(transformer, "launches_count", lambda rows: True)
    together = vmap(grad(loss), in_dims=(0, None))(parameters, masks)
    assert len(traced().nodes) < operations
    for name, value in apart.items():
        torch.testing.assert_close(together[name], value, msg=lambda m, name=name: f"{name}: {m}")


def test_each_unit_of_dropout_matters():
    declared = {**NANDA, "layers": 2, "sequence": "a op b ="}
    flat, p = parameters_of(declared)
    assert flat.dropout_units == (4 + 1) * 8
    for unit in range(flat.dropout_units):
        keep = torch.ones(len(INPUTS), flat.dropout_units, dtype=torch.float64)
        keep[:, unit] = 0
        assert not torch.allclose(flat.apply(p, INPUTS, keep=keep), flat.apply(p, INPUTS), atol=1e-12), unit


@pytest.mark.parametrize("declared", ALL.values(), ids=ALL)
@pytest.mark.parametrize("own_samples", [False, True])
def test_replicas_side_by_side_are_what_they_are_alone(declared, own_samples):
    flat, theta = network(declared, seeds=(0, 1, 2))
    parameters = flat.parameters(theta)
    inputs = torch.stack([INPUTS, INPUTS.flip(0), INPUTS.roll(3, 0)]) if own_samples else INPUTS
    together = vmap(flat.apply, in_dims=(0, 0 if own_samples else None))(parameters, inputs)
    for r in range(3):
        alone = {name: value[r] for name, value in parameters.items()}
        torch.testing.assert_close(together[r], flat.apply(alone, inputs[r] if own_samples else inputs))
    assert not torch.allclose(together[0], together[1])


@pytest.mark.parametrize(
    ("init", "expected"),
    [
        ("zeros", [0, 0, 0, 0]),
        ("ones", [1, 1, 1, 1]),
        ("memorizers", [1, 1, 1, 0]),
        ("generalizer", [0, 0, 0, 1]),
    ],
)
def test_a_linear_map_starts_at_the_stated_point(init, expected):
    spec = spec_of({"name": "linear", "init": init})
    _, theta = initial_theta(spec, Shape(3, 4, 1), [0, 1], torch.float32)
    assert theta.tolist() == [expected, expected]


@pytest.mark.parametrize("declared", ALL.values(), ids=ALL)
def test_the_declared_count_of_parameters_is_exact(declared):
    flat, theta = network(declared)
    assert spec_of(declared).parameter_count(SHAPE) == flat.layout.size == theta.shape[1]


@pytest.mark.parametrize(
    "declared",
    [
        {"name": "linear"},
        {"name": "mlp", "hidden": 50, "depth": 2},
        {"name": "embedding_mlp", "hidden": 50, "width": 30},
        {"name": "embedding_mlp", "hidden": 50, "width": 30, "combine": "sum"},
        {**NANDA, "width": 32},
        {**POWER, "width": 32},
    ],
)
def test_the_declared_multiplications_are_about_those_of_the_matrix_products(declared):
    n, samples = 11, 3000
    shape = Shape(samples, 2 * n, n, n)
    module = build_network(spec_of(declared), shape)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(functional.one_hot(torch.randint(n, (samples, 2)), n).flatten(1).float())
    per_sample = counter.get_total_flops() / 2 / samples
    assert spec_of(declared).multiplications(shape) == pytest.approx(per_sample, rel=0.15)


@pytest.mark.parametrize("declared", ALL.values(), ids=ALL)
def test_every_network_starts_scaled_as_it_is_declared(declared):
    _, plain = network(declared)
    _, scaled = network({**declared, "init_scale": 3.0})
    torch.testing.assert_close(scaled, 3 * plain)


@pytest.mark.parametrize("declared", ALL.values(), ids=ALL)
def test_a_centered_network_starts_at_zero_and_its_output_scale_is_a_factor(declared):
    plain, p = parameters_of(declared)
    scaled, _ = network({**declared, "output_scale": 3.0})
    centered, _ = network({**declared, "output_scale": 3.0, "centered": True})
    moved = {name: value + 0.1 for name, value in p.items()}
    torch.testing.assert_close(scaled.apply(moved, INPUTS), 3 * plain.apply(moved, INPUTS))
    assert centered.centered
    assert not centered.apply(p, INPUTS, p).any()
    expected = 3 * (plain.apply(moved, INPUTS) - plain.apply(p, INPUTS))
    torch.testing.assert_close(centered.apply(moved, INPUTS, p), expected)


def test_centring_leaves_the_gradient_as_it_is():
    plain, p = parameters_of(NANDA)
    centered, _ = network({**NANDA, "centered": True})
    moved = {name: value * 1.1 for name, value in p.items()}
    ours = grad(lambda q: centered.apply(q, INPUTS, p)[:, 1].sum())(moved)
    expected = grad(lambda q: plain.apply(q, INPUTS)[:, 1].sum())(moved)
    for name in p:
        torch.testing.assert_close(ours[name], expected[name])


@pytest.mark.parametrize(
    ("init", "sd"),
    [
        ("uniform", lambda fan_in: (3 * fan_in) ** -0.5),
        ("normal", lambda fan_in: fan_in**-0.5),
        ("he", lambda fan_in: (2 / fan_in) ** 0.5),
        ("gromov", lambda _: 0.5 / 800 ** (1 / 3)),
    ],
)
@pytest.mark.parametrize("parametrization", ["standard", "ntk"])
def test_layers_start_with_the_stated_spread(init, sd, parametrization):
    declared = {
        "name": "mlp",
        "hidden": 400,
        "depth": 2,
        "bias": True,
        "init": init,
        "parametrization": parametrization,
        "init_scale": 2.0,
    }
    flat, theta = network(declared, shape=Shape(1, 100, 100))
    p = {name: value[0] for name, value in flat.parameters(theta).items()}
    for name, fan_in in {"hidden": 100, "deeper.0": 400, "readout": 400}.items():
        factor = 2 * (math.sqrt(fan_in) if parametrization == "ntk" else 1)
        weight = p[f"{name}.weight"]
        assert weight.std().item() == pytest.approx(factor * sd(fan_in), rel=0.02)
        assert weight.mean().abs() < 4 * weight.std() / math.sqrt(weight.numel())
        limit = 2 / math.sqrt(fan_in) if init == "uniform" else 0
        assert p[f"{name}.bias"].abs().max() <= limit
        if init == "uniform":
            assert weight.abs().max() <= factor / math.sqrt(fan_in)


def test_the_ntk_parametrization_starts_as_the_same_function_with_other_gradients():
    standard, ntk = LAYERED["deep"], {**LAYERED["deep"], "parametrization": "ntk"}
    (one, p), (other, q) = parameters_of(standard), parameters_of(ntk)
    torch.testing.assert_close(one.apply(p, INPUTS), other.apply(q, INPUTS), rtol=1e-5, atol=1e-6)
    of_one = grad(lambda p: one.apply(p, INPUTS).square().sum())(p)["readout.weight"]
    of_other = grad(lambda q: other.apply(q, INPUTS).square().sum())(q)["readout.weight"]
    torch.testing.assert_close(of_other * math.sqrt(6), of_one, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("declared", "spreads", "biases"),
    [
        (
            {"name": "transformer"},
            {"embedding": 128, "positions": 128, "attention.key": 128, "outer": 128, "readout": 114},
            0.0,
        ),
        (
            {**POWER, "width": 128, "positions": "learned", "bias": True},
            {"embedding": 1, "positions": 1, "attention.key": 384, "outer": 1536, "readout": 384},
            128**-0.5,
        ),
    ],
)
def test_transformers_start_with_the_stated_spread(declared, spreads, biases):
    flat, theta = network(declared, shape=Shape(1, 226, 113, 113))
    p = {name: value[0] for name, value in flat.parameters(theta).items()}
    for part, variance in spreads.items():
        (weight,) = (
            w for name, w in p.items() if name.startswith((part, f"blocks.0.{part}")) and w.dim() > 1
        )
        rel = 0.15 if part == "positions" else 0.03
        assert weight.std().item() == pytest.approx(variance**-0.5, rel=rel), part
    inner = p["blocks.0.inner.bias"]
    assert inner.abs().max() <= biases
    assert bool(inner.any()) == bool(biases)
    for name, value in p.items():
        if "norm" in name:
            assert (value == (1 if name.endswith("weight") else 0)).all()


@pytest.mark.parametrize("activation", get_args(Activation))
def test_activations_are_their_closed_forms(activation):
    def closed_form(x: float) -> float:
        sigmoid = 1 / (1 + math.exp(-x))
        return {
            "quadratic": x * x,
            "relu": max(x, 0),
            "leaky_relu": max(x, 0.01 * x),
            "gelu": x * (1 + math.erf(x / math.sqrt(2))) / 2,
            "silu": x * sigmoid,
            "tanh": math.tanh(x),
            "sigmoid": sigmoid,
            "exp": math.exp(x - 1),
            "identity": x,
        }[activation]

    flat, _ = network({"name": "mlp", "hidden": 1, "activation": activation}, shape=Shape(1, 1, 1))
    one = torch.ones(1, 1, dtype=torch.float64)
    for x in (-1.5, 0.0, 2.0):
        found = flat.apply({"hidden.weight": one * x, "readout.weight": one}, one)
        assert found.item() == pytest.approx(closed_form(x))


def test_the_embedding_and_its_spread():
    declared = {"name": "embedding_mlp", "hidden": 4, "width": 60, "embedding_sd": 0.5}
    flat, theta = network(declared, shape=Shape(1, 200, 100, 100))
    vectors = flat.parameters(theta)["embedding.weight"][0]
    assert vectors.std().item() == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize("declared", ALL.values(), ids=ALL)
def test_embedding_and_unembedding_are_what_meets_symbols_and_outputs(declared):
    """A change of one symbol's vector changes just the samples with this first operand or this symbol."""
    flat, p = parameters_of(declared)
    weights = Weights(p, flat.layout)
    vectors, readout = weights.symbol_vectors(N_SYMBOLS), weights.readout
    assert len(vectors) == N_SYMBOLS
    assert len(readout) == SHAPE.outputs
    before = flat.apply(p, INPUTS)
    with torch.no_grad():
        vectors[2] += torch.linspace(1, 2, vectors.shape[1], dtype=torch.float64)
        changed = (flat.apply(p, INPUTS) != before).any(1)
        shared = "embedding.weight" in p
        has_symbol = (PAIRS[:, 0] == 2) | ((PAIRS[:, 1] == 2) & shared)
        assert torch.equal(changed, has_symbol)
        readout[3] = 0
        dead = flat.apply(p, INPUTS)[:, 3]
    assert torch.allclose(dead, p.get("readout.bias", torch.zeros(4))[3].double())


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ({"name": "mlp", "hidden": 0}, "greater than or equal to 1"),
        ({"name": "mlp", "depth": 0}, "greater than or equal to 1"),
        ({"name": "embedding_mlp", "width": 0}, "greater than or equal to 1"),
        ({"name": "transformer", "width": 0}, "greater than or equal to 1"),
        ({"name": "transformer", "layers": 0}, "greater than or equal to 1"),
        ({"name": "transformer", "mlp_width": 0}, "greater than or equal to 1"),
        ({"name": "transformer", "width": 30}, "width 30 cannot be divided among 4 heads"),
        ({"name": "transformer", "heads": 0}, "greater than or equal to 1"),
        ({"name": "mlp", "output_scale": 0.0}, "greater than 0"),
    ],
)
def test_what_cannot_be_built_is_refused(declared, text):
    with pytest.raises(ValidationError, match=text):
        spec_of(declared)


@pytest.mark.parametrize(
    "model",
    [LAYERED["summed"], NANDA, POWER, {**LAYERED["deep"], "centered": True, "output_scale": 2.0}],
    ids=["embedding_mlp", "nanda", "power", "centered"],
)
def test_an_arm_trains_it_as_a_torch_loop_does_and_replicas_as_single_runs(model):
    settings = {"task": SUMS, "model": model, "loss": "cross_entropy", "steps": 20}
    optimizer = {"name": "adamw", "lr": 1e-2, "weight_decay": 0.1}
    together = run_to(arm(optimizer, seeds=[4, 5, 6], **settings), 20)
    for r, seed in enumerate([4, 5, 6]):
        alone = run_to(arm(optimizer, seeds=[seed], **settings), 20)
        torch.testing.assert_close(together.theta[r], alone.theta[0], rtol=1e-7, atol=1e-9)
    shape = Shape(len(together.task.train), 10, 5, 5)
    flat, theta = network(model, seeds=[4], shape=shape)
    start = {name: value[0] for name, value in flat.parameters(theta).items()}
    moving = {name: value.clone().requires_grad_() for name, value in start.items()}
    adamw = torch.optim.AdamW(moving.values(), lr=1e-2, weight_decay=0.1)
    for _ in range(20):
        adamw.zero_grad()
        outputs = flat.apply(moving, together.task.train.inputs, start)
        functional.cross_entropy(outputs, together.task.train.targets).backward()
        adamw.step()
    expected = torch.cat([value.detach().reshape(-1) for value in moving.values()])
    torch.testing.assert_close(together.theta[0], expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "declared", [{"name": "mlp", "hidden": 64}, {"name": "embedding_mlp"}, {**POWER, "width": 64}]
)
def test_the_declared_activations_are_about_what_a_forward_pass_allocates(declared):
    n, samples = 11, 3000
    shape = Shape(samples, 2 * n, n, n)
    module = build_network(spec_of(declared), shape)
    inputs = functional.one_hot(torch.randint(n, (samples, 2)), n).flatten(1).float()
    graph = make_fx(module)(inputs)
    kept = {}

    class Recorder(Interpreter):
        def run_node(self, node):
            result = super().run_node(node)
            if node.op == "call_function" and isinstance(result, Tensor):
                kept[result.untyped_storage().data_ptr()] = result.untyped_storage()
            return result

    Recorder(graph).run(inputs)
    per_sample = sum(storage.nbytes() for storage in kept.values()) / 4 / samples
    assert spec_of(declared).activations(shape) == pytest.approx(per_sample, rel=0.4)


def lettered(layout: Layout) -> dict[str, str]:
    """Return the role and the layer of each tensor, in few letters."""
    return {
        piece.name: "|".join(str(role.name) for role in piece.role) + str(piece.layer) for piece in layout
    }


@pytest.mark.parametrize("declared", ALL.values(), ids=ALL)
def test_the_layout_covers_all_of_theta_in_order(declared):
    flat, theta = network(declared, seeds=(0, 1))
    tensors = dict(flat.module.named_parameters())
    assert [piece.name for piece in flat.layout] == list(tensors)
    assert sum(flat.layout.sizes) == flat.layout.size == theta.shape[1]
    for piece in flat.layout:
        assert torch.equal(theta[1, piece.place].view(piece.shape).float(), tensors[piece.name])
    means = torch.stack([theta[:, piece.place].mean(-1) for piece in flat.layout], -1)
    assert torch.equal(flat.layout.means(theta), means)
    everywhere = flat.layout.spread(means)
    for piece, mean in zip(flat.layout, means.unbind(-1), strict=True):
        assert torch.equal(everywhere[:, piece.place], mean.unsqueeze(-1).expand(-1, piece.size))


def test_a_network_declares_what_its_tensors_are():
    assert lettered(network(LINEAR["linear"])[0].layout) == {"weight": "INPUT|READOUT0"}
    assert lettered(network(LINEAR["products"])[0].layout) == {
        "weight": "INPUT0",
        "deeper.0": "HIDDEN1",
        "deeper.1": "READOUT2",
    }
    assert lettered(network(LAYERED["deep"])[0].layout) == {
        "hidden.weight": "INPUT0",
        "hidden.bias": "BIAS0",
        "deeper.0.weight": "HIDDEN1",
        "deeper.0.bias": "BIAS1",
        "deeper.1.weight": "HIDDEN2",
        "deeper.1.bias": "BIAS2",
        "readout.weight": "READOUT3",
        "readout.bias": "BIAS3",
    }
    assert lettered(network(LAYERED["summed"])[0].layout) == {
        "hidden.weight": "HIDDEN1",
        "deeper.0.weight": "HIDDEN2",
        "readout.weight": "READOUT3",
        "embedding.weight": "EMBEDDING0",
    }
    matrices = ("query", "key", "value", "output")
    assert lettered(network({**NANDA, "norm": "pre"})[0].layout) == {
        "positions": "POSITION0",
        "embedding.weight": "EMBEDDING0",
        **{f"blocks.0.attention.{matrix}.weight": "ATTENTION1" for matrix in matrices},
        **{f"blocks.0.{part}.weight": "HIDDEN1" for part in ("inner", "outer")},
        **{f"blocks.0.{part}.bias": "BIAS1" for part in ("inner", "outer")},
        **{f"blocks.0.norms.{i}.weight": "NORM1" for i in (0, 1)},
        **{f"blocks.0.norms.{i}.bias": "BIAS1" for i in (0, 1)},
        "norm.weight": "NORM2",
        "norm.bias": "BIAS2",
        "readout.weight": "READOUT2",
    }


def test_a_network_that_leaves_a_tensor_out_is_refused():
    class Forgetful(Network):
        def __init__(self) -> None:
            super().__init__()
            self.kept, self.forgotten = nn.Linear(1, 1), nn.Linear(1, 1)

        def layers(self):
            return [[(self.kept, Role.INPUT | Role.READOUT)]]

    with pytest.raises(TypeError, match=r"Forgetful does not say what 'forgotten\.weight' is"):
        FlatNetwork(Forgetful())
