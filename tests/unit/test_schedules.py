"""Hyperparameters that follow schedules: the values, the steps taken with them, and hands that take over."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from arms import SUMS, arm, intervention, preset, run_to
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn
from torch.optim import lr_scheduler as torchs

from grok_tui.catalog.interventions import Set
from grok_tui.catalog.interventions import intervention as intervention_of
from grok_tui.catalog.schedules import SCHEDULES, Course, schedules_of
from grok_tui.frontend.glyphs import ASCII
from grok_tui.frontend.knobs import knobs, problem
from grok_tui.frontend.orders import as_set, nudged
from grok_tui.frontend.preset_toml import toml_text
from grok_tui.presets import Preset
from grok_tui.presets.load import load
from grok_tui.presets.problems import explain
from grok_tui.tui.live.parameters import knob_line

STEPS = 60
VALUE = 0.3
MLP = {"task": SUMS, "model": {"name": "mlp", "hidden": 6}, "loss": "cross_entropy"}
ADAMW = {"name": "adamw", "lr": VALUE, "weight_decay": VALUE}

KINDS = [
    ({"name": "constant", "factor": 0.2, "over": 17}, lambda o: torchs.ConstantLR(o, 0.2, 17)),
    ({"name": "linear", "to": 0.03, "over": 40}, lambda o: torchs.LinearLR(o, 1.0, 0.1, 40)),
    (
        {"name": "exponential", "to": 0.003, "over": 59},
        lambda o: torchs.ExponentialLR(o, 0.01 ** (1 / 59)),
    ),
    ({"name": "cosine", "to": 0.01, "over": 59}, lambda o: torchs.CosineAnnealingLR(o, 59, 0.01)),
    (
        {"name": "cosine_restarts", "to": 0.01, "period": 7},
        lambda o: torchs.CosineAnnealingWarmRestarts(o, 7, 1, 0.01),
    ),
    (
        {"name": "cosine_restarts", "to": 0.01, "period": 4, "times": 2},
        lambda o: torchs.CosineAnnealingWarmRestarts(o, 4, 2, 0.01),
    ),
    (
        {"name": "cosine_restarts", "period": 1, "times": 3},
        lambda o: torchs.CosineAnnealingWarmRestarts(o, 1, 3),
    ),
    ({"name": "one_cycle", "over": 60}, lambda o: torchs.OneCycleLR(o, VALUE, 60, cycle_momentum=False)),
    (
        {"name": "one_cycle", "over": 61, "rise": 0.45, "start": 10.0, "end": 50.0, "along": "linear"},
        lambda o: torchs.OneCycleLR(
            o,
            VALUE,
            61,
            pct_start=0.45,
            anneal_strategy="linear",
            cycle_momentum=False,
            div_factor=10.0,
            final_div_factor=50.0,
        ),
    ),
    ({"name": "step", "every": 9, "factor": 0.5}, lambda o: torchs.StepLR(o, 9, 0.5)),
    ({"name": "warmup", "over": 20, "start": 0.1}, lambda o: torchs.LinearLR(o, 0.1, 1.0, 20)),
    (
        {"name": "inverse_sqrt", "peak": 16},
        lambda o: torchs.LambdaLR(o, lambda t: min((t + 1) / 16, (16 / (t + 1)) ** 0.5)),
    ),
    (
        [{"name": "warmup", "over": 10, "start": 0.1}, {"name": "cosine", "over": 50}],
        lambda o: torchs.SequentialLR(
            o, [torchs.LinearLR(o, 0.1, 1.0, 10), torchs.CosineAnnealingLR(o, 50)], [10]
        ),
    ),
]
NAMES = [str(Course.model_validate({"parts": parts})) for parts, _ in KINDS]


def course(parts, since=0) -> Course:
    return Course.model_validate({"parts": parts, "since": since})


@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step.*", "ignore:The epoch parameter")
@pytest.mark.parametrize(("parts", "scheduler"), KINDS, ids=NAMES)
def test_each_kind_has_the_values_of_torch(parts, scheduler):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=VALUE)
    reference = scheduler(optimizer)
    expected = []
    for _ in range(STEPS):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        reference.step()
    np.testing.assert_allclose(course(parts).values(0, STEPS, VALUE), expected, rtol=1e-12, atol=1e-15)


def test_every_kind_is_compared():
    compared = {
        part["name"] for parts, _ in KINDS for part in (parts if isinstance(parts, list) else [parts])
    }
    assert compared == set(SCHEDULES.shipped)


@given(st.sampled_from(KINDS), st.integers(0, 200), st.integers(1, 80), st.integers(0, 50))
def test_values_do_not_depend_on_chunks_and_stay_between_what_is_said_to_be_reached(kind, step, steps, since):
    one = course(kind[0], since)
    values = one.values(since + step, steps, VALUE)
    singly = [one.values(since + step + k, 1, VALUE)[0] for k in range(steps)]
    assert values.tolist() == singly
    if not any(part.name in ("step", "inverse_sqrt") for part in one.parts):  # whose values tend to 0
        assert min(one.reached(VALUE)) - 1e-15 <= values.min()
    assert values.max() <= max(one.reached(VALUE)) * (1 + 1e-12)
    if one.ends is not None:
        beyond = one.values(one.ends, 50, VALUE)
        assert len(set(beyond.tolist())) == 1


@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step.*", "ignore:The epoch parameter")
@pytest.mark.parametrize(("parts", "scheduler"), KINDS, ids=NAMES)
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_run_along_each_kind_is_that_of_torch(parts, scheduler, optimizer):
    spec = {"name": optimizer, "lr": VALUE, "weight_decay": 0.01}
    if optimizer == "sgd":
        spec["momentum"] = 0.5
    a = arm(spec, schedule={"lr": parts}, steps=STEPS)
    theta = nn.Parameter(a.theta[0].clone())
    kind = torch.optim.SGD if optimizer == "sgd" else torch.optim.AdamW
    reference = kind([theta], **{key: value for key, value in spec.items() if key != "name"})
    schedule = scheduler(reference)
    x, y = a.task.train.inputs, a.task.train.targets
    for _ in range(STEPS):
        reference.zero_grad()
        nn.functional.mse_loss((x @ theta).view(y.shape), y).backward()
        reference.step()
        schedule.step()
    run_to(a, STEPS)
    torch.testing.assert_close(a.theta[0], theta.detach(), rtol=1e-11, atol=1e-14)


def trained(*, optimizer=ADAMW, chunk=10_000, steps=STEPS, **given):
    """Return theta [P] at the end, and the arm."""
    a = arm(optimizer, steps=STEPS, **given)
    run_to(a, steps, chunk)
    return a.theta[0].clone(), a


def by_hand(parts, name, value, steps=range(STEPS)):
    """Return the interventions that set each step's value of a course that begins with the first of them."""
    values = course(parts).values(0, len(steps), value)
    return [
        {"action": "set", "at_step": step, "hyperparameter": name, "value": float(one)}
        for step, one in zip(steps, values, strict=True)
    ]


