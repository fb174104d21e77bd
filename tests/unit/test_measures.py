"""Measures of binary operations against closed forms and slow, obvious implementations."""

from __future__ import annotations

import math
from itertools import product
from typing import get_args

import numpy as np
import pytest
import torch
from arms import arm, preset, run_to
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from grok_tui.catalog.losses import LOSSES
from grok_tui.catalog.measure import Frequencies
from grok_tui.catalog.measures import MEASURES, measures_of
from grok_tui.catalog.models import Linear
from grok_tui.catalog.seen import ENVELOPE
from grok_tui.catalog.tasks import BinaryOperation, Linear101, Operation, Shape
from grok_tui.engine.arm.arm import Arm
from grok_tui.lab.losses import sample_loss
from grok_tui.lab.measures import Probe, take
from grok_tui.lab.measures.curvature import largest_eigenvalue
from grok_tui.lab.measures.grid import correctness_grid
from grok_tui.lab.measures.probe import margins
from grok_tui.lab.measures.spectrum import gini, inverse_participation_ratio
from grok_tui.lab.models import FlatNetwork, Role, build_network
from grok_tui.lab.models.layers import Network
from grok_tui.lab.tasks import Samples, Task, build_task
from grok_tui.lab.tasks.bases import fourier, representations
from grok_tui.lab.tasks.operations import operation_table

CROSS_ENTROPY = sample_loss(LOSSES.spec("cross_entropy"), torch.float64)
MODELS = {
    "linear": {"name": "linear", "init": "uniform"},
    "mlp": {"name": "mlp", "hidden": 6, "bias": True},
    "centered": {"name": "mlp", "hidden": 6, "centered": True, "output_scale": 3.0},
    "embedding_mlp": {"name": "embedding_mlp", "hidden": 6, "width": 4},
    "transformer": {"name": "transformer", "width": 8, "heads": 2},
}


def spec(operation="add", **keys) -> BinaryOperation:
    return BinaryOperation(name="binary_operation", operation=operation, **keys)


