"""Presets: where they are found, how they are laid over, and what is said of a bad one."""

import os
from pathlib import Path

import pytest
from arms import arm_of

from grok_tui.engine.arm.forks import Fork
from grok_tui.errors import ExitCode, PresetError
from grok_tui.presets import PROFILES, find, load, names

BASE = """
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
training = { steps = 50, batch_size = 5 }

[[interventions]]
arm = "sgd"
at_step = 100
action = "set"
hyperparameter = "lr"
value = 0.2

[[claims]]
says = "a claim"
holds = "end(sgd.bias) > 0"
origin = "a test"
"""


@pytest.fixture(autouse=True)
def _own_config_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def base(write) -> str:
    return write(BASE)


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("profile", PROFILES)
def test_every_shipped_preset_is_valid_in_every_profile(name, profile):
    preset = load(name, profile=profile)
    assert preset.claims
    assert preset.sources


class TestLookup:
    def test_a_name_is_found_among_the_shipped_presets(self):
        assert find("linear101").name == "linear101.toml"

    def test_the_users_folder_wins_over_the_shipped_presets(self, write):
        own = write(BASE, "config/grok-tui/presets/linear101.toml")
        assert find("linear101") == Path(own)
        assert load("linear101").title == "t"

    def test_a_users_preset_is_listed_once_beside_the_shipped_ones(self, write):
        write(BASE, "config/grok-tui/presets/mine.toml")
        write(BASE, "config/grok-tui/presets/linear101.toml")
        assert "mine" in names()
        assert names().count("linear101") == 1

    def test_a_path_is_taken_as_it_is(self, base):
        assert find(base) == Path(base)

    def test_an_unknown_name_is_answered_with_the_nearest(self, write):
        with pytest.raises(PresetError, match="unknown preset 'linear110'; did you mean 'linear101'"):
            load("linear110")


class TestArms:
    def test_an_arm_takes_the_training_it_does_not_state_from_the_preset(self, base):
        adam = arm_of(load(base), "adam").training
        assert (adam.steps, adam.batch_size, adam.loss.name) == (50, 5, "mse")
        assert arm_of(load(base), "sgd").training.steps == 200

    def test_an_arm_takes_the_model_from_the_preset(self, base):
        assert arm_of(load(base), "sgd").model == load(base).model

    def test_replicas_have_consecutive_seeds(self, base):
        assert load(base, seed=7, replicas=3).seeds == [7, 8, 9]


class TestFullProfile:
    FULL = (
        BASE
        + """
[full]
training = { steps = 1000 }
task = { samples = 100 }
arms = [{ name = "sgd", optimizer = { lr = 0.5 } }, { name = "late", optimizer = { name = "sign" } }]
"""
    )

    def test_the_quick_profile_leaves_it_out(self, write):
        assert load(write(self.FULL)) == load(write(BASE, "base.toml"))

    def test_its_tables_are_laid_over_those_of_the_file(self, write):
        preset = load(write(self.FULL), profile="full")
        assert (preset.training.steps, preset.training.loss.name) == (1000, "mse")
        assert (preset.task.samples, preset.task.tolerance) == (100, 0.1)

    def test_its_arms_change_arms_of_the_same_name_and_add_others(self, write):
        preset = load(write(self.FULL), profile="full")
        assert [a.name for a in preset.arms] == ["sgd", "adam", "late"]
        assert arm_of(preset, "sgd").optimizer.lr == 0.5

    def test_another_optimizer_replaces_the_arms_own_whole(self, write):
        text = BASE + '[full]\narms = [{ name = "sgd", optimizer = { name = "adam" } }]\n'
        assert arm_of(load(write(text), profile="full"), "sgd").optimizer.lr == 1e-3

    def test_an_unknown_profile_is_answered_with_the_nearest(self, base):
        with pytest.raises(PresetError, match="unknown profile 'fulll'; did you mean 'full'"):
            load(base, profile="fulll")

    @pytest.mark.parametrize("profile", ["quick", "full"])
    @pytest.mark.parametrize(
        ("full", "problem"),
        [
            ("[full]\ntraining = { stesp = 3 }\n", "unknown key 'stesp'"),
            ("[full]\narms = 5\n", "arms: should be a list, not 5"),
            ('[full]\narms = ["text"]\n', r"arms\[0\]: should be a table, not 'text'"),
        ],
    )
    def test_a_fault_in_it_is_named_whether_it_is_asked_for_or_not(self, write, profile, full, problem):
        with pytest.raises(PresetError, match=problem):
            load(write(BASE + full), profile=profile)

    @pytest.mark.parametrize("full", ["5", "'text'", "[1, 2]"])
    def test_it_is_a_table(self, write, full):
        with pytest.raises(PresetError, match="full: should be a table"):
            load(write(f"full = {full}\n{BASE}"))

    def test_it_may_need_a_larger_machine(self, write):
        path = write(BASE + "[full]\ntraining = { replicas = 100_000 }\ntask = { samples = 1_000_000 }\n")
        assert load(path).training.replicas == 1
        with pytest.raises(PresetError, match="GiB"):
            load(path, profile="full")


