"""Orders in words: what is understood, and what is said of what is not."""

from __future__ import annotations

import pytest
from arms import preset

from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import State
from grok_tui.errors import GrokTuiError
from grok_tui.frontend.spoken import order_of


@pytest.fixture(scope="module")
def snapshot():
    arms = ({"name": name, "optimizer": {"name": "sgd", "lr": 0.1}} for name in ("a", "b"))
    return Run(preset(*arms), "cpu").snapshot(State.PAUSED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pause", {"order": "pause"}),
        ("go on", {"order": "go on"}),
        ("go", {"order": "go on"}),
        ("step", {"order": "step", "steps": 1}),
        ("step 100", {"order": "step", "steps": 100}),
        ("pace 50", {"order": "pace", "pace": 50.0}),
        ("pace full", {"order": "pace", "pace": None}),
        ("fork", {"order": "fork", "arm": "a", "step": None, "name": "a_2"}),
        ("fork mine at=7", {"order": "fork", "arm": "a", "step": 7, "name": "mine"}),
        ("rewind 7", {"order": "rewind", "arm": "a", "step": 7}),
    ],
)
def test_orders_to_a_run(snapshot, text, expected):
    assert order_of(text.split(), snapshot, "a").model_dump() == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("set lr 1e-2", "lr = 0.01"),
        ("set nesterov true", "nesterov = yes"),
        ("set batch_size full", "batch_size = full"),
        ("set betas [0.9,0.99]", "betas = 0.9 0.99"),
        ("switch adamw lr=0.1 weight_decay=1", "switch to AdamW lr 0.1 weight_decay 1"),
        ("switch sgd state=kept", "switch to SGD lr 0.001"),
        ("schedule lr warmup over 10, then cosine over 90", "lr along warmup over 10, then cosine over 90"),
        ("reset", "optimizer state reset"),
        ("reset 0", "optimizer state reset, replica 0"),
        ("jump 0.5", "random jump of norm 0.5"),
        ("jump of_next_steps=30", "random jump as far as 30 steps"),
        ("withhold 3", "withhold 3 samples at random"),
    ],
)
def test_what_is_done_to_an_arm(snapshot, text, words):
    found = order_of(text.split(), snapshot, "a").intervention
    assert (found.told(), found.arm, found.at_step) == (words, "a", 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("set lr=1e-2", "unknown key 'lr'"),
        ("set lr", "value: missing"),
        ("set lr 1 2", "'2' is too much"),
        ("switch sgdd", "unknown name 'sgdd'; did you mean 'sgd'?"),
        ("switch", "optimizer: missing"),
        ("schedule", "needs a name and how it goes"),
        ("schedule lr", "needs a name and how it goes"),
        ("schedule lr cosin over 5", "did you mean 'cosine'?"),
        ("jump", "either a norm or of_next_steps"),
        ("jump norm=1 norm=2", "norm is said twice"),
        ("pause now", "'now' is too much"),
        ("step many", "whole number"),
        ("step 0", "greater than or equal to 1"),
        ("pace", "needs a number"),
        ("pace -1", "greater than 0"),
        ("fork class", "cannot name an arm"),
        ("fork mine on=7", "unknown key 'on'"),
        ("rewind back", "whole number"),
        ("swich adamw", "unknown order 'swich'; did you mean 'switch'?"),
        ("", "unknown order ''"),
    ],
)
def test_what_is_said_wrong_is_told_in_a_line(snapshot, text, words):
    with pytest.raises(GrokTuiError) as raised:
        order_of(text.split(), snapshot, "a")
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("arm", "words"), [(None, "to which arm? --arm takes one of a, b"), ("c", "unknown arm 'c'")]
)
def test_an_order_to_an_arm_needs_one(snapshot, arm, words):
    with pytest.raises(GrokTuiError) as raised:
        order_of(["reset"], snapshot, arm)
    assert words in str(raised.value)
