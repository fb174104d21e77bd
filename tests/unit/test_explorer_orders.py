"""What keys and knobs of the explorer ask of a run."""

import math
from dataclasses import replace
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from grok_tui.catalog import registry
from grok_tui.catalog.interventions import Jump, Set, Switch
from grok_tui.catalog.modifiers import MODIFIERS, Modifiers
from grok_tui.catalog.optimizers import OPTIMIZERS, AdamW, Sgd
from grok_tui.catalog.plugins import PluginError
from grok_tui.catalog.seen import ENVELOPE
from grok_tui.engine.arm.status import ArmStatus
from grok_tui.engine.record.history import History
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.frontend import knobs, orders
from grok_tui.options import RunOptions
from grok_tui.presets import load


@pytest.fixture(scope="module")
def preset():
    return load("linear101")


def status(spec, l2_norm: float = 2.0) -> ArmStatus:
    history = History(("l2_norm",), 1)
    history.append(0, np.array([[l2_norm]]), np.zeros((len(ENVELOPE), 1)))
    return ArmStatus(
        name=spec.name,
        step=40,
        end=spec.training.steps,
        optimizer=spec.optimizer,
        since=0,
        modifiers=Modifiers(),
        batch_size=spec.training.batch_size,
        diverged=False,
        interventions=(),
        events=(),
        history=history,
    )


@pytest.fixture
def sgd(preset) -> ArmStatus:
    return status(preset.arms[0])


def knob(preset, arm, key):
    return next(one for one in knobs.knobs(preset, arm) if one.key == key)


def test_a_plugin_that_cannot_be_loaded_is_tried_once_and_leaves_the_other_knobs(preset, sgd, monkeypatch):
    broken = EntryPoint("sway", "nowhere_at_all:SWAY", MODIFIERS.group)
    tried = []
    plain = [one.key for one in knobs.knobs(preset, sgd)]

    def load(point):
        tried.append(point)
        raise PluginError("no module")

    monkeypatch.setattr(registry, "load", load)
    monkeypatch.setattr(
        registry, "offered", lambda group: {"sway": (broken,)} if group == broken.group else {}
    )
    monkeypatch.setattr(MODIFIERS, "_broken", {})
    for _ in range(2):
        assert [one.key for one in knobs.knobs(preset, sgd)] == plain
    assert tried == [broken]
    with pytest.raises(PluginError, match="no module"):
        MODIFIERS["sway"]


def test_a_swap_takes_what_the_arm_used_last_then_the_preset_then_the_defaults(preset, sgd):
    used = {"adamw": AdamW(name="adamw", lr=0.5)}
    assert orders.swapped(sgd, preset, used, "kept").optimizer.lr == 0.5
    planned = orders.swapped(sgd, preset, {}, "fresh").optimizer
    assert planned == next(spec.optimizer for spec in preset.arms if spec.optimizer.name == "adamw")
    alone = preset.model_copy(update={"arms": preset.arms[:1]})
    assert orders.swapped(sgd, alone, {}, "fresh").optimizer == orders.SWAPS["adamw"]


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"sgd"}))
def test_a_swap_goes_to_sgd_from_all_others(preset, sgd, name):
    arm = replace(sgd, optimizer=OPTIMIZERS.spec(name))
    done = orders.swapped(arm, preset, {}, "fresh")
    assert isinstance(done, Switch)
    assert done.optimizer.name == "sgd"
    assert done.optimizer.lr == 0.1


def test_four_nudges_make_a_decade(preset, sgd):
    for _ in range(4):
        done = orders.nudged(sgd, "lr", 1)
        sgd = replace(sgd, optimizer=Sgd(name="sgd", lr=done.value))
    assert sgd.optimizer.lr == pytest.approx(1.0, rel=0.01)


def test_nudges_leave_zero_and_stop_at_the_ends(sgd):
    none = replace(sgd, optimizer=Sgd(name="sgd", lr=0.0))
    assert orders.nudged(none, "lr", 1).value > 0
    assert orders.nudged(none, "weight_decay", -1).value == 0
    tiny = replace(sgd, optimizer=Sgd(name="sgd", weight_decay=1e-8))
    assert orders.nudged(tiny, "weight_decay", -1).value == 0
    huge = replace(sgd, optimizer=Sgd(name="sgd", lr=1e300))
    assert orders.nudged(huge, "lr", 1).value == 1e300


@pytest.mark.parametrize(
    ("norm", "expected"), [(2.0, 0.2), (0.0, 0.1), (math.nan, 0.1), (math.inf, 0.1), (1e-20, 1e-21)]
)
def test_a_jump_is_a_tenth_of_the_norm(preset, norm, expected):
    done = orders.jump(status(preset.arms[0], norm))
    assert isinstance(done, Jump)
    assert done.norm == pytest.approx(expected)


