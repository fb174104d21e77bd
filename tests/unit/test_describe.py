"""What was done to a run, in words."""

import pytest

from grok_tui.catalog.interventions import intervention
from grok_tui.frontend.describe import dated, described
from grok_tui.numbers import shown

SWITCH = {"action": "switch", "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}}
SET = {"action": "set", "hyperparameter": "lr", "value": 1e-5}
JUMP = {"action": "jump", "norm": 0.3, "replica": 2}
FURTHER = {"action": "jump", "of_next_steps": 30}


@pytest.mark.parametrize(
    ("document", "told_as", "named_as"),
    [
        (SWITCH, "switch to SGD lr 0.1 momentum 0.9", "SGD"),
        (SET, "lr = 1e-5", "lr 1e-5"),
        ({"action": "reset"}, "optimizer state reset", "reset"),
        (JUMP, "random jump of norm 0.3, replica 2", "jump"),
        (FURTHER, "random jump as far as 30 steps", "jump"),
    ],
)
def test_an_intervention_is_told_in_a_few_words_and_named_in_fewer(document, told_as, named_as):
    done = intervention({"arm": "a", "at_step": 1200, **document})
    assert done.told() == told_as
    assert done.named() == named_as
    assert dated(done) == f"a at step 1 200: {told_as}"


def test_one_that_waits_is_dated_from_what_it_waits_for():
    document = {"arm": "a", "at_step": -5, "since": "b.slingshot", "not_before": 7000, **JUMP}
    assert dated(intervention(document)).startswith(
        "a -5 steps from b.slingshot, the first from step 7 000 on: "
    )


def test_of_a_table_what_is_off_is_left_out():
    spec = {"name": "sgd", "lr": 0.1, "momentum": 0.0, "nesterov": False, "decay": None}
    assert described(spec) == "sgd(lr=0.1)"
    assert [shown(value) for value in (True, 1e-5, (0.9, 0.999), "full")] == [
        "yes",
        "1e-5",
        "0.9 0.999",
        "full",
    ]