class TestMediumProfile:
    MEDIUM = TestFullProfile.FULL + "\n[medium.training]\nsteps = 500\n"

    def test_its_tables_are_laid_over_those_of_the_full_profile(self, write):
        preset = load(write(self.MEDIUM), profile="medium")
        assert (preset.training.steps, preset.task.samples) == (500, 100)
        assert [a.name for a in preset.arms] == ["sgd", "adam", "late"]

    @pytest.mark.parametrize("profile", ["quick", "full"])
    def test_other_profiles_leave_it_out(self, write, profile):
        without = load(write(TestFullProfile.FULL, "without.toml"), profile=profile)
        assert load(write(self.MEDIUM), profile=profile) == without

    def test_without_it_a_preset_is_that_of_the_quick_profile(self, write):
        path = write(TestFullProfile.FULL)
        assert load(path, profile="medium") == load(path)


class TestCommandLine:
    def test_steps_replace_those_of_every_arm(self, base):
        assert {a.training.steps for a in load(base, steps=150).arms} == {150}

    def test_interventions_after_the_new_end_fall_away(self, base):
        assert load(base, steps=150).interventions
        assert not load(base, steps=100).interventions

    def test_set_changes_a_value_of_a_table(self, base):
        preset = load(base, assignments=["training.loss_dtype=float64", "task.samples=20"])
        assert (preset.training.loss_dtype, preset.task.samples) == ("float64", 20)

    def test_set_optimizer_changes_every_arm_that_has_the_hyperparameter(self, base):
        preset = load(base, assignments=["optimizer.lr=0.25", "optimizer.eps=1e-4"])
        assert [a.optimizer.lr for a in preset.arms] == [0.25, 0.25]
        assert arm_of(preset, "adam").optimizer.eps == 1e-4

    def test_set_reaches_one_arm_by_its_name(self, base):
        preset = load(base, assignments=["arms.adam.optimizer.betas=[0.5, 0.6]"])
        assert arm_of(preset, "adam").optimizer.betas == (0.5, 0.6)

    def test_the_last_of_two_settings_wins(self, base):
        assert load(base, assignments=["task.samples=20", "task.samples=30"]).task.samples == 30

    def test_the_file_itself_is_checked_before_what_is_laid_over_it(self, write):
        path = write(BASE.replace("steps = 200", "steps = 0"))
        with pytest.raises(PresetError, match=r"p\.toml: training\.steps"):
            load(path, steps=10)


