"""Headless runs: what they print, write and answer, however they end."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from rich.console import Console

from grok_tui import frontend as package
from grok_tui.engine.run.run import Run

SCHEMA = json.loads((Path(package.__file__).parent / "report.schema.json").read_text())
ENDLESS = 10**9  # steps


@pytest.fixture
def report(grok_tui):
    """Run a preset headless and return exit code and checked document."""

    def run(path, *options):
        called = grok_tui("--headless", "--preset", path, "--json", *options)
        document = json.loads(called.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        jsonschema.validate(document, SCHEMA)
        assert document["exit_code"] == called.code
        return document

    return run


@pytest.fixture
def after_chunks(monkeypatch):
    """Let something happen after a number of chunks of any run."""
    original = Run.advance

    def arrange(count, action):
        chunks = 0

        def advance(run):
            nonlocal chunks
            original(run)
            chunks += 1
            if chunks == count:
                action()

        monkeypatch.setattr(Run, "advance", advance)

    return arrange


def raising(error):
    def action():
        raise error

    return action


class Screen:
    """A terminal of 80 columns that keeps what was written to it."""

    def __init__(self):
        self._file = io.StringIO()

    def console(self):
        return Console(file=self._file, force_terminal=True, width=80, highlight=False, color_system=None)

    @property
    def text(self):
        return self._file.getvalue()

    @property
    def cursor_is_back(self):
        return self.text.rfind("\x1b[?25h") > self.text.rfind("\x1b[?25l")


class TestVerdicts:
    def test_a_preset_whose_claims_hold_exits_with_0(self, report, preset_file):
        document = report(preset_file())
        assert document["exit_code"] == 0
        assert (document["ended"], document["complete"]) == ("finished", True)
        (claim,) = document["claims"]
        assert (claim["verdict"], claim["as_expected"], claim["held_in"]) == ("reproduced", True, 1)
        assert claim["left"] == pytest.approx(10 / 11, abs=1e-3)
        assert (claim["operator"], claim["right"]) == ("in", [0.9, 0.92])

    def test_a_false_claim_exits_with_1_and_shows_both_sides(self, grok_tui, preset_file, false_claim):
        called = grok_tui("--headless", "--preset", preset_file(more=false_claim))
        assert called.code == 1
        assert "end(sgd.bias) = 0.90909 < 0.001" in called.out
        assert "1 of 2 verdicts as expected" in called.out

    def test_a_claim_that_holds_against_expectation_exits_with_1(self, report, preset_file):
        unexpected = 'expected = "not reproduced"\nbecause = "it cannot be"\n'
        document = report(preset_file(more=unexpected))
        assert document["exit_code"] == 1
        (claim,) = document["claims"]
        assert (claim["verdict"], claim["expected"]) == ("reproduced", "not reproduced")
        assert claim["because"] == "it cannot be"

    def test_a_claim_that_fails_as_expected_exits_with_0(self, report, preset_file, false_claim):
        document = report(
            preset_file(more=false_claim + 'expected = "not reproduced"\nbecause = "it moves"\n')
        )
        assert document["exit_code"] == 0
        assert [claim["verdict"] for claim in document["claims"]] == ["reproduced", "not reproduced"]

    def test_a_preset_without_claims_exits_with_0(self, grok_tui, tmp_path, preset_file):
        path = Path(preset_file())
        path.write_text(path.read_text().split("[[claims]]")[0])
        called = grok_tui("--headless", "--preset", path)
        assert called.code == 0
        assert "no claims to judge" in called.out


class TestUnseen:
    """What was not seen decides nothing."""

    def test_claims_on_an_arm_that_diverged_are_undecided(self, report, preset_file):
        claims = (
            "never(wild.grok)",
            "share(wild.train_accuracy > 0.5) < 0.9",
            "count(wild.slingshot) == 0",
            "end(wild.bias) < 1e9",
            "first_step(wild.divergence) < 100",
            "at(0, wild.bias) == 0",
        )
        more = '[[arms]]\nname = "wild"\noptimizer = { name = "sgd", lr = 1e200 }\n'
        for holds in claims:
            more += f'[[claims]]\nsays = "{holds}"\nholds = "{holds}"\norigin = "a test"\n'
        document = report(preset_file(more=more))
        verdicts = {claim["holds"]: claim["verdict"] for claim in document["claims"]}
        assert [verdicts[holds] for holds in claims] == ["undecided"] * 4 + ["reproduced"] * 2
        assert document["exit_code"] == 1

    def test_before_the_first_step_there_is_no_envelope_to_be_unknown(self, report, preset_file):
        more = '[[claims]]\nsays = "x"\nholds = "share(sgd.step_loss_max < 9) == 1"\norigin = "a test"\n'
        assert report(preset_file(more=more))["exit_code"] == 0


class TestDocument:
    def test_it_says_what_was_run_and_where(self, report, preset_file):
        document = report(preset_file(), "--steps", 50, "--set", "task.samples=5", "--device", "cpu")
        assert document["settings"]["task"]["samples"] == 5
        assert document["settings"]["training"]["steps"] == 50
        assert (document["preset"], document["profile"], document["device"]) == ("small", "quick", "cpu")
        assert document["seeds"] == [0]
        assert document["versions"]["python"] == sys.version.split()[0]
        assert document["timings"]["steps"] == 50
        (arm,) = document["arms"]
        assert (arm["steps"], arm["steps_planned"], arm["optimizer"]["lr"]) == (50, 50, 0.1)

    def test_replicas_each_have_their_measures_and_are_counted_in_claims(self, report, preset_file):
        document = report(preset_file(), "--replicas", 3, "--seed", 5)
        assert document["seeds"] == [5, 6, 7]
        assert len(document["arms"][0]["measures"]["bias"]) == 3
        assert (document["claims"][0]["held_in"], document["claims"][0]["replicas"]) == (3, 3)
        assert document["claims"][0]["interval"] == pytest.approx([0.025 ** (1 / 3), 1])

    def test_a_median_over_replicas_is_judged_once_and_may_not_be_reached(self, report, preset_file):
        over_all = """
