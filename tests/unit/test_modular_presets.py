"""Presets of binary operations: what an arm may change, what is measured, and what is refused."""

from __future__ import annotations

import pytest
from arms import arm_of

from grok_tui.errors import GrokTuiError
from grok_tui.presets import load

BASE = """
title = "t"
summary = "s"
sources = ["none"]
measures = ["sharpness"]

[task]
name = "binary_operation"
operation = "add"
p = 7
train_fraction = 0.5

[model]
name = "transformer"
width = 16
heads = 4

[training]
steps = 20
loss = "cross_entropy"

[modifiers]
warmup = 3

[[arms]]
name = "adamw"
optimizer = { name = "adamw" }

[[arms]]
name = "divided"
optimizer = { name = "muon" }
task = { operation = "divide", train_fraction = 0.6 }
modifiers = { clip_norm = 1.0 }

[[interventions]]
arm = "adamw"
at_step = 10
action = "set"
hyperparameter = "dropout"
value = 0.1

[[claims]]
says = "it is flat"
holds = "end(divided.sharpness) < 10"
origin = "a test"
"""


def test_an_arm_may_have_a_task_of_its_own_kind(write):
    preset = load(write(BASE), assignments=["task.p=11"])
    assert [one.task.p for one in preset.arms] == [11, 11]
    assert [one.task.operation for one in preset.arms] == ["add", "divide"]
    assert [one.task.shape.samples for one in preset.arms] == [60, 66]


def test_an_arm_adds_its_modifiers_to_those_of_the_preset(write):
    preset = load(write(BASE))
    adamw, divided = (arm_of(preset, name).modifiers for name in ("adamw", "divided"))
    assert (adamw.warmup, adamw.clip_norm) == (3, 0)
    assert (divided.warmup, divided.clip_norm) == (3, 1)


@pytest.mark.parametrize(
    ("old", "new", "measured"),
    [
        ("", "", {"adamw": True, "divided": True}),
        ('measures = ["sharpness"]', "", {"adamw": False, "divided": True}),
    ],
)
def test_a_costly_measure_is_taken_where_it_is_listed_or_claimed(write, old, new, measured):
    preset = load(write(BASE.replace(old, new, 1)))
    assert {one.name: "sharpness" in preset.measures_of(one) for one in preset.arms} == measured


BAD = {
    "no prime": (
        "p = 7",
        "p = 8",
        "task.p: division needs a prime modulus, which 8 is not; the nearest is 7",
    ),
    "fraction 0": (
        "train_fraction = 0.5",
        "train_fraction = 0.0",
        "task.train_fraction: should be greater than 0",
    ),
    "fraction 1": (
        "train_fraction = 0.5",
        "train_fraction = 1.0",
        "task.train_fraction: should be less than 1",
    ),
    "unknown operation": ('"add"', '"ad"', "task.operation: unknown value 'ad'; did you mean 'add'?"),
    "more outliers than samples": ("p = 7", "p = 7\noutliers = 26", "task.outliers: 26 is more than the"),
    "table larger than memory": ("p = 7", "p = 1009", "GiB of memory"),
    "width 0": ("width = 16", "width = 0", "model.width: should be greater than or equal to 1"),
    "heads that do not divide": ("heads = 4", "heads = 3", "heads"),
    "another kind of task": ('operation = "divide"', 'name = "linear101"', "arms.divided"),
    "unknown measure": (
        '["sharpness"]',
        '["sharpnes"]',
        "unknown measure 'sharpnes'; did you mean 'sharpness'?",
    ),
    "unknown modifier": ("clip_norm", "clip_nrom", "unknown key 'clip_nrom'; did you mean 'clip_norm'?"),
    "modifier out of bounds": (
        "value = 0.1",
        "value = 1.5",
        "interventions[0]: dropout: should be less than 1",
    ),
    "unknown knob": ('"dropout"', '"dropuot"', "interventions[0]"),
}


@pytest.mark.parametrize(("old", "new", "said"), BAD.values(), ids=BAD)
def test_a_bad_preset_is_answered_in_one_line(write, old, new, said):
    assert old in BASE
    with pytest.raises(GrokTuiError) as error:
        load(write(BASE.replace(old, new, 1)))
    assert said in str(error.value)
    assert len(str(error.value).splitlines()) == 1
