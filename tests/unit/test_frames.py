"""An optimizer in rotated coordinates: who notices; and a frame belongs to its arm and its checkpoints."""

from __future__ import annotations

import math
import re

import pytest
import torch
from arms import SUMS, preset, run_to
from pydantic import ValidationError

from grok_tui.catalog.frames import FRAMES, FrameSpec, Identity, Rotated
from grok_tui.catalog.interventions import intervention
from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.catalog.seen import SEEN
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.steps.compiled.builds import Workshop
from grok_tui.engine.steps.compiled.native import compiler
from grok_tui.engine.steps.cuda_graph import CountedSteps
from grok_tui.errors import PresetError
from grok_tui.frontend.knobs import knobs, problem, with_value
from grok_tui.frontend.preset_toml import toml_text
from grok_tui.lab.frames import Rotation, build_frame, random_orthogonal
from grok_tui.lab.models import Layout, Role
from grok_tui.lab.optimizers import build_rule, hyperparameters
from grok_tui.options import RunOptions
from grok_tui.presets import load

LAYOUT = Layout.of([("matrix", (7, 6), Role.HIDDEN, 0), ("vector", (5,), Role.BIAS, 0)])
MLP = {"name": "mlp", "hidden": 6, "bias": True}
ROTATED = {"name": "rotated", "seed": 3}
FINE = {"name": "rotated", "block": 8}

UNMOVED = {
    "sgd": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
    "adasgd": {"name": "adasgd", "lr": 0.01, "weight_decay": 0.1},
    "adam_blockwise": {"name": "adam_blockwise", "lr": 0.01, "weight_decay": 0.1},
}
TURNED = {
    "adam": {"name": "adam", "lr": 0.01},
    "adamw": {"name": "adamw", "lr": 0.01, "weight_decay": 0.1},
    "sign": {"name": "sign", "lr": 0.01},
    "muon": {"name": "muon"},
}