BAD_SETTINGS = {
    "no equals sign": ("training.steps", "not of the form key=value"),
    "unknown table": ("trainig.steps=3", "trainig.steps: unknown key 'trainig'; did you mean 'training'?"),
    "unknown key": ("training.stesp=3", "unknown key 'stesp'; did you mean 'steps'?"),
    "unknown hyperparameter": ("optimizer.lrr=3", "optimizer.lrr: no arm has this; did you mean 'lr'?"),
    "unknown arm": ("arms.adma.optimizer.lr=3", "unknown name 'adma'; did you mean 'adam'?"),
    "wrong type": ("training.steps=many", "training.steps: should be a whole number, not 'many'"),
    "not a number": ("optimizer.lr=nan", "arms.sgd.optimizer.lr: should be a finite number, not nan"),
    "a text for a table": ("training=5", "training: should be a table, not 5"),
    "arms that are none": ("arms=[1]", "arms[0]: should be a table, not 1"),
    "two lines": ("training.steps=5\nsteps=7", "training.steps: is followed by a second line"),
    "no UTF-8": ("title=\udcff", "is not UTF-8"),
    "deeply nested": ("training.steps=" + "[" * 5000, "nests deeper than 16 tables and lists"),
    "thousands of digits": ("training.steps=" + "9" * 5000, "thousands of digits"),
    "beyond 2^53": ("modifiers.warmup=9007199254740993", "warmup: a whole number is at most 2^53"),
    "inside a value": ("title.x=1", "title.x: 'title' is a value, not a table"),
}


