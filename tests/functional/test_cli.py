"""The command line: what it offers, and the one line with which it answers what it cannot do."""

import json
import os
import subprocess
import sys

import pytest

from grok_tui.cli.options import seconds
from grok_tui.errors import GrokTuiError
from grok_tui.headless import run as headless
from grok_tui.presets import load, names


def refused(called) -> str:
    """Return the one line with which a call was refused."""
    assert called.code == 2
    assert called.out == ""
    (line,) = called.err.splitlines()
    assert line.startswith("grok-tui: ")
    return line.removeprefix("grok-tui: ")


class TestHelp:
    def test_version_names_the_program(self, grok_tui):
        called = grok_tui("--version")
        assert called.code == 0
        assert called.out.startswith("grok-tui 0.")

    def test_help_lists_options_commands_and_exit_codes(self, grok_tui):
        called = grok_tui("--help")
        assert called.code == 0
        for word in ("--preset", "--headless", "--set", "--time-limit", "presets", "verify", "Exit codes"):
            assert word in called.out

    def test_completion_knows_the_presets(self):
        environment = os.environ | {
            "_GROK_TUI_COMPLETE": "complete_bash",
            "COMP_WORDS": "grok-tui --preset linear101-",
            "COMP_CWORD": "2",
        }
        found = subprocess.run(
            [sys.executable, "-m", "grok_tui"], env=environment, capture_output=True, text=True, check=False
        )
        assert found.stdout.split() == [name for name in names() if name.startswith("linear101-")]


class TestUsage:
    def test_an_unknown_option_is_answered_with_the_nearest(self, grok_tui):
        assert "--seed" in refused(grok_tui("--preset", "linear101", "--sede", "3"))

    def test_an_unknown_command_is_answered_with_the_nearest(self, grok_tui):
        assert "'presets'" in refused(grok_tui("preset"))

    def test_a_number_that_is_none_is_named(self, grok_tui):
        assert "--seed" in refused(grok_tui("--headless", "--preset", "linear101", "--seed", "x"))

    def test_headless_needs_a_preset(self, grok_tui):
        assert "--headless needs --preset" in refused(grok_tui("--headless"))

    def test_the_explorer_without_a_terminal_names_headless(self, grok_tui):
        assert "--headless" in refused(grok_tui("--preset", "linear101"))

    @pytest.mark.parametrize("option", [["--json"], ["--junit", "x.xml"], ["--time-limit", "3"]])
    def test_an_option_of_headless_runs_needs_headless(self, grok_tui, option):
        assert f"{option[0]} needs --headless" in refused(grok_tui("--preset", "linear101", *option))

    def test_an_option_of_the_explorer_is_not_for_headless_runs(self, grok_tui):
        line = refused(grok_tui("--headless", "--preset", "linear101", "--keep-running"))
        assert line == "--keep-running is for the explorer, not for --headless"

    def test_a_run_resumed_without_a_terminal_does_not_keep_running(self, grok_tui):
        line = refused(grok_tui("resume", "nosuch", "--keep-running"))
        assert line == "--keep-running is for the explorer, which needs a terminal"

    @pytest.mark.parametrize(
        "command",
        [["attach"], ["resume"], ["replay"], ["export"], ["runs", "end"]],
        ids=["attach", "resume", "replay", "export", "end"],
    )
    def test_an_unknown_run_is_named(self, grok_tui, command):
        assert refused(grok_tui(*command, "nosuch")) == "unknown run 'nosuch'"

    def test_an_unknown_format_is_answered_with_the_nearest(self, grok_tui):
        line = refused(grok_tui("export", "nosuch", "--to", "parket"))
        assert line == "--to: unknown format 'parket'; did you mean 'parquet'?"
        line = refused(grok_tui("export", "nosuch", "--to", "bogus"))
        assert line.startswith("--to: unknown format 'bogus'; valid: csv, json,")

    @pytest.mark.parametrize("command", [["presets"], ["verify"]])
    def test_an_option_of_a_run_before_a_command_is_not_passed_over(self, grok_tui, command):
        assert command[0] in refused(grok_tui("--seed", 3, *command))

    @pytest.mark.parametrize(
        ("text", "value"),
        [("90", 90), ("90s", 90), ("1.5s", 1.5), ("10m", 600), ("1h30m", 5400), ("2h", 7200), (" 1m5s ", 65)],
    )
    def test_a_length_of_time_is_read(self, text, value):
        assert seconds(text) == value

    @pytest.mark.parametrize("text", ["", "0", "-3", "5x", "1m1h", "m", "nan", "1e3"])
    def test_what_is_no_length_of_time_is_refused(self, text):
        with pytest.raises(GrokTuiError, match="--time-limit"):
            seconds(text)