@pytest.mark.parametrize(
    ("optimizer", "name"),
    [
        (ADAMW, "weight_decay"),
        (ADAMW, "eps"),
        ({"name": "sgd", "lr": 0.01, "momentum": VALUE}, "momentum"),
        ({"name": "rmsprop", "alpha": VALUE}, "alpha"),
        ({"name": "muon", "adamw_lr": VALUE}, "adamw_lr"),
        ({"name": "adam_blockwise"}, "lr"),
        ({"name": "adagrad"}, "lr_decay"),
        ({"name": "lion"}, "lr"),
        ({"name": "sign", "momentum": VALUE}, "momentum"),
    ],
)
def test_any_number_of_an_optimizer_can_follow_one(optimizer, name):
    parts = {"name": "linear", "to": 0.1, "over": 40}
    optimizer = {**optimizer, name: VALUE}
    found, _ = trained(optimizer=optimizer, schedule={name: parts}, **MLP)
    expected, _ = trained(optimizer=optimizer, interventions=by_hand(parts, name, VALUE), **MLP)
    assert torch.equal(found, expected)
    assert not torch.equal(found, trained(optimizer=optimizer, **MLP)[0])


@pytest.mark.parametrize(
    ("modifiers", "name"),
    [
        ({}, "weight_noise"),
        ({}, "update_noise"),
        ({}, "l_inf"),
        ({"l_inf": 0.1, "l_inf_form": "proximal"}, "l_inf"),
        ({"l_inf": 0.1, "l_inf_form": "p_norm", "l_inf_sharpness": 3.0}, "l_inf_sharpness"),
        ({"grokfast": "ema"}, "grokfast_factor"),
        ({"grokfast": "ema"}, "grokfast_decay"),
        ({"grokfast": "ma", "grokfast_window": 5}, "grokfast_factor"),
        ({"clip_norm": 1.0}, "clip_norm"),
        ({"norm_factor": 1.0}, "norm_factor"),
    ],
)
def test_a_modifier_can_follow_one(modifiers, name):
    value = modifiers.get(name, 0.5 if name.startswith("grokfast") else 0.0)
    to = 1.5 if name == "l_inf_sharpness" else 0.01 if name == "clip_norm" else 0.7
    parts = {"name": "linear", "to": to, "over": 40}
    found, _ = trained(schedule={name: parts}, modifiers={**modifiers, name: value}, **MLP)
    ahead = by_hand(parts, name, value)
    expected, _ = trained(modifiers={**modifiers, name: value}, interventions=ahead, **MLP)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    assert not torch.equal(found, trained(modifiers={**modifiers, name: value}, **MLP)[0])


