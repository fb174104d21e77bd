"""Controls: what may be put in the place of what, and what then comes of a claim."""

from __future__ import annotations

import numpy as np
import pytest

from grok_tui.engine.record.controls import holds_shuffled, judge_control
from grok_tui.engine.record.envelope import SIDES
from grok_tui.engine.record.history import History
from grok_tui.engine.record.verdicts import RecordedArm
from grok_tui.errors import PresetError
from grok_tui.frontend.describe import instead, turned
from grok_tui.frontend.preset_toml import toml_text
from grok_tui.headless.controls import needed
from grok_tui.paths import shipped_presets
from grok_tui.presets import PROFILES, Claim, Control, load

SHIPPED = sorted(shipped_presets().glob("*.toml"))

PRESET = """
title = "t"
summary = "s"
sources = ["a test"]

[task]
name = "linear101"
samples = 10

[model]
name = "linear"

[training]
steps = 200
loss = "mse"

[[arms]]
name = "sgd"
optimizer = { name = "sgd", lr = 0.1 }

[[arms]]
name = "adam"
optimizer = { name = "adam", lr = 1e-3 }

[[arms]]
name = "waits"
optimizer = { name = "sgd", lr = 0.1 }

[[interventions]]
arm = "waits"
since = "sgd.fit"
at_step = 0
action = "reset"

[[claims]]
says = "a claim"
holds = "end(sgd.bias) > 0.5"
origin = "a test"
"""


def claim(holds: str, control: str = "", **more) -> Claim:
    given = {"fails_with": Control.model_validate(control)} if control else {}
    return Claim(says="a claim", holds=holds, origin="a test", **given, **more)


def recorded(*ends: float, complete: bool = True) -> RecordedArm:
    """Return an arm whose replicas end at these biases."""
    history = History(["bias"], len(ends))
    for step, share in ((0, 0.0), (10, 1.0)):
        history.append(step, np.array([ends]) * share, np.zeros((len(SIDES), len(ends))))
    return RecordedArm(history, complete)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
class TestShippedPresets:
    def test_no_claim_is_without_a_control(self, path, profile):
        assert [one.says for one in load(str(path), profile=profile).claims if one.control is None] == []

    def test_every_setting_of_a_control_can_be_set(self, path, profile):
        for one in load(str(path), profile=profile).claims:
            if one.control is not None and one.control.set:
                load(str(path), profile=profile, assignments=one.control.set)


class TestForms:
    def test_arms_may_stand_in_the_table_itself(self):
        assert Control.model_validate({"a": "b"}) == Control.model_validate({"arms": {"a": "b"}})

    def test_one_setting_needs_no_list(self):
        assert Control.model_validate({"set": "x=1"}).set == ["x=1"]

    def test_an_arm_may_have_the_name_of_a_kind(self):
        assert Control.model_validate({"arms": "sgd"}).arms == {"arms": "sgd"}

    def test_what_it_has_to_bring_about_is_told(self):
        assert turned(claim("end(a.bias) > 0.5", {"a": "b"})) == "fails with b for a"
        assert turned(claim("end(a.bias) > 0.5")) is None
        no = {"expected": "not reproduced", "because": "so", "holds_with": Control.model_validate({"a": "b"})}
        assert turned(claim("end(a.bias) > 0.5", **no)) == "holds with b for a"

    def test_it_is_told_in_words(self):
        assert instead(Control.model_validate({"sgd": "adam"})) == "with adam for sgd"
        assert instead(Control.model_validate({"set": ["a.b=1", "c=2"]})) == "with a.b=1, c=2"
        assert instead(Control.model_validate({"numbers": {"0.5": "0.6"}})) == "with 0.6 for 0.5"

    @pytest.mark.parametrize(
        "control", ['{ sgd = "adam" }', '{ numbers = { "0.5" = "2" } }', '{ set = "a=1" }']
    )
    def test_a_written_preset_has_it_again(self, write, control):
        preset = load(write(f"{PRESET}fails_with = {control}\n"))
        assert load(write(toml_text(preset), "again.toml")) == preset


BAD = {
    "an unknown arm": (
        '{ sgd = "adamm" }',
        "claims[0].fails_with: unknown arm 'adamm'; did you mean 'adam'?",
    ),
    "an arm that the claim does not name": (
        '{ adam = "sgd" }',
        "claims[0].fails_with: the condition does not speak of 'adam'",
    ),
    "a slip in a kind": ('{ sett = "x=1" }', "does not speak of 'sett'; did you mean 'set'?"),
    "an arm in its own place": ('{ sgd = "sgd" }', "every arm stands in its own place"),
    "a number that is not there": ('{ numbers = { "0.6" = "1" } }', "'0.6' is not in the condition"),
    "a part of a number": ('{ numbers = { "5" = "1" } }', "'5' is not in the condition"),
    "a number that is none": ('{ numbers = { "0.5" = "(" } }', "claims[0]: fails_with: syntax error"),
    "nothing": ("{}", "has to be other arms, or 'set', or 'numbers'; it is none"),
    "two kinds": ('{ sgd = "adam", set = "x=1" }', "it is arms and set"),
}