BAD_OPTIONS = {
    "unknown preset": (["--preset", "linear110"], "unknown preset 'linear110'; did you mean 'linear101'?"),
    "unknown profile": (["--profile", "fulll"], "--profile: unknown profile 'fulll'; did you mean 'full'?"),
    "unknown device": (
        ["--device", "cdua"],
        "--device: unknown device 'cdua'; valid: auto, cpu, cuda, cuda:N",
    ),
    "negative seed": (["--seed", "-1"], "training.seed: should be greater than or equal to 0, not -1"),
    "no steps": (["--steps", "0"], "training.steps: should be greater than or equal to 1, not 0"),
    "no replicas": (["--replicas", "0"], "training.replicas: should be greater than or equal to 1, not 0"),
    "no threads": (["--threads", "0"], "--threads"),
    "unknown way to compile": (
        ["--compile", "bogus"],
        "'--compile': 'bogus' is not one of 'auto', 'on', 'off'",
    ),
    "unknown setting": (["--set", "training.stesp=1"], "unknown key 'stesp'; did you mean 'steps'?"),
    "no setting": (["--set", "steps"], "--set: 'steps' is not of the form key=value"),
    "no time": (["--time-limit", "soon"], "--time-limit: 'soon' is no length of time"),
    "JUnit in a missing folder": (["--junit", "/nowhere/x.xml"], "--junit: /nowhere/x.xml: no such file"),
    "JUnit on a folder": (["--junit", "/"], "--junit: /: is a directory"),
}