def test_the_bits_depend_on_no_chunks_and_the_learning_rate_warms_up_besides():
    schedule = {"lr": {"name": "cosine", "over": 31}, "weight_decay": {"name": "step", "every": 7}}
    whole, _ = trained(schedule=schedule, modifiers={"warmup": 20})
    singly, _ = trained(schedule=schedule, modifiers={"warmup": 20}, chunk=1)
    assert torch.equal(whole, singly)
    assert not torch.equal(whole, trained(schedule=schedule)[0])


def test_a_hand_on_the_knob_takes_over_from_there():
    parts = {"name": "cosine", "over": 50}
    hand = {"action": "set", "at_step": 20, "hyperparameter": "lr", "value": 0.07}
    found, a = trained(schedule={"lr": parts, "weight_decay": parts}, interventions=[hand])
    before, _ = trained(schedule={"lr": parts, "weight_decay": parts}, steps=20)
    assert a.settings.courses.keys() == {"weight_decay"}
    assert a.settings.at(a.step).optimizer.lr == 0.07
    steps = [*by_hand(parts, "lr", VALUE, range(20)), *by_hand(parts, "weight_decay", VALUE), hand]
    expected, _ = trained(interventions=sorted(steps, key=lambda one: one["at_step"]))
    assert torch.equal(found, expected)
    assert not torch.equal(found, before)


def test_a_switch_ends_those_of_the_optimizer_and_not_those_of_modifiers():
    schedule = {
        "lr": {"name": "cosine", "over": 50},
        "weight_noise": {"name": "linear", "to": 0.1, "over": 50},
    }
    to = {"action": "switch", "at_step": 30, "optimizer": {"name": "sgd", "lr": 0.01}}
    _, a = trained(schedule=schedule, interventions=[to])
    assert a.settings.courses.keys() == {"weight_noise"}
    assert a.settings.at(60).optimizer.lr == 0.01


def test_a_schedule_can_begin_on_the_way_and_counts_from_there():
    parts = [{"name": "warmup", "over": 5, "start": 0.2}, {"name": "linear", "over": 20}]
    begun = {"action": "schedule", "at_step": 25, "hyperparameter": "lr", "schedule": parts}
    found, a = trained(interventions=[begun])
    expected, _ = trained(interventions=by_hand(parts, "lr", VALUE, range(25, STEPS)))
    assert torch.equal(found, expected)
    assert a.settings.courses["lr"].since == 25
    assert a.settings.at(25).optimizer.lr == pytest.approx(0.06)
    assert a.settings.at(50).optimizer.lr == 0
    assert a.interventions[0].told() == "lr along warmup over 5 start 0.2, then linear over 20"