[[claims]]
says = "Half of the replicas fit within 100 steps"
holds = "median_over_replicas(first_step(sgd.fit)) < 100"
origin = "a test"

[[claims]]
says = "They diverge"
holds = "median_over_replicas(first_step(sgd.divergence)) < 100"
expected = "not reproduced"
because = "they do not"
origin = "a test"
"""
        document = report(preset_file(more=over_all), "--replicas", 3)
        _, reached, missed = document["claims"]
        assert (reached["verdict"], reached["held_in"], reached["replicas"]) == ("reproduced", 1, 1)
        assert reached["interval"] is None
        steps = sorted(event["step"] for event in document["events"] if event["name"] == "fit")
        assert reached["left"] == steps[1]
        assert missed["verdict"] == "not reproduced"
        assert "= not reached in 3 of 3 < 100" in missed["comparisons"][0]["shown"]

    def test_events_and_interventions_carried_out_are_recorded(self, report, preset_file):
        switch = """
[[interventions]]
arm = "sgd"
at_step = 120
action = "switch"
optimizer = { name = "adam", lr = 1e-3 }
"""
        document = report(preset_file(more=switch))
        (done,) = document["interventions"]
        assert (done["arm"], done["at_step"], done["action"]) == ("sgd", 120, "switch")
        (arm,) = document["arms"]
        assert (arm["optimizer"]["name"], arm["since"]) == ("adam", 120)
        assert {"fit", "grok"} <= {event["name"] for event in document["events"]}

    def test_the_same_preset_and_seed_give_the_same_numbers(self, report, preset_file):
        path = preset_file({"steps = 200": "steps = 200\nbatch_size = 3"})
        first, second = (report(path, "--seed", 1) for _ in range(2))
        assert first["arms"] == second["arms"]
        assert report(path, "--seed", 2)["arms"] != first["arms"]


class TestOutput:
    def test_stdout_has_the_tables_and_stderr_the_narration(self, grok_tui, preset_file):
        called = grok_tui("--headless", "--preset", preset_file())
        for part in ("A small linear101", "SGD puts most of the weight", "1 of 1 verdict as expected"):
            assert part in called.out
            assert part not in called.err
        assert re.fullmatch(
            r"small: 1 arm, 200 steps on cpu, 1 thread \(.* are too few for more threads\)\n", called.err
        )

    def test_a_long_run_narrates_a_plain_line_now_and_then(self, grok_tui, preset_file, monkeypatch):
        monkeypatch.setattr("grok_tui.headless.progress.LINE_SECONDS", 0.2)
        called = grok_tui("--headless", "--preset", preset_file(), "--steps", ENDLESS, "--time-limit", "4s")
        lines = [line for line in called.err.splitlines() if "steps/s" in line]
        assert lines
        assert all("train loss" in line and "val loss" in line and "left" in line for line in lines)
        assert "\x1b" not in called.err

    def test_on_a_terminal_there_is_a_bar_that_goes_away(self, grok_tui, preset_file, monkeypatch):
        screen = Screen()
        monkeypatch.setattr("grok_tui.headless.progress.narration_console", screen.console)
        monkeypatch.setattr("grok_tui.headless.progress.BAR_SECONDS", 0.0)
        assert grok_tui("--headless", "--preset", preset_file(), "--steps", 3000).code == 0
        for part in ("small", "━", "/3 000", "steps/s", "left", "sgd: train loss"):
            assert part in screen.text
        assert screen.cursor_is_back

    def test_junit_has_a_case_for_every_claim(self, grok_tui, preset_file, false_claim, tmp_path):
        path = tmp_path / "report.xml"
        called = grok_tui("--headless", "--preset", preset_file(more=false_claim), "--junit", path)
        assert called.code == 1
        suite = ElementTree.parse(path).getroot().find("testsuite")
        assert (suite.get("tests"), suite.get("failures")) == ("3", "1")

    def test_files_are_written_though_stdout_fails(self, preset_file, tmp_path):
        path = tmp_path / "report.xml"
        with open("/dev/full", "w") as full:  # noqa: PTH123
            found = subprocess.run(
                [sys.executable, "-m", "grok_tui", "--headless", "--preset", preset_file(), "--junit", path],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert found.returncode == 2
        assert "grok-tui: stdout: no space left on device" in found.stderr
        assert ElementTree.parse(path).getroot().find("testsuite") is not None

    def test_a_report_that_cannot_be_written_leaves_the_old_one_and_the_tables(
        self, grok_tui, preset_file, tmp_path, monkeypatch
    ):
        def full(*_):
            raise OSError(28, "No space left on device")

        path = tmp_path / "report.xml"
        path.write_text("old")
        monkeypatch.setattr(os, "fsync", full)
        called = grok_tui("--headless", "--preset", preset_file(), "--junit", path)
        assert called.code == 2
        assert f"grok-tui: --junit: {path}: no space left on device" in called.err
        assert path.read_text() == "old"
        assert "1 of 1 verdict as expected" in called.out

    @pytest.mark.parametrize("terminal", [False, True])
    def test_no_control_character_of_a_name_reaches_stderr(
        self, grok_tui, preset_file, monkeypatch, terminal
    ):
        screen = Screen()
        if terminal:
            monkeypatch.setattr("grok_tui.headless.progress.narration_console", screen.console)
        name = "a\x1b]0;title\x07b"
        called = grok_tui("--headless", "--preset", preset_file(name=name), "--steps", 5)
        said = called.err + called.out + screen.text
        assert "\x1b]0;" not in said
        assert "\x07" not in said


class TestEndings:
    def test_divergence_exits_with_3_and_keeps_what_was_recorded(self, grok_tui, report, preset_file):
        path = preset_file({"lr = 0.1": "lr = 10"})
        document = report(path)
        assert (document["exit_code"], document["ended"], document["complete"]) == (3, "diverged", False)
        (event,) = [event for event in document["events"] if event["name"] == "divergence"]
        assert document["arms"][0]["steps"] == event["step"] < 200
        assert document["problem"] == f"arm 'sgd' diverged at step {event['step']}"
        called = grok_tui("--headless", "--preset", path)
        assert called.code == 3
        assert f"grok-tui: small: {document['problem']}\n" in called.err

    def test_a_divergence_that_a_claim_asks_about_is_no_failure(self, report, preset_file):
        path = preset_file(
            {"lr = 0.1": "lr = 10", "end(sgd.bias) in [0.9, 0.92]": "count(sgd.divergence) == 1"}
        )
        document = report(path)
        assert (document["exit_code"], document["ended"], document["complete"]) == (0, "finished", True)

    def test_the_time_limit_exits_with_4_and_leaves_claims_undecided(self, report, preset_file):
        document = report(preset_file(), "--steps", ENDLESS, "--time-limit", "1s")
        assert (document["exit_code"], document["ended"], document["complete"]) == (4, "time limit", False)
        assert document["claims"][0]["verdict"] == "undecided"
        assert document["arms"][0]["steps"] < ENDLESS

    def test_a_run_within_its_time_limit_is_not_touched_by_it(self, report, preset_file):
        assert report(preset_file(), "--time-limit", "1h")["exit_code"] == 0

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_a_signal_ends_the_run_with_a_partial_report(
        self, report, preset_file, after_chunks, tmp_path, number, code
    ):
        after_chunks(3, lambda: signal.raise_signal(number))
        path = tmp_path / "report.xml"
        document = report(preset_file(), "--steps", ENDLESS, "--junit", path)
        assert (document["exit_code"], document["ended"]) == (code, "interrupted")
        assert document["arms"][0]["steps"] > 0
        assert document["arms"][0]["measures"]["bias"][0] is not None
        assert path.exists()

    def test_a_second_signal_ends_it_at_once(self, grok_tui, preset_file, after_chunks):
        def twice():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

        after_chunks(3, twice)
        with pytest.raises(SystemExit) as left:
            grok_tui("--headless", "--preset", preset_file(), "--steps", ENDLESS)
        assert left.value.code == 130

    def test_signals_mean_what_they_did_before_once_the_run_is_over(self, report, preset_file):
        before = signal.getsignal(signal.SIGINT)
        report(preset_file())
        assert signal.getsignal(signal.SIGINT) is before

    @pytest.mark.parametrize("error", [RuntimeError("out of memory\nsecond line"), MemoryError()], ids=type)
    def test_a_failing_step_exits_with_3_one_line_and_a_partial_report(
        self, grok_tui, preset_file, after_chunks, error
    ):
        after_chunks(3, raising(error))
        called = grok_tui("--headless", "--preset", preset_file(), "--json")
        document = json.loads(called.out)
        assert (called.code, document["exit_code"], document["ended"]) == (3, 3, "failed")
        assert document["arms"][0]["steps"] > 0
        line = called.err.splitlines()[-1]
        assert line.startswith(f"grok-tui: small: training failed: {type(error).__name__}")
        assert "second line" not in line

    def test_a_run_that_cannot_start_exits_with_3_and_one_line(self, grok_tui, preset_file, monkeypatch):
        monkeypatch.setattr(Run, "__init__", lambda *_, **__: raising(MemoryError("no room"))())
        called = grok_tui("--headless", "--preset", preset_file())
        assert called.code == 3
        assert called.err == "grok-tui: the run cannot start: MemoryError: no room\n"

    def test_ctrl_c_reaches_the_program(self, preset_file, tmp_path):
        out, err = tmp_path / "out", tmp_path / "err"
        command = [sys.executable, "-m", "grok_tui", "--headless", "--json", "--steps", str(ENDLESS)]
        with out.open("w") as stdout, err.open("w") as stderr:
            process = subprocess.Popen([*command, "--preset", preset_file()], stdout=stdout, stderr=stderr)
            wait_for(lambda: "steps on" in err.read_text())
            os.kill(process.pid, signal.SIGINT)
            assert process.wait(timeout=60) == 130
        assert json.loads(out.read_text())["ended"] == "interrupted"
        assert "Traceback" not in err.read_text()


def wait_for(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen within a minute")