@pytest.mark.parametrize(("options", "said"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_a_bad_option_of_a_run_is_refused_in_one_line(grok_tui, preset_file, options, said):
    assert said in refused(grok_tui("--headless", "--preset", preset_file(), *options))


BAD_FILES = {
    "unknown key": ({"samples": "sample"}, "unknown key 'sample'; did you mean 'samples'?"),
    "wrong type": ({"samples = 10": 'samples = "ten"'}, "task.samples: should be a whole number, not 'ten'"),
    "out of range": ({"samples = 10": "samples = 0"}, "task.samples: should be greater than or equal to 1"),
    "not a number": ({"lr = 0.1": "lr = nan"}, "arms.sgd.optimizer.lr: should be a finite number, not nan"),
    "unknown task": ({'"linear101"': '"linear110"'}, "task.name: unknown name 'linear110'"),
    "unknown model": ({'"linear"': '"linar"'}, "model.name: unknown name 'linar'; did you mean 'linear'?"),
    "unknown optimizer": ({'"sgd", lr': '"sdg", lr'}, "arms.sgd.optimizer.name: unknown name 'sdg'"),
    "unknown measure": ({"sgd.bias": "sgd.bais"}, "claims[0].holds: unknown measure 'bais' of arm 'sgd'"),
    "unknown function": ({"end(": "ennd("}, "claims[0].holds: unknown function 'ennd'; did you mean 'end'?"),
    "absurd memory": ({"samples = 10": "samples = 1000000"}, "GiB of memory"),
    "batch too large": ({"steps = 200": "steps = 200\nbatch_size = 11"}, "11 is more than the 10 training"),
}


@pytest.mark.parametrize(("changes", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_preset_is_refused_in_one_line_that_names_the_file(grok_tui, preset_file, changes, said):
    path = preset_file(changes)
    line = refused(grok_tui("--headless", "--preset", path))
    assert line.startswith(f"{path}: ")
    assert said in line


@pytest.mark.parametrize(
    "content", [b"", bytes(range(128, 256)), b"title = "], ids=["empty", "binary", "no TOML"]
)
def test_a_file_that_is_no_preset_is_refused(grok_tui, tmp_path, content):
    path = tmp_path / "p.toml"
    path.write_bytes(content)
    assert refused(grok_tui("--headless", "--preset", path)).startswith(f"{path}: ")


def test_a_folder_and_a_missing_file_are_refused(grok_tui, tmp_path):
    assert "is a folder" in refused(grok_tui("--headless", "--preset", f"{tmp_path}/"))
    assert "no such file" in refused(grok_tui("--headless", "--preset", tmp_path / "p.toml"))


def test_control_characters_are_not_echoed(grok_tui):
    line = refused(grok_tui("--headless", "--preset", "\x1b[2J\nx"))
    assert "\\x1b[2J x" in line
    assert "\x1b" not in line


def test_a_long_argument_is_shortened_around_what_matters(grok_tui, preset_file):
    path = preset_file()
    line = refused(grok_tui("--headless", "--preset", path, "--set", f"training.{'b' * 5000}=3"))
    assert len(line) <= 400
    assert line.startswith("command line: training: unknown key 'bbb")
    assert line.endswith("withheld")


def test_an_output_that_cannot_be_written_is_found_before_training(grok_tui, preset_file, monkeypatch):
    monkeypatch.setattr(headless, "start", lambda *_: pytest.fail("training was about to start"))
    assert "--junit" in refused(grok_tui("--headless", "--preset", preset_file(), "--junit", "/nowhere/x"))


def test_looking_whether_an_output_can_be_written_leaves_no_file(grok_tui, preset_file, tmp_path):
    report = tmp_path / "report.xml"
    refused(grok_tui("--headless", "--preset", preset_file(), "--junit", report, "--device", "tpu"))
    assert not report.exists()


class TestPresets:
    def test_the_list_has_every_preset_with_its_title_and_arms(self, grok_tui):
        called = grok_tui("presets")
        assert called.code == 0
        for name in names():
            assert name in called.out
        assert "momentum" in called.out

    def test_the_list_as_json_has_the_claims_of_each(self, grok_tui):
        documents = json.loads(grok_tui("presets", "--json").out)
        assert [document["preset"] for document in documents] == names()
        assert all(document["claims"] for document in documents)

    def test_one_preset_is_shown_with_settings_and_claims(self, grok_tui, preset_file):
        disproved = 'expected = "not reproduced"\nbecause = "it is not so"\nretracted = "in 2023"\n'
        called = grok_tui("presets", preset_file(more=disproved))
        assert called.code == 0
        for part in (
            "A small linear101",
            "SGD on ten samples.",
            "linear101(samples=10, tolerance=0.1)",
            "sgd(lr=0.1)",
            "SGD puts most of the weight on the bias",
            "end(sgd.bias) in [0.9, 0.92]",
            "expected: not reproduced",
            "because: it is not so",
            "retracted: in 2023",
        ):
            assert part in called.out

    def test_one_preset_as_json_is_its_whole_document(self, grok_tui, preset_file):
        document = json.loads(grok_tui("presets", preset_file(), "--json").out)
        assert (document["preset"], document["task"]["samples"]) == ("small", 10)

    def test_an_unknown_one_is_answered_with_the_nearest(self, grok_tui):
        assert "did you mean 'linear101'?" in refused(grok_tui("presets", "linear110"))

    def test_a_broken_one_in_the_users_folder_is_named_and_the_others_are_listed(self, grok_tui, tmp_path):
        own = tmp_path / "config" / "grok-tui" / "presets"
        own.mkdir(parents=True)
        (own / "broken.toml").write_text("title = 3")
        called = grok_tui("presets")
        assert called.code == 2
        assert "linear101" in called.out
        (line,) = called.err.splitlines()
        assert "broken.toml" in line


class TestStdout:
    def test_a_reader_that_goes_away_is_no_error(self):
        process = subprocess.Popen(
            [sys.executable, "-m", "grok_tui", "presets"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        process.stdout.close()
        _, err = process.communicate(timeout=60)
        assert err == b""
        assert process.returncode == 141

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
    def test_a_full_disk_is_said_in_one_line(self):
        with open("/dev/full", "w") as full:  # noqa: PTH123
            found = subprocess.run(
                [sys.executable, "-m", "grok_tui", "presets"],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert found.returncode == 2
        assert found.stderr == "grok-tui: stdout: no space left on device\n"

    def test_a_terminal_without_unicode_gets_plain_characters(self):
        environment = os.environ | {"PYTHONIOENCODING": "ascii"}
        found = subprocess.run(
            [sys.executable, "-m", "grok_tui", "presets"], env=environment, capture_output=True, check=False
        )
        assert found.returncode == 0
        assert b"-----" in found.stdout
        assert found.stdout.count(b"?") == sum(load(name).title.count("?") for name in names())