def normal(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def rotation(block=256, seed=0, layout=LAYOUT) -> Rotation:
    frame = build_frame(Rotated(name="rotated", seed=seed, block=block), layout, normal(1))
    assert isinstance(frame, Rotation)
    return frame


def arm(optimizer, frame="identity", *, compiling=None, seeds=(0, 1), modifiers=None) -> Arm:
    own = {"name": "a", "optimizer": optimizer, "model": MLP, "modifiers": modifiers or {}, "frame": frame}
    p = preset(own, task=SUMS, loss="cross_entropy", batch_size=4)
    spec = p.arms[0]
    return Arm(spec, p.measures_of(spec), seeds, torch.device("cpu"), (), compiling)


@pytest.mark.parametrize("block", [256, 16, 4, 1])
def test_a_rotation_keeps_lengths_and_angles_and_can_be_undone(block):
    frame, theta = rotation(block), normal(3, LAYOUT.size)
    turned = frame.there(theta)
    torch.testing.assert_close(turned @ turned.T, theta @ theta.T)
    torch.testing.assert_close(frame.again(turned), theta)
    assert (turned - theta).abs().max() > 0.1


@pytest.mark.parametrize("block", [256, 16, 4])
def test_each_tensor_is_rotated_by_itself_and_mixed_throughout(block):
    frame = rotation(block)
    matrix, vector = LAYOUT.pieces
    image = frame.there(torch.eye(LAYOUT.size, dtype=torch.float64))
    for own, other in ((matrix, vector), (vector, matrix)):
        assert not image[own.place, other.place].any()
        reached = (image[own.place, own.place].abs() > 1e-12).sum(-1)
        assert reached.min() >= min(own.size, block)


def test_a_tensor_of_many_blocks_is_mixed_beyond_a_block():
    layout = Layout.of([("wide", (400,), Role.HIDDEN, 0)])
    image = rotation(20, layout=layout).there(torch.eye(400, dtype=torch.float64))
    assert (image.abs() > 1e-12).sum(-1).min() > 100


def test_the_seed_alone_says_which_rotation_it_is():
    theta = normal(1, LAYOUT.size)
    one, same, other = rotation(seed=1), rotation(seed=1), rotation(seed=2)
    assert torch.equal(one.there(theta), same.there(theta))
    assert (one.there(theta) - other.there(theta)).abs().max() > 0.1


def test_matrices_are_orthogonal_and_as_often_reflections_as_not():
    drawn = [torch.from_numpy(random_orthogonal(4, seed, 0)) for seed in range(200)]
    for matrix in drawn:
        torch.testing.assert_close(matrix @ matrix.T, torch.eye(4, dtype=torch.float64))
    assert 70 < sum(torch.linalg.det(matrix).item() > 0 for matrix in drawn) < 130
    assert torch.stack(drawn).mean(0).abs().max() < 0.15  # of entries with sd 1/2


@pytest.mark.parametrize("frame", [ROTATED, FINE], ids=["whole", "blocks"])
@pytest.mark.parametrize("optimizer", UNMOVED.values(), ids=UNMOVED)
def test_what_treats_a_tensor_as_a_whole_goes_the_same_way_in_any_coordinates(optimizer, frame):
    plain, turned = run_to(arm(optimizer), 60), run_to(arm(optimizer, frame), 60)
    assert (plain.theta - plain._trainer._learner.theta_0).norm() > 0.5
    torch.testing.assert_close(turned.theta, plain.theta, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("optimizer", TURNED.values(), ids=TURNED)
def test_what_treats_coordinates_one_by_one_goes_another_way(optimizer):
    plain, turned = run_to(arm(optimizer), 60), run_to(arm(optimizer, ROTATED), 60)
    apart = (turned.theta - plain.theta).norm() / (plain.theta - plain._trainer._learner.theta_0).norm()
    assert apart > 0.1


def loss_after(name: str, frame: FrameSpec, lr: float) -> float:
    """Minimize sum_i h_i x_i^2 / 2 with h from 1 to 1e-4 in 1000 steps of a falling rate."""
    layout = Layout.of([("x", (100,), Role.INPUT | Role.READOUT, 0)])
    curvature, theta = torch.logspace(0, -4, 100, dtype=torch.float64), normal(1, 100)
    rule, around = build_rule(name, layout), build_frame(frame, layout, theta)
    hyper = hyperparameters(OPTIMIZERS.spec(name, lr=lr, weight_decay=0.0), 1)
    state = rule.initial(theta, hyper)
    for step in range(1, 1001):
        hyper["lr"].fill_(lr * (1 + math.cos(math.pi * step / 1000)) / 2)
        count = torch.full((1, 1, 1), step, dtype=torch.float64)
        c = {key: value.expand(1, 1, 1)[0] for key, value in rule.coefficients(hyper, count).items()}
        theta, state = around.update(rule, theta, curvature * theta, state, c)
    return (curvature * theta.square()).sum().item() / 2


@pytest.mark.parametrize(
    ("name", "rates"), [("sgd", (0.3, 1.0, 1.5)), ("adasgd", (0.1, 0.3, 1.0)), ("adam", (0.03, 0.1, 0.3))]
)
def test_adam_alone_loses_by_a_rotation_of_a_quadratic_along_the_axes(name, rates):
    """Xie et al. 2024 (2410.08198): Adam exploits that the Hessian is diagonal, the others cannot."""
    plain, turned = (
        min(loss_after(name, frame, rate) for rate in rates)
        for frame in (Identity(), Rotated(name="rotated"))
    )
    if name == "adam":
        assert turned > 1e3 * plain
    else:
        assert turned == pytest.approx(plain, rel=1e-6)


def test_decay_towards_the_start_is_the_same_in_any_coordinates():
    modifiers = {"decay_towards": "init"}
    sgd = UNMOVED["sgd"] | {"weight_decay": 0.3}
    plain, turned = (run_to(arm(sgd, frame, modifiers=modifiers), 60) for frame in ("identity", ROTATED))
    torch.testing.assert_close(turned.theta, plain.theta, rtol=1e-9, atol=1e-11)


def test_a_step_of_zero_leaves_every_bit_where_it_is():
    one = arm({"name": "adam", "lr": 0.0}, ROTATED)
    before = one.theta.clone()
    assert torch.equal(run_to(one, 20).theta, before)


def test_the_bits_do_not_depend_on_chunks():
    assert torch.equal(
        run_to(arm(TURNED["adam"], FINE), 50).theta, run_to(arm(TURNED["adam"], FINE), 50, chunk=7).theta
    )


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler here")
def test_compiled_steps_give_the_numbers_of_eager_ones(tmp_path):
    eager = run_to(arm(TURNED["adamw"], FINE), 60)
    compiled = run_to(arm(TURNED["adamw"], FINE, compiling=Compiling("on", workshop=Workshop(tmp_path))), 60)
    assert [since.backend for since in compiled.backends] == ["compiled"]
    torch.testing.assert_close(compiled.theta, eager.theta, rtol=1e-9, atol=1e-12)


def test_what_a_cuda_graph_captures_takes_the_steps_of_the_eager_plan():
    arms = [run_to(arm(TURNED["adam"], FINE), 1) for _ in range(2)]
    eager, other = (next(iter(one._trainer._works.values()))._eager for one in arms)
    counted = CountedSteps(other)
    indices = torch.randint(0, 10, (6, 2, 4), generator=torch.Generator().manual_seed(0))
    results = [torch.zeros(6, len(SEEN), 2, dtype=torch.float64) for _ in range(2)]
    table = eager.table.clone().unsqueeze(0)
    eager.run(table, indices, results[0])
    counted.rows.run(counted.take, table, indices, results[1])
    assert torch.equal(arms[0].theta, arms[1].theta)
    assert torch.equal(*results)


def test_a_state_goes_on_to_the_same_bits_in_its_frame_and_is_refused_in_another():
    one = run_to(arm(TURNED["adam"], ROTATED), 20)
    state, arrays = one.export_state()
    other = arm(TURNED["adam"], ROTATED)
    other.restore_state(state, arrays)
    assert torch.equal(run_to(one, 50).theta, run_to(other, 50).theta)
    for frame in ("identity", {"name": "rotated", "seed": 4}, FINE):
        with pytest.raises(ValueError, match="its frame is"):
            arm(TURNED["adam"], frame).restore_state(state, arrays)
    assert type(state).model_validate_json(state.model_dump_json()) == state


def test_a_state_that_says_nothing_of_frames_is_of_the_networks_own():
    state, _ = arm(TURNED["adam"]).export_state()
    document = state.model_dump(mode="json", exclude={"frame"})
    assert type(state).model_validate(document, strict=False).frame == Identity()


def test_a_switch_stays_in_the_frame():
    adam, sgd = TURNED["adam"], UNMOVED["sgd"]
    what = {"arm": "a", "at_step": 0, "action": "switch", "optimizer": adam}
    paths = []
    for frame in ("identity", ROTATED):
        one = run_to(arm(sgd, frame), 20)
        one.intervene(intervention(what))
        paths.append((one.theta.clone(), run_to(one, 60).theta))
    torch.testing.assert_close(paths[0][0], paths[1][0], rtol=1e-9, atol=1e-11)
    assert (paths[0][1] - paths[1][1]).norm() > 0.01


PRESET = """
title = "a test"
summary = "small"
sources = ["none"]
task = {{ name = "linear101", samples = 10 }}
model = {{ name = "linear" }}
training = {{ steps = 10, loss = "mse" }}
[[arms]]
name = "plain"
optimizer = {{ name = "adam" }}
[[arms]]
name = "turned"
optimizer = {{ name = "adam" }}
frame = {frame}
"""


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ('"rotated"', Rotated(name="rotated")),
        ('{ name = "rotated", seed = 1 }', Rotated(name="rotated", seed=1)),
        ('"identity"', Identity()),
    ],
)
def test_a_preset_names_the_frame_of_an_arm_and_its_export_does_too(tmp_path, frame, expected):
    path = tmp_path / "p.toml"
    path.write_text(PRESET.format(frame=frame))
    found = load(str(path))
    assert [one.frame for one in found.arms] == [Identity(), expected]
    path.write_text(toml_text(found))
    assert load(str(path)) == found
    turned = load(str(path), assignments=["arms.plain.frame=rotated"])
    assert turned.arms[0].frame == Rotated(name="rotated")
    reseeded = load(str(path), assignments=["arms.plain.frame.name=rotated", "arms.plain.frame.seed=5"])
    assert reseeded.arms[0].frame == Rotated(name="rotated", seed=5)
    assert {type(one.frame) for one in turned.arms} <= {entry.spec for entry in FRAMES.values()}


