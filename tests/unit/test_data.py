"""Samples are acquired, withheld and relabelled as by a loop that has the samples; weights are drawn anew."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from arms import LINEAR, SUMS, arm, preset, run_to
from pydantic import ValidationError
from torch import nn

from grok_tui.catalog.interventions import intervention
from grok_tui.catalog.measures import MEASURES
from grok_tui.catalog.tasks import Shape
from grok_tui.engine.arm.batches import Batches
from grok_tui.engine.arm.interventions import flagged
from grok_tui.engine.run.run import Run
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.replay import Replay
from grok_tui.engine.store.store import create, resume
from grok_tui.engine.worker.travel import Journey, Trail
from grok_tui.frontend.happenings import happenings
from grok_tui.lab.models import build_network, initial_theta

ADAMW = {"name": "adamw", "lr": 1e-2, "weight_decay": 0.1}
SGD = {"name": "sgd", "lr": 0.1, "momentum": 0.9}
MLP = {"task": SUMS, "model": {"name": "mlp", "hidden": 6, "bias": True}, "loss": "cross_entropy"}
PARITY = {
    "task": {"name": "sparse_parity", "n": 9, "k": 2, "samples": 40, "validation": 50},
    "model": {"name": "mlp", "hidden": 8, "bias": True},
    "loss": "logistic",
}
CHANGES = [
    {"at_step": 20, "action": "withhold", "n": 2},
    {"at_step": 31, "action": "acquire", "n": 3},
    {"at_step": 40, "action": "relabel", "share": 0.5},
    {"at_step": 40, "action": "relabel", "indices": [1, 2]},
    {"at_step": 52, "action": "withhold", "n": 2},
]
INDEXED = [
    {"at_step": 10, "action": "withhold", "indices": [0, 3]},
    {"at_step": 25, "action": "acquire", "indices": [3]},
    {"at_step": 40, "action": "relabel", "indices": [0, 5]},
    {"at_step": 50, "action": "acquire", "n": 1},
]
AGAIN = [*CHANGES, {"at_step": 60, "action": "reinitialize"}, {"at_step": 63, "action": "acquire", "n": 1}]
FULL, EPOCHS = {"batch_size": "full"}, {"batch_size": 3}
INDEPENDENT = {"batch_size": 4, "batches": "independent"}


def in_set(a, replica=0):
    return np.arange(a.data.total) if a.data.mask is None else np.flatnonzero(a.data.mask[replica].numpy())


@pytest.mark.parametrize("batches", [FULL, EPOCHS, INDEPENDENT])
@pytest.mark.parametrize(("changes", "withheld"), [(CHANGES, 0.3), (INDEXED, 0.0)])
@pytest.mark.parametrize("replicas", [1, 2])
def test_an_arm_follows_a_loop_that_really_removes_the_samples(batches, changes, withheld, replicas):
    seeds = list(range(replicas))
    a = arm(ADAMW, seeds=seeds, interventions=changes, withheld=withheld, **batches, **MLP)
    kind = batches.get("batches", "epoch")
    modules, optimizers = [], []
    for theta in a.theta:
        module = build_network(a.spec.model, Shape(1, 10, 5)).double()
        nn.utils.vector_to_parameters(theta.clone(), module.parameters())
        modules.append(module)
        optimizers.append(torch.optim.AdamW(module.parameters(), lr=1e-2, weight_decay=0.1))
    since, version = 0, a.data.version
    assert (a.data.count, a.data.total) == (a.settings.samples, len(a.task.train.inputs))
    for step in range(80):
        run_to(a, step + 1)  # what is due is done before the step
        if a.data.version != version:
            since, version = step, a.data.version
        size = batches["batch_size"]
        for replica, (module, optimizer) in enumerate(zip(modules, optimizers, strict=True)):
            own = in_set(a, replica)
            x, y = (part[replica][own] for part in (a.data.samples.inputs, a.data.samples.targets))
            drawn = Batches(len(own), size, kind, [seeds[replica]], since)
            picked = torch.arange(len(own)) if drawn.full else drawn.indices(step, 1)[0, 0]
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(x[picked]), y[picked]).backward()
            optimizer.step()
            expected = nn.utils.parameters_to_vector(module.parameters())
            torch.testing.assert_close(a.theta[replica], expected, rtol=1e-9, atol=1e-12)
    assert [one.action for one in a.interventions] == [one["action"] for one in changes]


@pytest.mark.parametrize("batches", [FULL, EPOCHS])
def test_replicas_that_share_their_inputs_have_sets_of_their_own(batches):
    changes = [{"at_step": 9, "action": "acquire", "n": 2}]
    a = arm(SGD, seeds=[0, 1], interventions=changes, withheld=0.4, **batches)
    assert a.data.shared
    run_to(a, 20)
    assert in_set(a, 0).tolist() != in_set(a, 1).tolist()
    for replica in range(2):
        alone = run_to(arm(SGD, seeds=[replica], interventions=changes, withheld=0.4, **batches), 20)
        torch.testing.assert_close(a.theta[replica], alone.theta[0], rtol=1e-11, atol=1e-13)
        untrained = np.setdiff1d(np.arange(a.data.total), in_set(a, replica))
        start = arm(SGD, seeds=[replica]).theta[0]
        assert torch.equal(a.theta[replica, untrained], start[untrained]), (
            "no weight of a withheld sample moves"
        )


def test_measures_on_training_data_are_over_the_samples_that_are_in_the_set():
    names = ("train_loss", "train_accuracy", "margin_mean", "margin_min", "sharpness", "zero_loss_share")
    p = preset(
        {"name": "a", "optimizer": ADAMW, "model": MLP["model"]},
        task=SUMS,
        loss="cross_entropy",
        withheld=0.4,
    )
    p = p.model_copy(update={"measures": [MEASURES.spec("sharpness")]})
    run = Run(p)
    a = run.arms["a"]
    run_to(a, 30)
    own = in_set(a)
    assert len(own) == a.data.total - round(0.4 * a.data.total) < a.data.total
    x, y = a.task.train.inputs[own], a.task.train.targets[own]
    module = build_network(a.spec.model, Shape(1, 10, 5)).double()
    nn.utils.vector_to_parameters(a.theta[0].clone(), module.parameters())
    scores = module(x).detach()
    loss = nn.functional.cross_entropy(scores, y, reduction="none")
    best_other = scores.scatter(1, y[:, None], -torch.inf).amax(1)
    margins = scores.gather(1, y[:, None])[:, 0] - best_other

    def mean_loss(theta):
        parts = torch.split(theta, [p.numel() for p in module.parameters()])
        shaped = {n: q.view_as(p) for (n, p), q in zip(module.named_parameters(), parts, strict=True)}
        return nn.functional.cross_entropy(torch.func.functional_call(module, shaped, (x,)), y)

    hessian = torch.autograd.functional.hessian(mean_loss, a.theta[0].clone())
    expected = (
        loss.mean(),
        (margins > 0).double().mean(),
        margins.mean(),
        margins.min(),
        torch.linalg.eigvalsh(hessian)[-1],
        (loss == 0).double().mean(),
    )
    for name, value in zip(names, expected, strict=True):
        assert a.history.last(name)[0] == pytest.approx(
            value.item(), rel=2e-3 if name == "sharpness" else 1e-9
        ), name
    a.watch()
    seen = a.vectors["margins"].table()[1].ravel()
    np.testing.assert_allclose(seen[~np.isnan(seen)], margins.numpy(), rtol=1e-5)
    assert (a.vectors["pairs"].table()[1] >= 2).sum() == len(own), "only those in the set are trained"


@pytest.mark.parametrize("batches", [FULL, EPOCHS])
@pytest.mark.parametrize("problem", [MLP, PARITY])
def test_a_run_whose_data_change_is_resumed_replayed_and_travelled_to_the_same_bits(
    problem, batches, tmp_path
):
    spec = {"name": "a", "optimizer": SGD, "model": problem["model"]}
    p = preset(
        spec,
        interventions=[{"arm": "a", **one} for one in AGAIN],
        task=problem["task"],
        loss=problem["loss"],
        steps=90,
        replicas=2,
        withheld=0.3,
        **batches,
    )
    whole = Run(p)
    while not whole.finished:
        whole.advance()
    for stop in (15, 33, 62):
        run = Run(p)
        store = create(run, "t", at=tmp_path / f"r{stop}")
        while run.steps < stop:
            run.arms["a"].advance(stop - run.steps)
        store.checkpoint()
        store.close()
        directory = RunDirectory(tmp_path / f"r{stop}")
        again, store = resume(directory, lambda _: None)
        while not again.finished:
            again.advance()
        store.checkpoint("finished")
        store.close()
        state, arrays = again.arms["a"].export_state()
        expected, wanted = whole.arms["a"].export_state()
        assert state.interventions == expected.interventions
        assert (state.data_version, state.restarts) == (expected.data_version, expected.restarts)
        for name in wanted:
            assert arrays[name].tobytes() == wanted[name].tobytes(), name
        assert not any(c.difference for c in Replay(directory, lambda _: None).compare(lambda _: None))
    before = whole.arms["a"].history.values("distance_from_init").copy()
    for step in (10, 45, 61):
        journey = Journey(whole, "a", step, Trail())
        while not journey.arrived:
            journey.advance()
        run_to(journey.arm, 90)
        assert torch.equal(journey.arm.theta, whole.arms["a"].theta)
        assert np.array_equal(journey.arm.history.values("distance_from_init"), before)


def test_an_arm_can_go_back_behind_its_first_change_and_come_again():
    changed = arm(SGD, interventions=[{"at_step": 15, "action": "withhold", "n": 2}, *AGAIN], **MLP, **EPOCHS)
    run_to(changed, 10)
    before = changed.export_state()
    end = run_to(changed, 80).theta.clone()
    changed.restore_state(*before)
    assert changed.data.mask is None
    assert changed.settings.withheld == 0
    assert torch.equal(run_to(changed, 80).theta, end)


def test_nothing_is_traced_again_and_the_chunks_make_no_difference():
    options = {"interventions": AGAIN, "withheld": 0.3, **MLP}
    whole, parts = run_to(arm(SGD, **options), 90), arm(SGD, **options)
    while parts.step < 90:
        parts.advance(4)
    assert torch.equal(whole.theta, parts.theta)
    repeated = arm(SGD, withheld=0.3, **MLP)
    (work,) = repeated._trainer._works.values() if run_to(repeated, 3)._trainer._works else ()
    for n in (1, 2, 1):
        repeated.intervene(intervention({"action": "acquire", "arm": "a", "at_step": 0, "n": n}))
        run_to(repeated, repeated.step + 3)
    assert list(repeated._trainer._works.values()) == [work]


def test_without_such_interventions_there_is_neither_mask_nor_another_bit():
    plain, later = (
        arm(SGD, **MLP),
        arm(SGD, interventions=[{"at_step": 50, "action": "withhold", "n": 1}], **MLP),
    )
    assert torch.equal(run_to(plain, 50).theta, run_to(later, 50).theta)
    (work,) = plain._trainer._works.values()
    assert "mask" not in work.tensors
    assert plain.data.mask is None


def test_compiled_steps_read_mask_and_labels_in_place():
    options = {"interventions": [{"arm": "a", **one} for one in CHANGES], "task": SUMS, "withheld": 0.3}
    p = preset(
        {"name": "a", "optimizer": SGD, "model": MLP["model"]}, loss="cross_entropy", steps=80, **options
    )
    eager, compiled = Run(p), Run(p, compiling=Compiling("on"))
    for run in (eager, compiled):
        while not run.finished:
            run.advance()
    assert {one.backend for one in compiled.arms["a"].backends} == {"compiled"}
    torch.testing.assert_close(compiled.arms["a"].theta, eager.arms["a"].theta, rtol=1e-8, atol=1e-10)


def test_an_infinite_loss_of_what_is_withheld_makes_no_nan():
    a = arm(
        SGD,
        interventions=[{"at_step": 1, "action": "withhold", "indices": [4]}],
        **PARITY,
        dtype="float32",
        loss_dtype="float32",
    )
    run_to(a, 1)
    a.data.samples.inputs[:, 4] = 1e38
    run_to(a, 3)
    assert torch.isfinite(a.theta).all()


def test_weights_drawn_anew_are_those_of_the_seed_with_fresh_state_and_the_same_data():
    start = {"at_step": 30, "action": "reinitialize", "seed": 7}
    a = arm(ADAMW, seeds=[0, 1], interventions=[start], withheld=0.3, **MLP)
    run_to(a, 30)
    kept = a.data.mask.clone()
    a.carry_out_due(1)
    _, expected = initial_theta(a.spec.model, a.spec.task.shape, [7, 8], torch.float64)
    assert torch.equal(a.theta, expected)
    assert torch.equal(a.data.mask, kept)
    assert a.optimizer.age.tolist() == [[0.0], [0.0]]
    assert not any(slot.any() for slot in a.optimizer.state.values())
    run_to(a, 40)
    distance = (a.theta - expected).norm(dim=-1)
    np.testing.assert_allclose(a.history.last("distance_from_init"), distance.numpy(), rtol=1e-9)


def test_one_replica_alone_is_drawn_anew_from_a_seed_of_its_own():
    start = {"at_step": 30, "action": "reinitialize", "replica": 1}
    both = {"seeds": [0, 1], "replicas": 2, **MLP}
    plain, changed = arm(SGD, **both), arm(SGD, interventions=[start], **both)
    run_to(plain, 60), run_to(changed, 60)
    torch.testing.assert_close(plain.theta[0], changed.theta[0], rtol=1e-12, atol=1e-14)
    assert not torch.equal(plain.theta[1], changed.theta[1])


def test_other_labels_are_other_classes_and_other_signs():
    a = arm(SGD, interventions=[{"at_step": 0, "action": "relabel", "share": 1.0}], seeds=[0, 1], **MLP)
    run_to(a, 1)
    plain = arm(SGD, seeds=[0, 1], **MLP)
    assert (a.data.samples.targets != plain.data.samples.targets).all()
    assert set(a.data.samples.targets.unique().tolist()) <= set(range(5))
    assert not torch.equal(a.data.samples.targets[0], a.data.samples.targets[1])
    signs = arm(SGD, interventions=[{"at_step": 0, "action": "relabel", "indices": [2]}], **PARITY)
    run_to(signs, 1)
    before = signs.task.train.targets
    assert torch.equal(signs.data.samples.targets[0, 2], -before[2])
    assert torch.equal(signs.data.samples.targets[0, 3:], before[3:])


def test_what_is_done_to_data_is_told_marked_and_on_record():
    a = run_to(arm(SGD, interventions=AGAIN, withheld=0.3, **MLP), 70)
    assert [one.told() for one in a.interventions] == [
        "withhold 2 samples at random",
        "acquire 3 samples at random",
        "other labels for 50 % of the samples",
        "other labels for 2 samples",
        "withhold 2 samples at random",
        "weights drawn anew",
        "acquire 1 sample at random",
    ]
    marks = {label for _, label, kind in happenings(a.status()) if kind == "intervention"}
    assert marks == {"-2 samples", "+3 samples", "relabel", "reinitialize", "+1 sample"}
    assert all(planned for _, planned in flagged(a.interventions, a.interventions))
    assert a.status().samples == a.data.count


@pytest.mark.parametrize(
    ("one", "training", "said"),
    [
        ({"action": "acquire", "n": 3}, {}, "no sample is withheld that could be acquired"),
        ({"action": "acquire", "n": 4}, {"withheld": 0.2}, "4 samples are more than the 3 withheld"),
        ({"action": "withhold", "n": 99}, {}, "one has to stay"),
        ({"action": "withhold", "n": 8}, {"batch_size": 10}, "batch_size: 10 is more than the"),
        ({"action": "withhold", "indices": [99]}, {}, "indices: there are 16 training samples"),
        ({"action": "withhold", "indices": [1, 1]}, {}, "one of them comes twice"),
        ({"action": "withhold"}, {}, "either n or indices"),
        ({"action": "relabel"}, {}, "either a share or indices"),
        ({"action": "relabel", "share": 0.5}, {"task": LINEAR, "loss": "mse"}, "are numbers, not labels"),
        ({"action": "reset"}, {"withheld": 0.99}, "no training sample is left"),
        ({"action": "reset"}, {"withheld": 0.9, "batch_size": 3}, "batch_size: 3 is more than the 2"),
    ],
)
def test_what_data_do_not_allow_is_one_clear_error(one, training, said):
    spec = {"name": "a", "optimizer": SGD}
    options = {
        "task": {"name": "binary_operation", "p": 5, "train_fraction": 0.64},
        "loss": "cross_entropy",
    } | training
    with pytest.raises(ValidationError) as caught:
        preset(spec, interventions=[{"arm": "a", "at_step": 2, **one}], **options)
    assert said in str(caught.value)


def test_a_sample_that_is_there_already_is_not_acquired_again():
    a = arm(SGD, withheld=0.3, **MLP)
    there = in_set(a).tolist()
    with pytest.raises(ValueError, match=f"sample {there[1]} is in the training set already"):
        a.intervene(intervention({"action": "acquire", "arm": "a", "at_step": 0, "indices": [there[1]]}))
    assert in_set(a).tolist() == there