def test_what_an_arm_follows_is_part_of_its_state():
    schedule = {
        "lr": {"name": "cosine", "over": 50},
        "weight_noise": {"name": "linear", "to": 0.1, "over": 50},
    }
    begun = {
        "action": "schedule",
        "at_step": 10,
        "hyperparameter": "weight_decay",
        "schedule": {"name": "one_cycle", "over": 30},
    }
    whole, _ = trained(schedule=schedule, interventions=[begun])
    _, first = trained(schedule=schedule, interventions=[begun], steps=20)
    state, arrays = first.export_state()
    again = type(state).model_validate_json(state.model_dump_json())
    assert again == state
    second = arm(ADAMW, steps=STEPS, interventions=[begun])
    second.restore_state(again, arrays)
    run_to(second, STEPS)
    assert torch.equal(second.theta[0], whole)


@pytest.mark.parametrize(
    ("schedule", "modifiers", "words"),
    [
        (
            {"lr": {"name": "cosin", "over": 5}},
            {},
            "schedule.lr.name: unknown name 'cosin'; did you mean 'cosine'",
        ),
        ({"lr": {"name": "cosine"}}, {}, "schedule.lr.over: missing"),
        ({"lr": {"name": "cosine", "over": 0}}, {}, "greater than or equal to 1"),
        ({"lr": {"name": "cosine", "over": 9, "too": 1}}, {}, "unknown key 'too'; did you mean 'to'"),
        ({"rate": {"name": "cosine", "over": 9}}, {}, "adamw has no number 'rate'"),
        ({"betas": {"name": "cosine", "over": 9}}, {}, "adamw has no number 'betas'"),
        ({"lr": {"name": "linear", "over": 9, "to": -1.0}}, {}, "its schedule leads to -1"),
        ({"dropout": {"name": "linear", "over": 9, "to": 0.5}}, {}, "'dropout' follows no schedule"),
        ({"batch_size": {"name": "constant"}}, {}, "no number 'batch_size'"),
        ({"clip_norm": {"name": "linear", "over": 9}}, {"clip_norm": 1.0}, "which would turn it off"),
        ({"lr": {"name": "constant"}}, {"reset_every": 5}, "does not go with resets within steps"),
        ({"lr": [{"name": "step", "every": 5}, {"name": "constant"}]}, {}, "nothing can follow 'step'"),
        ({"lr": []}, {}, "at least 1"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_line(schedule, modifiers, words):
    document = preset({"name": "a", "optimizer": ADAMW}).model_dump(mode="json")
    document["arms"][0] |= {"schedule": schedule, "modifiers": modifiers}
    with pytest.raises(ValidationError) as raised:
        Preset.model_validate(document)
    key, problem = explain(raised.value, document)
    assert words in f"{key}: {problem}"


def test_a_value_that_a_schedule_needs_cannot_be_taken_from_it():
    _, a = trained(schedule={"lr": {"name": "cosine", "over": 50}}, steps=10)
    with pytest.raises(ValueError, match="resets within steps"):
        a.intervene(Set(action="set", arm="a", at_step=10, hyperparameter="reset_every", value=5))
    run_to(a, STEPS)
    assert torch.equal(a.theta[0], trained(schedule={"lr": {"name": "cosine", "over": 50}})[0])


PRESET = """
title = "t"
summary = "s"
sources = ["x"]
schedule = { lr = { name = "cosine", over = 40 } }
[task]
name = "linear101"
samples = 10
[model]
name = "linear"
[training]
steps = 60
loss = "mse"
[[arms]]
name = "a"
optimizer = { name = "adamw" }
[[arms]]
name = "b"
optimizer = { name = "sgd" }
schedule = { lr = { to = 1e-4 } }
[[arms]]
name = "c"
optimizer = { name = "sgd" }
schedule = { lr = [{ name = "warmup", over = 10 }, { name = "step", every = 5 }] }
"""


@pytest.mark.parametrize(("parts", "_"), KINDS, ids=NAMES)
def test_a_schedule_is_read_as_it_is_told(parts, _):
    one = course(parts)
    assert schedules_of(str(one)) == one.parts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cosin over 5", "unknown schedule 'cosin'; did you mean 'cosine'"),
        ("cosine over 5,", "unknown schedule ''"),
        ("cosine over", "over of cosine needs a value"),
        ("cosine over 5 over 6", "a key twice"),
        ("cosine over five", "should be a whole number"),
        ("cosine over 5 to -1", "leads to -1"),
        ("step every 5, then cosine over 3", "nothing can follow 'step'"),
        ("one cycle over 60 rise 2", "less than or equal to 1"),
    ],
)
def test_what_is_typed_wrong_is_said_in_a_line(text, words):
    _, a = trained(steps=5)
    p = preset({"name": "a", "optimizer": ADAMW})
    row = next(one for one in knobs(p, a.status()) if one.key == "optimizer.lr")
    assert words in problem(row, text, p, a.status())


def test_the_panel_shows_the_present_value_and_the_way_it_goes():
    _, a = trained(schedule={"lr": {"name": "linear", "over": 60}}, steps=30)
    p = preset({"name": "a", "optimizer": ADAMW})
    row = next(one for one in knobs(p, a.status()) if one.key == "optimizer.lr")
    assert row.value == pytest.approx(VALUE / 2)
    assert row.shape[0] == 1
    assert list(row.shape) == sorted(row.shape, reverse=True)
    assert row.hint.startswith("follows linear over 60; a value typed here ends that")
    line = "".join(span.text for span in knob_line(row, None, 40, ASCII, marked=False))
    assert line.isascii()
    assert "0.15 #" in line
    assert nudged(a.status(), "lr", 1).value == pytest.approx(VALUE / 2 * 10**0.25, rel=1e-2)


def test_a_restart_as_set_follows_what_is_followed_now():
    document = preset({"name": "a", "optimizer": ADAMW, "schedule": {"lr": {"name": "cosine", "over": 50}}})
    _, a = trained(schedule={"lr": {"name": "cosine", "over": 50}}, steps=30)
    assert as_set(document, [a.status()]) == []
    a.intervene(Set(action="set", arm="a", at_step=30, hyperparameter="lr", value=0.1))
    begun = {"action": "schedule", "arm": "a", "at_step": 30, "hyperparameter": "eps"}
    a.intervene(intervention_of(begun | {"schedule": {"name": "linear", "over": 9, "to": 0.1}}))
    texts = as_set(document, [a.status()])
    assert texts[1:] == [
        'arms.a.schedule.eps=[{ name = "linear", to = 0.1, over = 9 }]',
        'arms.a.schedule.lr=[{ name = "constant", factor = 1.0 }]',
    ]


def test_arms_take_schedules_from_the_preset_and_the_command_line(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(PRESET)
    a, b, c = load(str(path)).arms
    assert str(a.settings.courses["lr"]) == "cosine over 40"
    assert str(b.settings.courses["lr"]) == "cosine to 0.0001 over 40"
    assert str(c.settings.courses["lr"]) == "warmup over 10, then step every 5"
    a, b, c = load(str(path), assignments=['schedule.lr={ name = "linear", over = 7 }']).arms
    assert [str(one.settings.courses["lr"]) for one in (a, b)] == ["linear over 7", "linear to 0.0001 over 7"]


def test_a_preset_written_out_says_the_same(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(PRESET + intervention(arm="a", at_step=5, action="set", hyperparameter="lr", value=0.5))
    read = load(str(path))
    (tmp_path / "again.toml").write_text(toml_text(read))
    assert load(str(tmp_path / "again.toml")) == read