def test_paces_go_down_to_one_step_a_second_and_up_to_full_speed():
    assert orders.slower(None, 830.0) == 500
    assert orders.slower(None, 0.0) == 1
    assert orders.slower(1.0, 1.0) == 1
    assert orders.faster(1.0) == 2
    assert orders.faster(10_000.0) is None
    assert orders.faster(None) is None


def test_what_was_done_by_hand_is_told_from_what_the_preset_planned():
    preset = load("linear101-switch")
    planned = [done for done in preset.interventions if done.arm == "decayed"]
    by_hand = Set(action="set", arm="decayed", at_step=7, hyperparameter="lr", value=0.5)
    arms = tuple(status(spec) for spec in preset.arms)
    arms = (replace(arms[0], interventions=(by_hand, *planned)), *arms[1:])
    assert orders.by_hand(Snapshot(State.RUNNING, preset=preset, arms=arms)) == {"decayed": (by_hand,)}


def test_what_waited_for_another_arm_was_planned_too():
    preset = load("slingshot-vs-jump")
    jump = next(done for done in preset.interventions if done.action == "jump")
    done = jump.settled(7126, 2)
    by_hand = done.model_copy(update={"of_next_steps": 31})
    arms = tuple(status(spec) for spec in preset.arms)
    arms = (arms[0], replace(arms[1], interventions=(done, by_hand)), arms[2])
    assert orders.by_hand(Snapshot(State.RUNNING, preset=preset, arms=arms)) == {"random_jump": (by_hand,)}


def test_a_restart_with_the_knobs_as_they_stand_starts_with_them(preset, sgd):
    arm = replace(sgd, optimizer=AdamW(name="adamw", lr=0.02, betas=(0.8, 0.9)), batch_size=10)
    options = knobs.with_assignments(RunOptions(), orders.as_set(preset, [arm]))
    first, second = options.load("linear101").arms[:2]
    assert first.optimizer == arm.optimizer
    assert first.training.batch_size == 10
    assert second.optimizer == preset.arms[1].optimizer


def test_every_parameter_has_a_row_with_its_meaning_and_those_that_are_live_come_first(preset, sgd):
    rows = knobs.knobs(preset, sgd)
    keys = [row.key for row in rows]
    for key in (
        "optimizer",
        "optimizer.lr",
        "training.batch_size",
        "training.loss",
        "training.seed",
        "model.init",
    ):
        assert key in keys
    assert len(keys) == len(set(keys))
    assert all(row.hint for row in rows)
    live = [row.live for row in rows]
    assert live == sorted(live, reverse=True)


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("optimizer.lr", "1e-3", ""),
        ("optimizer.lr", "", "a value is needed"),
        ("optimizer.lr", "fast", "'fast' is no number"),
        ("optimizer.lr", "nan", "needs a finite number"),
        ("optimizer.lr", "-1", "should be greater than or equal to 0"),
        ("optimizer.nesterov", "yes", "nesterov needs momentum"),
        ("training.batch_size", "full", ""),
        ("training.batch_size", "10", ""),
        ("training.batch_size", "0", "whole number from 1"),
        ("training.batch_size", "101", "more than the 100 training samples"),
        ("training.batch_size", "most", "needs a whole number or full"),
        ("training.steps", "1.5", "needs a whole number"),
        ("training.loss", "mae", "unknown value 'mae'"),
        ("task.samples", "0", "should be greater than or equal to 1"),
        ("model.init", "uniform", ""),
    ],
)
def test_what_is_typed_is_checked_at_once(preset, sgd, key, text, expected):
    problem = knobs.problem(knob(preset, sgd, key), text, preset, sgd)
    assert expected in problem if expected else problem == ""


def test_betas_are_two_numbers(preset):
    adamw = status(preset.arms[4])
    betas = knob(preset, adamw, "optimizer.betas")
    assert knobs.parsed(betas, betas.text) == list(adamw.optimizer.betas)
    assert knobs.parsed(betas, "0.5, 0.6") == [0.5, 0.6]
    assert "needs 2 numbers" in knobs.problem(betas, "0.5", preset, adamw)
    assert "should be less than 1" in knobs.problem(betas, "0.5 1", preset, adamw)


@pytest.mark.parametrize(
    ("key", "value"),
    [("training.steps", 70), ("training.seed", 3), ("training.dtype", "float64"), ("task.samples", 20)],
)
def test_a_restart_takes_the_new_value_in_every_arm(preset, sgd, key, value):
    options = knobs.with_value(RunOptions(), knob(preset, sgd, key), value, preset)
    again = options.load("linear101")
    name = key.rpartition(".")[2]
    holders = {
        "training.seed": [again.training],
        "task.samples": [again.task],
    }.get(key, [arm.training for arm in again.arms])
    assert {getattr(holder, name) for holder in holders} == {value}


def test_the_shown_value_of_every_knob_can_be_typed_back(preset):
    for spec in preset.arms:
        arm = status(spec)
        for row in knobs.knobs(preset, arm)[1:]:
            value = knobs.parsed(row, row.text)
            assert tuple(value) == row.value if isinstance(value, list) else value == row.value