def test_the_panel_has_the_frame_of_an_arm_that_has_one_and_changes_it_in_that_arm(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(PRESET.format(frame='"rotated"'))
    options = RunOptions()
    snapshot = Run(options.load(str(path))).snapshot(State.RUNNING)
    plain, turned = (knobs(snapshot.preset, one) for one in snapshot.arms)
    assert not [knob for knob in plain if "frame" in knob.key]
    seed = next(knob for knob in turned if knob.key == "arms.turned.frame.seed")
    assert (seed.value, seed.live, seed.section) == (0, False, "Frame: rotated")
    assert problem(seed, "-1", snapshot.preset, snapshot.arms[1])
    assert problem(seed, "7", snapshot.preset, snapshot.arms[1]) == ""
    again = with_value(options, seed, 7, snapshot.preset).load(str(path))
    assert [one.frame for one in again.arms] == [Identity(), Rotated(name="rotated", seed=7)]


@pytest.mark.parametrize(
    ("frame", "problem_found"),
    [
        ('"rotatd"', "arms.turned.frame: unknown name 'rotatd'; did you mean 'rotated'?"),
        ('{ name = "rotated", sed = 1 }', "unknown key 'sed'; did you mean 'seed'?"),
        ("3", "arms.turned.frame: should be a table"),
        ("{ seed = 1 }", "arms.turned.frame: name is missing"),
        ('{ name = "rotated", block = 0 }', "arms.turned.frame.block: should be greater than or equal to 1"),
    ],
)
def test_a_frame_that_is_none_is_one_line(tmp_path, frame, problem_found):
    path = tmp_path / "p.toml"
    path.write_text(PRESET.format(frame=frame))
    with pytest.raises(PresetError, match=re.escape(problem_found)):
        load(str(path))


def test_a_run_has_its_arms_in_their_frames():
    arms = [{"name": frame, "optimizer": TURNED["adam"], "model": MLP, "frame": frame} for frame in FRAMES]
    run = Run(preset(*arms, task=SUMS, loss="cross_entropy", steps=20))
    while not run.finished:
        run.advance()
    assert not torch.equal(run.arms["identity"].theta, run.arms["rotated"].theta)


def test_a_block_has_bounds():
    with pytest.raises(ValidationError):
        Rotated(name="rotated", block=2000)