@pytest.mark.parametrize(("text", "said"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_a_bad_setting_is_named(base, text, said):
    with pytest.raises(PresetError) as raised:
        load(base, assignments=[text])
    assert said in str(raised.value)


BAD_PRESETS = {
    "unknown key": ("samples = 10", "sample = 10", "unknown key 'sample'; did you mean 'samples'?"),
    "unknown table": ("[training]", "[trainig]", "unknown key 'trainig'; did you mean 'training'?"),
    "missing key": ('title = "t"', "", "title: missing"),
    "text for a number": (
        "samples = 10",
        'samples = "10"',
        "task.samples: should be a whole number, not '10'",
    ),
    "fraction for a whole number": (
        "steps = 200",
        "steps = 2.5",
        "training.steps: should be a whole number",
    ),
    "truth for a number": ("steps = 200", "steps = true", "training.steps: should be a whole number"),
    "too small": ("samples = 10", "samples = 0", "task.samples: should be greater than or equal to 1, not 0"),
    "negative rate": ("lr = 0.1", "lr = -0.1", "arms.sgd.optimizer.lr: should be greater than or equal to 0"),
    "not a number": ("lr = 0.1", "lr = nan", "arms.sgd.optimizer.lr: should be a finite number, not nan"),
    "infinite": ("lr = 0.1", "lr = inf", "arms.sgd.optimizer.lr: should be a finite number, not inf"),
    "unknown task": (
        '"linear101"',
        '"linear110"',
        "task.name: unknown name 'linear110'; did you mean 'linear101'?",
    ),
    "unknown model": ('"linear"', '"linar"', "model.name: unknown name 'linar'; did you mean 'linear'?"),
    "unknown optimizer": (
        'name = "adam", lr',
        'name = "adm", lr',
        "arms.adam.optimizer.name: unknown name 'adm'; did you mean 'adam'?",
    ),
    "unknown hyperparameter": ("lr = 0.1", "lrr = 0.1", "unknown key 'lrr'; did you mean 'lr'?"),
    "unknown loss": ('"mse"', '"mes"', "training.loss: unknown name 'mes'; did you mean 'mse'?"),
    "two arms of a name": ('name = "adam"\n', 'name = "sgd"\n', "arms: two arms are named 'sgd'"),
    "arm name that is no name": ('name = "adam"\n', 'name = "a-b"\n', "'a-b' is no name"),
    "batch larger than the samples": (
        "batch_size = 5",
        "batch_size = 11",
        "arms.adam.training.batch_size: 11 is more than the 10 training samples",
    ),
    "more memory than there is": ("samples = 10", "samples = 1000000", "GiB of memory"),
    "claim on an unknown measure": (
        "sgd.bias",
        "sgd.bais",
        "claims[0].holds: unknown measure 'bais' of arm 'sgd'; did you mean 'bias'?",
    ),
    "claim on an unknown arm": (
        "sgd.bias",
        "sdg.bias",
        "claims[0].holds: unknown arm 'sdg'; did you mean 'sgd'?",
    ),
    "claim with an unknown function": (
        "end(",
        "ennd(",
        "claims[0].holds: unknown function 'ennd'; did you mean 'end'?",
    ),
    "claim on nothing": (
        "end(sgd.bias)",
        "0.95",
        "claims[0].holds: names no arm, so it says nothing of a run",
    ),
    "claim that is no sentence": ("end(sgd.bias)", "end(sgd.bias", "claims[0].holds: syntax error"),
    "not reproduced without a reason": (
        'origin = "a test"',
        'origin = "a test"\nexpected = "not reproduced"',
        "claims[0]: 'because' goes with",
    ),
    "intervention for an unknown arm": (
        'arm = "sgd"',
        'arm = "sgdd"',
        "interventions[0].arm: unknown arm 'sgdd'; did you mean 'sgd'?",
    ),
    "intervention after the end": (
        "at_step = 100",
        "at_step = 200",
        "interventions[0].at_step: arm 'sgd' ends at step 200",
    ),
    "unknown action": (
        '"set"',
        '"sett"',
        "interventions[0].action: unknown action 'sett'; did you mean 'set'?",
    ),
    "intervention on an unknown hyperparameter": (
        'hyperparameter = "lr"',
        'hyperparameter = "lrr"',
        "interventions[0]: sgd has no hyperparameter 'lrr'; did you mean 'lr'?",
    ),
    "intervention out of bounds": ("value = 0.2", "value = -1", "interventions[0]: lr: should be greater"),
}


@pytest.mark.parametrize(("old", "new", "said"), BAD_PRESETS.values(), ids=BAD_PRESETS)
def test_a_bad_preset_is_answered_with_file_key_and_what_is_wrong(write, old, new, said):
    assert old in BASE
    path = write(BASE.replace(old, new, 1))
    with pytest.raises(PresetError) as raised:
        load(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert said in message
    assert "\n" not in message
    assert raised.value.exit_code == ExitCode.USAGE


BAD_FILES = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "binary": (bytes(range(128, 256)), "is not a text file"),
    "zeros": (b"\0" * 100, "is not TOML"),
    "not TOML": (b"title = ", "is not TOML: Invalid value"),
    "deeply nested": (b"x = " + b"[" * 100_000, "nests deeper than 16 tables and lists"),
    "a number of thousands of digits": (b"x = " + b"9" * 5000, "thousands of digits"),
    "huge": (b"#" * 1_000_001, "is larger than 1 MB"),
}


@pytest.mark.parametrize(("content", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_no_preset_is_named(tmp_path, content, said):
    path = tmp_path / "p.toml"
    path.write_bytes(content)
    with pytest.raises(PresetError) as raised:
        load(str(path))
    assert str(raised.value).startswith(f"{path}: ")
    assert said in str(raised.value)


def test_a_folder_is_no_preset(tmp_path):
    with pytest.raises(PresetError, match="is a folder, not a preset file"):
        load(f"{tmp_path}/")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(PresetError, match=r"nowhere\.toml: no such file or directory"):
        load(str(tmp_path / "nowhere.toml"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(base):
    Path(base).chmod(0)
    with pytest.raises(PresetError, match="permission denied"):
        load(base)


def test_a_list_of_valid_names_leaves_room_for_what_is_wrong(write):
    arms = "".join(
        f'[[arms]]\nname = "an_arm_with_a_long_name_{i}"\noptimizer = {{ name = "sgd", lr = 0.1 }}\n'
        for i in range(200)
    )
    with pytest.raises(PresetError) as raised:
        load(write(BASE + arms), assignments=["arms.zzz.optimizer.lr=1"])
    assert "unknown name 'zzz'; valid: " in str(raised.value)
    assert len(str(raised.value)) < 700
    assert str(raised.value).endswith(" more")


def test_a_fork_is_not_called_what_no_arm_may_be():
    with pytest.raises(ValueError, match="means something in claims"):
        Fork(name="class", parent="sgd", step=0, end=1)


def test_what_is_no_file_is_no_name(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "grok-tui" / "presets"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.toml")
    (folder / "folder.toml").mkdir()
    (folder / "lost.toml").symlink_to("nowhere")
    assert not {"pipe", "folder", "lost"} & set(names())