@pytest.mark.parametrize(("control", "said"), BAD.values(), ids=BAD)
def test_a_bad_control_is_named(write, control, said):
    with pytest.raises(PresetError) as raised:
        load(write(f"{PRESET}fails_with = {control}\n"))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_not_expected_to_hold_has_a_control_with_which_it_does(write):
    more = 'expected = "not reproduced"\nbecause = "so"\n'
    with pytest.raises(PresetError, match="claim that is not reproduced is 'holds_with', not 'fails_with'"):
        load(write(f'{PRESET}{more}fails_with = {{ sgd = "adam" }}\n'))
    assert load(write(f'{PRESET}{more}holds_with = {{ sgd = "adam" }}\n')).claims[0].control


class TestJudging:
    def test_another_arms_record_is_read(self):
        judged = judge_control(
            claim("end(a.bias) > 0.5", {"a": "b"}), {"a": recorded(1), "b": recorded(0.2)}, 1
        )
        assert judged.verdict == "not reproduced"
        assert judged.as_expected
        assert judged.telling.deciding.left == 0.2

    def test_arms_may_be_exchanged(self):
        arms = {"a": recorded(1), "b": recorded(0.2)}
        assert judge_control(claim("end(a.bias) > end(b.bias)", {"a": "b", "b": "a"}), arms, 1).as_expected

    def test_a_false_number_is_put_in_whole(self):
        arms = {"a": recorded(0.5)}
        judged = judge_control(claim("end(a.bias) in [0.5, 0.55]", {"numbers": {"0.5": "0.54"}}), arms, 1)
        assert judged.as_expected
        assert judged.telling.deciding.right == (0.54, 0.55)

    def test_a_claim_that_survives_its_control_is_not_as_expected(self):
        arms = {"a": recorded(1), "b": recorded(0.9)}
        assert not judge_control(claim("end(a.bias) > 0.5", {"a": "b"}), arms, 1).as_expected

    def test_what_is_not_trained_to_its_end_shows_nothing(self):
        arms = {"a": recorded(1), "b": recorded(0.2, complete=False)}
        assert not judge_control(claim("end(a.bias) > 0.5", {"a": "b"}), arms, 1).as_expected

    def test_it_has_to_fail_by_the_share_of_replicas_that_the_claim_needs(self):
        arms = {"a": recorded(1, 1, 1, 1), "b": recorded(1, 1, 1, 0)}
        control = {"a": "b"}
        assert not judge_control(claim("end(a.bias) > 0.5", control, holds_in=0.75), arms, 4).as_expected
        assert judge_control(claim("end(a.bias) > 0.5", control), arms, 4).as_expected

    def test_a_claim_without_a_control_has_none(self):
        assert judge_control(claim("end(a.bias) > 0.5"), {"a": recorded(1)}, 1) is None


class TestShuffling:
    ARMS = {"a": recorded(1), "b": recorded(0.2), "c": recorded(0.8)}  # noqa: RUF012

    def test_it_is_the_share_of_other_records_with_which_it_holds(self):
        assert holds_shuffled(claim("end(a.bias) > 0.5"), self.ARMS) == 0.5

    def test_an_order_of_all_arms_holds_in_no_other(self):
        assert (
            holds_shuffled(claim("end(a.bias) > end(c.bias) and end(c.bias) > end(b.bias)"), self.ARMS) == 0
        )

    def test_what_any_arm_does_holds_always(self):
        assert holds_shuffled(claim("end(a.bias) > 0.1"), self.ARMS) == 1

    def test_one_arm_cannot_be_shuffled(self):
        assert holds_shuffled(claim("end(a.bias) > 0.5"), {"a": recorded(1)}) is None

    def test_many_arms_give_the_same_share_each_time(self):
        arms = {f"a{i}": recorded(i / 10) for i in range(10)}
        order = claim(" and ".join(f"end(a{i + 1}.bias) > end(a{i}.bias)" for i in range(3)))
        share = holds_shuffled(order, arms)
        assert share == holds_shuffled(order, arms)
        assert 0 <= share < 0.2

    def test_an_arm_without_the_measure_cannot_stand_in(self):
        other = History(["rate"], 1)
        other.append(0, np.ones((1, 1)), np.zeros((len(SIDES), 1)))
        assert (
            holds_shuffled(claim("end(a.bias) > 0.5"), {"a": recorded(1), "o": RecordedArm(other, True)})
            is None
        )


class TestWhatIsTrainedAnew:
    def test_it_is_the_arms_of_the_claims_and_those_that_they_wait_for(self, write):
        preset = load(write(PRESET))
        assert [arm.name for arm in needed(preset, preset.claims).arms] == ["sgd"]
        waiting = claim("end(waits.bias) > 0")
        assert [arm.name for arm in needed(preset, [waiting]).arms] == ["sgd", "waits"]
        assert needed(preset, [waiting]).interventions == preset.interventions
        assert needed(preset, preset.claims).interventions == []


def test_a_costly_measure_is_taken_of_the_arm_that_stands_in(write):
    text = PRESET
    for old, new in {
        'name = "linear101"': 'name = "sparse_parity"',
        'name = "linear"': 'name = "mlp"',
        '"mse"': '"hinge"',
        "end(sgd.bias) > 0.5": "end(sgd.llc) > 0",
    }.items():
        text = text.replace(old, new)
    preset = load(write(f'{text}fails_with = {{ sgd = "adam" }}\n'))
    taken = {arm.name: "llc" in preset.measures_of(arm) for arm in preset.arms}
    assert taken == {"sgd": True, "adam": True, "waits": False}