def drawn(*shape, seed=0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Lookup(Network):
    """Whatever scores [n, n, n] one likes, one for each pair, and whatever embedding."""

    def __init__(self, symbols: int, width: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(symbols, symbols, symbols))
        self.embedding = nn.Embedding(symbols, width)
        self.readout = nn.Linear(2, symbols, bias=False)

    def layers(self):
        inner = [(self.embedding, Role.EMBEDDING)], [(self.scores, Role.HIDDEN)]
        return [*inner, [(self.readout, Role.READOUT)]]

    def forward(self, inputs: Tensor, keep: Tensor | None = None) -> Tensor:
        x, y = inputs.chunk(2, -1)
        return torch.einsum("sx,sy,xyc->sc", x, y, self.scores)


def looked_up(declared: BinaryOperation, *scores: Tensor, embedding: Tensor | None = None) -> Probe:
    """Return a probe of replicas that score the pairs as given; loss is cross-entropy in float64."""
    embedding = drawn(declared.symbols, 3) if embedding is None else embedding
    network = FlatNetwork(Lookup(*embedding.shape))
    tasks = [build_task(declared, seed, torch.float64) for seed in range(len(scores))]
    readout = drawn(declared.symbols, 2, seed=1)
    theta = torch.stack(
        [torch.cat([s.reshape(-1), embedding.reshape(-1), readout.reshape(-1)]) for s in scores]
    )
    return probe_of(network, tasks, theta)


def probe_of(network: FlatNetwork, tasks: list[Task], theta: Tensor) -> Probe:
    train, validation = (
        Samples(torch.stack([s.inputs for s in sides]), torch.stack([s.targets for s in sides]))
        for sides in ([t.train for t in tasks], [t.validation for t in tasks])
    )
    return Probe(theta, theta.clone(), network, tasks[0], train, validation, CROSS_ENTROPY, False)


def waves(declared: BinaryOperation) -> dict[int, list[dict[int, float]]]:
    """Return, for each frequency, cosine and sine as functions of the symbols of a cyclic group."""
    p = declared.p
    if declared.multiplicative:
        root = next(g for g in range(2, p) if len({pow(g, k, p) for k in range(p)}) == p - 1)
        place = {pow(root, k, p): k for k in range(p - 1)}
    else:
        place = {x: x for x in range(p)}
    m = len(place)
    return {
        k: [{x: f(2 * math.pi * k * place[x] / m) for x in place} for f in (math.cos, math.sin)]
        for k in range(1, m // 2 + 1)
    }


def slow_parts(declared: BinaryOperation, scores: Tensor, keys: list[int]) -> tuple[Tensor, Tensor]:
    """Return the part of the scores in the key frequencies and the scores less it, pair by pair.

    It is found by projection on cos(w_k c) and sin(w_k c), c = x o y, as functions on all pairs of the group.
    """
    table = operation_table(declared)
    part = torch.zeros_like(scores)
    for k in keys:
        for wave in waves(declared)[k]:
            values = torch.zeros(scores.shape[:2], dtype=torch.float64)
            for x, y in product(range(declared.p), repeat=2):
                values[x, y] = wave.get(int(table[x, y]), 0.0)
            if values.norm() > 1e-6:
                direction = values / values.norm()
                part += direction[..., None] * (direction[..., None] * scores).sum((0, 1))
    return part, scores - part


def take_of(name: str, probe: Probe, key: int | None) -> Tensor:
    """Return a loss that keeps or takes out the key frequency, or all of them where there is none."""
    return take(Frequencies(name=name, frequencies="all" if key is None else "key"), probe)


CYCLIC = [("add", 7), ("subtract", 7), ("add", 6), ("multiply", 7), ("divide", 7), ("add", 2)]


@pytest.mark.parametrize(
    ("operation", "p", "key"),
    [(*of, key) for of in CYCLIC for key in (1, 2, None) if key is None or of[1] > 2],
)
def test_restricted_and_excluded_loss_are_those_of_projected_scores(operation, p, key):
    declared = spec(operation, p=p, outliers=1)
    frequencies = waves(declared)
    embedding = torch.eye(p, dtype=torch.float64)
    if key is not None:
        for x, value in frequencies[key][0].items():
            embedding[x] += 9 * value
    keys = list(frequencies) if key is None else [key]
    scores = [drawn(p, p, p, seed=seed) for seed in (2, 3)]
    probe = looked_up(declared, *scores, embedding=embedding)
    table = operation_table(declared)
    inside = [(x, y) for x, y in product(range(p), repeat=2) if table[x, y] in frequencies[1][0]]
    for r in range(2):
        part, less = slow_parts(declared, scores[r], keys)
        mean = torch.stack([scores[r][x, y] for x, y in inside]).mean(0)
        restricted = [
            CROSS_ENTROPY((mean + part[x, y])[None], torch.tensor([table[x, y]])) for x, y in inside
        ]
        torch.testing.assert_close(take_of("restricted_loss", probe, key)[r], torch.cat(restricted).mean())
        train = Samples(probe.train.inputs[r], probe.train.targets[r])
        x, y = train.inputs[:, :p].argmax(-1), train.inputs[:, p:].argmax(-1)
        torch.testing.assert_close(
            take_of("excluded_loss", probe, key)[r], CROSS_ENTROPY(less[x, y], train.targets).mean()
        )


@pytest.mark.parametrize(("operation", "p"), CYCLIC)
def test_the_logit_formula_explains_what_least_squares_does(operation, p):
    declared = spec(operation, p=p)
    table, frequencies = operation_table(declared), waves(declared)
    symbols = sorted(frequencies[1][0])
    pairs = [(x, y) for x, y in product(range(p), repeat=2) if table[x, y] in symbols]
    scores = drawn(p, p, p, seed=4)
    centred = torch.stack([scores[x, y][symbols] - scores[x, y][symbols].mean() for x, y in pairs]).numpy()
    terms = [
        [[cos[table[x, y]] * cos[c] + sin[table[x, y]] * sin[c] for c in symbols] for x, y in pairs]
        for cos, sin in frequencies.values()  # cos(w (x o y - c))
    ]
    design = np.array(terms).reshape(len(terms), -1).T
    fitted = design @ np.linalg.lstsq(design, centred.reshape(-1), rcond=None)[0]
    expected = (fitted**2).sum() / (centred**2).sum()
    assert take("logit_formula_r2", looked_up(declared, scores)).item() == pytest.approx(expected)


@pytest.mark.parametrize("operation", ["add", "divide", "s4_compose"])
def test_scores_that_a_circuit_computes_are_explained_whole(operation):
    declared = spec(operation, p=11)
    table = torch.from_numpy(operation_table(declared))
    basis = build_task(declared, 0, torch.float64).symbols.basis
    inside = basis.vectors.new_zeros(declared.symbols)
    inside[basis.elements] = 1
    characters = basis.vectors @ basis.vectors.T * 5  # of all components together
    scores = characters[table.clamp(min=0)] - 9 * (1 - inside)
    scores = torch.where(inside[table.clamp(min=0)].bool().unsqueeze(-1), scores, 0)
    probe = looked_up(declared, scores, embedding=torch.eye(declared.symbols, dtype=torch.float64))
    assert take("logit_formula_r2", probe).item() == pytest.approx(1)
    flat = torch.full((len(basis.elements),), 1.0)
    right = characters[basis.elements] - 9 * (1 - inside)
    expected = CROSS_ENTROPY(right, basis.elements).mean().item()
    assert take_of("restricted_loss", probe, None).item() == pytest.approx(expected)
    if operation != "divide":  # whose products 0 keep their loss
        assert take_of("excluded_loss", probe, None).item() == pytest.approx(math.log(len(flat)))


def test_all_components_of_permutations_together_are_the_mean_over_equal_products():
    declared = spec("s4_compose")
    table = operation_table(declared)
    scores = drawn(24, 24, 24)
    probe = looked_up(declared, scores, embedding=torch.eye(24, dtype=torch.float64))
    means = torch.stack([scores[torch.from_numpy(table == c)].mean(0) for c in range(24)])
    expected = CROSS_ENTROPY(means, torch.arange(24)).mean()
    torch.testing.assert_close(take_of("restricted_loss", probe, None)[0], expected)
    x, y = (probe.train.inputs[0, :, part].argmax(-1) for part in (slice(24), slice(24, 48)))
    less = scores[x, y] - means[table[x, y]] + scores.mean((0, 1))
    torch.testing.assert_close(
        take_of("excluded_loss", probe, None)[0], CROSS_ENTROPY(less, probe.train.targets[0]).mean()
    )


@pytest.mark.parametrize("margin", [20, 40])
def test_a_table_of_what_was_taught_does_not_pass_for_a_circuit(margin):
    declared = spec(p=31, train_fraction=0.5)
    symbols = drawn(31, 128, seed=5)
    task = build_task(declared, 0, torch.float64)
    x, y = (task.train.inputs[:, part].argmax(-1) for part in (slice(31), slice(31, 62)))
    scores = drawn(31, 31, 31, seed=6)
    scores[x, y] += margin * functional.one_hot(task.train.targets, 31)
    probe = looked_up(declared, scores, embedding=symbols)
    assert take("train_loss", probe) < 1e-3
    assert take("val_accuracy", probe) < 0.2
    assert take("key_frequencies", probe) == 0
    assert take("restricted_loss", probe) > 0.5
    torch.testing.assert_close(take("excluded_loss", probe), take("train_loss", probe))
    # Averaged over the pairs of a sum, a table is right everywhere.
    assert take_of("restricted_loss", probe, None) < 0.5
    # Nor does it where frequencies stand out in an embedding that the scores do not go by.
    angles = 2 * torch.pi * torch.arange(31, dtype=torch.float64).unsqueeze(-1) * torch.tensor([3.0, 5, 11])
    probe = looked_up(declared, scores, embedding=torch.cos(angles / 31))
    assert take("key_frequencies", probe) == 3
    assert take("restricted_loss", probe) > 0.5
    # A network that computes the sum in these frequencies passes.
    sums = torch.from_numpy(operation_table(declared)).unsqueeze(-1) - torch.arange(31)
    circuit = margin * sum(torch.cos(2 * torch.pi * k * sums / 31) for k in (3, 5, 11))
    probe = looked_up(declared, circuit, embedding=torch.cos(angles / 31))
    assert take("restricted_loss", probe) < 0.5


def test_margins_are_the_right_score_less_the_best_other():
    outputs, targets = drawn(6, 4), torch.tensor([0, 3, 2, 1, 1, 0])
    expected = [
        (row[t] - max(score for c, score in enumerate(row) if c != t)).item()
        for row, t in zip(outputs, targets, strict=True)
    ]
    assert margins(outputs, targets).tolist() == pytest.approx(expected)
    declared = spec(p=5, outliers=2)
    scores = drawn(5, 5, 5)
    probe = looked_up(declared, scores)
    found = margins(probe.train_outputs, probe.train.targets)
    assert take("margin_mean", probe).tolist() == pytest.approx(found.mean(-1).tolist())
    assert take("margin_min", probe).tolist() == pytest.approx(found.min(-1).values.tolist())


def test_the_share_of_samples_without_loss_counts_exact_zeros():
    declared = spec(p=5, train_fraction=0.4)
    table = torch.from_numpy(operation_table(declared))
    scores = functional.one_hot(table, 5).double() * 800  # exp(-800) is 0 in float64 as well
    scores[2] = 0
    probe = looked_up(declared, scores)
    taught = (probe.train.inputs[0, :, :5].argmax(-1) == 2).sum().item()
    assert take("zero_loss_share", probe).item() == pytest.approx(1 - taught / 10)


def test_gini_and_participation_tell_one_frequency_from_an_even_spread():
    powers = torch.tensor([[1.0, 1, 1, 1, 1], [0, 0, 3, 0, 0], [1, 2, 3, 4, 5]], dtype=torch.float64)
    differences = sum(abs(i - j) for i, j in product(range(1, 6), repeat=2))
    expected = [0, 0.8, differences / (2 * 25 * 3)]
    assert gini(powers.square(), fourier(11)).tolist() == pytest.approx(expected)
    assert inverse_participation_ratio(powers).tolist() == pytest.approx([1 / 5, 1, 55 / 225])
    assert gini(representations(5).dimensions, representations(5)).item() == pytest.approx(0)


def test_spectra_are_those_of_embedding_and_readout():
    declared = spec(p=11)
    angles = 2 * torch.pi * 3 * torch.arange(11, dtype=torch.float64) / 11
    embedding = torch.cos(angles).unsqueeze(-1).expand(-1, 3)
    probe = looked_up(declared, drawn(11, 11, 11), embedding=embedding)
    assert probe.generalizes.tolist() == [[False, False, True, False, False]]
    assert probe.coordinates[0].tolist() == pytest.approx([0, 0, math.sqrt(3 * 11 / 2), 0, 0], abs=1e-12)
    assert take("key_frequencies", probe).item() == 1
    assert take("embedding_ipr", probe).item() == pytest.approx(1)
    powers = fourier(11).powers(probe.weights.readout[0])
    assert take("unembedding_gini", probe).item() == pytest.approx(gini(powers, fourier(11)).item())
    assert take("unembedding_ipr", probe).item() == pytest.approx((powers**2).sum() / powers.sum() ** 2)


def test_roles_follow_the_embedding_and_no_key_frequency_is_no_number():
    p = 11
    wave = torch.cos(2 * torch.pi * torch.arange(p) / p).double().unsqueeze(-1)
    for embedding, keys in ((wave + torch.zeros(1, 3), 1), (torch.eye(p, 3).double(), 0)):
        probe = looked_up(spec(p=p), drawn(p, p, p), embedding=embedding)
        norms = fourier(p).powers(embedding).sqrt()
        chosen = torch.tensor([True] * keys + [False] * (5 - keys))
        expected = {
            "generalizer_mean": norms[chosen].mean(),
            "memorizer_mean": norms[~chosen].mean(),
            "memorizer_min": norms[~chosen].min(),
            "memorizer_max": norms[~chosen].max(),
            "memorizer_sd": norms[~chosen].std(correction=0),
        }
        for name, value in expected.items():
            torch.testing.assert_close(take(name, probe)[0], value, equal_nan=True, atol=1e-9, rtol=1e-7)
        assert math.isnan(take("generalizer_mean", probe)) == (keys == 0)


@pytest.mark.parametrize("name", MODELS)
def test_norms_of_the_parts_add_up_to_the_norm_of_the_whole(name):
    a = arm(
        {"name": "sgd"}, task={"name": "binary_operation", "p": 5}, model=MODELS[name], loss="cross_entropy"
    )
    last = {measure: a.history.last(measure)[0] for measure in a.history.names}
    parts = ["embedding", "hidden", "unembedding"]
    present = [part for part in parts if not math.isnan(last[f"{part}_norm"])]
    if name == "linear":  # one matrix reads the inputs and gives the outputs
        present = ["embedding"]
        assert last["unembedding_norm"] == last["embedding_norm"] == last["l2_norm"]
    assert math.hypot(*(last[f"{part}_norm"] for part in present)) == pytest.approx(last["l2_norm"])
    assert max(last[f"{part}_linf"] for part in present) == last["linf_norm"]
    assert last["parameter_count"] == a.theta.shape[1]


def test_the_embedding_is_the_matrix_that_reads_the_inputs():
    a = arm(
        {"name": "sgd"},
        task={"name": "binary_operation", "p": 5},
        model=MODELS["mlp"],
        loss="cross_entropy",
        seeds=[0, 1],
    )
    assert a.history.last("embedding_norm").tolist() == pytest.approx(a.theta[:, :60].norm(dim=1).tolist())
    assert a.history.last("hidden_norm").tolist() == pytest.approx(
        torch.cat([a.theta[:, 60:66], a.theta[:, 96:]], 1).norm(dim=1).tolist()
    )


@pytest.mark.parametrize("centered", [False, True])
def test_sharpness_is_the_largest_eigenvalue_of_the_hessian(centered):
    declared = preset(
        {
            "name": "a",
            "optimizer": {"name": "sgd", "lr": 0.5},
            "model": MODELS["mlp"] | {"centered": centered},
        },
        task={"name": "binary_operation", "p": 5},
        loss="cross_entropy",
        replicas=2,
    )
    usual = declared.measures_of(declared.arms[0])
    assert "sharpness" not in usual
    a = Arm(
        declared.arms[0],
        usual | {"sharpness": MEASURES.spec("sharpness")},
        declared.seeds,
        torch.device("cpu"),
    )
    run_to(a, 20)
    task = [build_task(declared.task, seed, torch.float64) for seed in declared.seeds]
    learner = a._trainer._learner
    for r in range(2):

        def loss(theta: Tensor, r: int = r) -> Tensor:
            starts = (learner.network.parameters(learner.theta_0[r]),) if centered else ()
            parameters = learner.network.parameters(theta)
            outputs = learner.network.apply(parameters, task[r].train.inputs, *starts)
            return functional.cross_entropy(outputs, task[r].train.targets)

        hessian = torch.autograd.functional.hessian(loss, a.theta[r])
        expected = torch.linalg.eigvalsh(hessian)[-1].item()
        assert a.history.last("sharpness")[r] == pytest.approx(expected, rel=1e-3)


def test_sharpness_of_the_linear_task_is_its_closed_form():
    task = build_task(Linear101(name="linear101", samples=10), 0, torch.float64)
    network = FlatNetwork(build_network(Linear(name="linear"), Shape(10, 11, 1)))
    theta = drawn(1, 11)
    probe = Probe(
        theta,
        theta,
        network,
        task,
        task.train,
        task.validation,
        sample_loss(LOSSES.spec("mse"), torch.float64),
        True,
    )
    assert take("sharpness", probe).item() == pytest.approx(2 * 11 / 10)  # 2 (N + 1) / N


def test_the_largest_eigenvalue_is_not_the_largest_in_size():
    rotation, _ = torch.linalg.qr(drawn(40, 40))
    spectra = torch.stack([torch.linspace(-9, 3, 40), torch.linspace(-9, -1, 40)]).double()
    matrices = rotation @ torch.diag_embed(spectra) @ rotation.T
    found = largest_eigenvalue(
        lambda v: (matrices @ v.unsqueeze(-1)).squeeze(-1), drawn(40, seed=1).expand(2, 40), 30
    )
    assert found.tolist() == pytest.approx([3, -1], abs=1e-3)


def test_the_grid_shows_every_pair_as_it_was_learnt():
    declared = spec("divide", p=5)
    task = build_task(declared, 0, torch.float64)
    right = [
        torch.rand(len(side), generator=torch.Generator().manual_seed(1)) < 0.5
        for side in (task.train, task.validation)
    ]
    grid = correctness_grid(task.train.inputs, right[0], task.validation.inputs, right[1])
    assert grid.dtype == torch.int8
    expected = [[-1] * 5 for _ in range(5)]
    for side, correct, codes in ((task.train, right[0], (3, 2)), (task.validation, right[1], (0, 1))):
        for row, good in zip(side.inputs.tolist(), correct.tolist(), strict=True):
            expected[row[:5].index(1)][row[5:].index(1)] = codes[good]
    assert grid.tolist() == expected
    assert (grid[:, 0] == -1).all()


@pytest.mark.parametrize("seeds", [[3], [3, 4]])
def test_the_grid_of_an_arm_agrees_with_its_accuracies(seeds):
    a = arm(
        {"name": "adamw", "lr": 0.1},
        task={"name": "binary_operation", "p": 7},
        model=MODELS["mlp"],
        loss="cross_entropy",
        seeds=seeds,
        record_every=5,
    )
    run_to(a, 20)
    a.watch()
    pairs = a.vectors["pairs"].table()[1].astype(int)
    counts = np.bincount(pairs.reshape(-1), minlength=4)
    assert counts[2] / (counts[2] + counts[3]) == pytest.approx(a.history.last("train_accuracy")[0])
    assert counts[1] / (counts[0] + counts[1]) == pytest.approx(a.history.last("val_accuracy")[0])
    assert counts.sum() == 49


@pytest.mark.parametrize(
    ("task", "loss"),
    [
        ({"name": "sparse_parity", "n": 6, "k": 2, "samples": 20, "validation": 30}, "hinge"),
        ({"name": "sparse_parity", "n": 6, "k": 2, "samples": 20, "logits": 2}, "cross_entropy"),
        ({"name": "binary_operation", "p": 5}, "cross_entropy"),
    ],
    ids=lambda given: given if isinstance(given, str) else given["name"],
)
def test_the_margins_of_an_arm_are_those_of_its_first_replica_at_the_last_record(task, loss):
    a = arm(
        {"name": "adamw", "lr": 0.1},
        task=task,
        model=MODELS["mlp"],
        loss=loss,
        seeds=[3, 4],
        record_every=5,
    )
    run_to(a, 5)
    assert "margins" not in a.vectors, "nobody looks"
    a.watch()
    run_to(a, 13)
    record = a.vectors["margins"]
    steps, rows = record.table()
    assert (steps.tolist(), rows.dtype, rows.shape[:2]) == ([10], np.float32, (1, 1))
    for measure, value in (
        ("margin_mean", rows.mean()),
        ("margin_min", rows.min()),
        ("train_accuracy", (rows > 0).mean()),
    ):
        assert value == pytest.approx(a.history.last(measure)[0], rel=1e-5)
    run_to(a, 20)
    assert (record.table()[1] != rows).any()


@pytest.mark.parametrize(
    ("operation", "p"),
    [(name, p) for name in get_args(Operation) for p in (2, 9, 11) if p != 9 or "divide" not in name],
)
def test_a_task_has_the_measures_that_the_catalog_declares(operation, p):
    declared = spec(operation, p=p)
    task = build_task(declared, 0, torch.float32)
    symbols = task.symbols
    assert symbols is not None
    has = {
        "train_loss": True,
        "generalizer_mean": task.coordinates is not None,
        "margin_min": task.classes,
        "embedding_gini": symbols.basis is not None,
        "restricted_loss": symbols.group,
        "secret_ratio": task.secret > 0,
        "bias": False,
    }
    names = measures_of(declared)
    assert {name: name in names for name in has} == has


@pytest.mark.parametrize(
    ("model", "operation", "seeds"),
    [
        *((model, "multiply", [0, 1]) for model in MODELS),
        *(("centered", operation, [0]) for operation in ("add", "x2+xy+y2", "s4_compose")),
        ("transformer", "add", [0]),
    ],
)
def test_the_measures_of_a_running_arm_are_those_of_its_parameters(model, operation, seeds):
    task = {"name": "binary_operation", "operation": operation, "p": 5}
    adamw = {"name": "adamw", "lr": 0.01}
    a = arm(adamw, task=task, model=MODELS[model], loss="cross_entropy", seeds=seeds, record_every=1)
    run_to(a, 2)
    learner = a._trainer._learner
    tasks = [build_task(BinaryOperation(**task), seed, torch.float64) for seed in seeds]
    probe = probe_of(learner.network, tasks, a.theta)
    probe = Probe(**{**vars(probe), "theta_0": learner.theta_0})
    had = measures_of(a.spec.task)
    expected = {name: take(name, probe) for name, measure in had.items() if not measure.costly}
    assert set(expected) | set(ENVELOPE) == set(a.history.names)
    for name, values in expected.items():
        assert a.history.last(name).tolist() == pytest.approx(values.tolist(), nan_ok=True, rel=1e-9), name


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_squared_error_of_classes_is_that_of_their_one_hot_vectors(loss):
    a = arm(
        {"name": "sgd", "lr": 0.1},
        task={"name": "binary_operation", "p": 5},
        model=MODELS["mlp"],
        loss=loss,
        record_every=1,
    )
    run_to(a, 1)
    learner = a._trainer._learner
    train = build_task(spec(p=5), 0, torch.float64).train
    parameters = {
        n: v.clone().requires_grad_() for n, v in learner.network.parameters(learner.theta_0[0]).items()
    }
    outputs = functional_call(learner.network.module, parameters, (train.inputs,))
    expected = (
        functional.mse_loss(outputs, functional.one_hot(train.targets, 5).double())
        if loss == "mse"
        else functional.cross_entropy(outputs, train.targets)
    )
    expected.backward()
    after = torch.cat([(v - 0.1 * v.grad).detach().reshape(-1) for v in parameters.values()])
    torch.testing.assert_close(a.theta[0], after)
