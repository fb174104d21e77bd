"""`grok-tui verify`: each preset in a process of its own, and one ledger of all claims."""

import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from grok_tui import frontend as package
from grok_tui.headless import verify

SCHEMA = json.loads((Path(package.__file__).parent / "report.schema.json").read_text())
LEDGER = jsonschema.Draft202012Validator(SCHEMA | {"$ref": "#/$defs/Ledger"})


def ledger_of(called) -> dict:
    document = json.loads(called.out)
    LEDGER.validate(document)
    assert document["exit_code"] == called.code
    return document


def program(path: Path, body: str) -> str:
    """Write a Python program and return its path."""
    path.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{body}")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Let the processes of `verify` run a program instead of the real one."""

    def use(body: str) -> None:
        monkeypatch.setattr(verify.sys, "executable", program(tmp_path / "stand-in", body))

    return use


class TestRealRuns:
    def test_the_ledger_has_every_claim_and_the_largest_exit_code(
        self, grok_tui, preset_file, false_claim, tmp_path
    ):
        good = preset_file(name="good")
        bad = preset_file(name="bad", more=false_claim)
        junit, markdown = tmp_path / "ledger.xml", tmp_path / "claims.md"
        called = grok_tui(
            "verify", good, bad, "--jobs", 2, "--seed", 3, "--replicas", 2, "--json",
            "--junit", junit, "--markdown", markdown,
        )  # fmt: skip
        ledger = ledger_of(called)
        assert called.code == 1
        assert [run["preset"] for run in ledger["runs"]] == ["good", "bad"]
        assert [run["exit_code"] for run in ledger["runs"]] == [0, 1]
        assert [run["seeds"] for run in ledger["runs"]] == [[3, 4], [3, 4]]
        assert ledger["complete"]
        assert not ledger["failures"]
        suites = ElementTree.parse(junit).getroot().findall("testsuite")
        assert [suite.get("failures") for suite in suites] == ["0", "1"]
        page = markdown.read_text()
        assert "2 of 3 verdicts as expected" in page
        assert "**not reproduced, expected reproduced**" in page

    def test_a_page_that_is_there_keeps_what_it_says_of_other_presets(
        self, grok_tui, preset_file, false_claim, tmp_path
    ):
        page = tmp_path / "claims.md"
        bad = preset_file(name="bad", more=false_claim)
        grok_tui("verify", bad, preset_file(name="other"), "--markdown", page)
        other = page.read_text().partition("## other")[2]
        grok_tui("verify", preset_file(name="bad"), preset_file(name="a"), "--markdown", page)
        renewed = page.read_text()
        assert re.findall("^## (\\w+):", renewed, re.MULTILINE) == ["a", "bad", "other"]
        assert renewed.partition("## other")[2] == other
        assert "3 of 3 verdicts as expected" in renewed

    def test_a_file_that_is_no_ledger_is_written_anew(self, grok_tui, preset_file, tmp_path):
        page = tmp_path / "claims.md"
        page.write_bytes(b"\xff\n\n## other: remark\n")
        grok_tui("verify", preset_file(name="a"), "--markdown", page)
        assert page.read_text().startswith("# Claims\n\n1 of 1 verdict as expected")
        assert "other" not in page.read_text()


ADAM = """
[[arms]]
name = "adam"
optimizer = { name = "adam", lr = 1e-2 }
"""

CONTROLS = {
    "another arm": 'fails_with = { sgd = "adam" }',
    "another setting": 'fails_with = { set = "task.samples=2" }',
    "a false number": 'fails_with = { numbers = { "0.92" = "0.901" } }',
}


class TestControls:
    @pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS)
    def test_a_control_that_turns_the_verdict_round_is_as_expected(
        self, grok_tui, preset_file, tmp_path, control
    ):
        path = preset_file(more=f"{control}\n{ADAM}")
        called = grok_tui("verify", path, "--controls", "--json", "--markdown", tmp_path / "claims.md")
        (run,) = ledger_of(called)["runs"]
        assert called.code == 0
        assert run["claims"][0]["control"]["as_expected"]
        assert run["claims"][0]["control"]["verdict"] == "not reproduced"
        assert run["claims"][0]["shuffled"] == 0
        assert "1 of 1 control turned the verdict round" in (tmp_path / "claims.md").read_text()

    def test_a_claim_that_survives_its_control_is_not(self, grok_tui, preset_file, tmp_path):
        path = preset_file(more='fails_with = { set = "task.tolerance=0.2" }\n')
        called = grok_tui("verify", path, "--controls", "--junit", tmp_path / "ledger.xml")
        assert called.code == 1
        assert "0 of 1 control turned the verdict round" in " ".join(called.out.split())
        assert 'type="control"' in (tmp_path / "ledger.xml").read_text()

    def test_without_the_option_nothing_is_said_of_them(self, grok_tui, preset_file):
        path = preset_file(more='fails_with = { set = "task.tolerance=0.2" }\n')
        called = grok_tui("verify", path, "--json")
        assert called.code == 0
        assert ledger_of(called)["runs"][0]["claims"][0]["control"] is None

    def test_a_setting_that_is_none_is_found_before_anything_is_trained(self, grok_tui, preset_file):
        path = preset_file(more='fails_with = { set = "task.tolerence=0.2" }\n')
        called = grok_tui("--preset", path, "--headless", "--controls")
        assert called.code == 2
        assert "unknown key 'tolerence'; did you mean 'tolerance'?" in called.err

    def test_the_explorer_has_no_use_for_it(self, grok_tui, preset_file):
        called = grok_tui("--preset", preset_file(), "--controls")
        assert called.code == 2
        assert called.err == "grok-tui: --controls needs --headless\n"


class TestProcesses:
    def test_a_crash_is_a_row_that_says_so(self, grok_tui, preset_file, stand_in):
        stand_in("os.kill(os.getpid(), signal.SIGKILL)")
        called = grok_tui("verify", preset_file())
        assert called.code == 3
        assert "ended by signal 9" in called.out
        assert "1 failed, not complete" in called.out

    def test_the_last_line_of_a_failing_run_is_its_problem(self, grok_tui, preset_file, stand_in):
        stand_in("sys.stderr.write('noise\\ngrok-tui: no such device\\n'); sys.exit(2)")
        ledger = ledger_of(grok_tui("verify", preset_file(), "--json"))
        (failure,) = ledger["failures"]
        assert (failure["problem"], failure["exit_code"]) == ("no such device", 2)

    def test_a_run_that_leaves_something_else_than_a_report_has_failed(self, grok_tui, preset_file, stand_in):
        stand_in("print('{}')")
        ledger = ledger_of(grok_tui("verify", preset_file(), "--json"))
        assert ledger["exit_code"] == 3
        assert ledger["failures"][0]["problem"] == "left no report"

    def test_one_failure_does_not_keep_the_others_from_running(
        self, grok_tui, preset_file, stand_in, tmp_path
    ):
        stand_in(f"open({str(tmp_path / 'log')!r}, 'a').write(sys.argv[3] + '\\n'); sys.exit(2)")
        paths = [preset_file(name=name) for name in ("one", "two", "three")]
        ledger = ledger_of(grok_tui("verify", *paths, "--json"))
        assert len(ledger["failures"]) == 3
        assert (tmp_path / "log").read_text().splitlines() == [f"--preset={path}" for path in paths]

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_no_more_run_at_once_than_asked_for(self, grok_tui, preset_file, stand_in, tmp_path, jobs):
        log = tmp_path / "log"
        stand_in(
            f"log = open({str(log)!r}, 'a', buffering=1)\n"
            "log.write('+1\\n')\n"
            "for _ in range(1000):\n"
            f"    if open({str(log)!r}).read().count('+') >= {jobs}: break\n"
            "    time.sleep(0.01)\n"
            "time.sleep(0.3); log.write('-1\\n'); sys.exit(2)"
        )
        paths = [preset_file(name=name) for name in ("one", "two", "three", "four")]
        called = grok_tui("verify", *paths, "--jobs", jobs, "--device", "cuda:1")
        assert ("presets at once share cuda:1" in called.err) is (jobs > 1)
        running, most = 0, 0
        for change in log.read_text().splitlines():
            running += int(change)
            most = max(most, running)
        assert most == jobs

    def test_ctrl_c_ends_the_processes_and_prints_what_is_there(
        self, grok_tui, preset_file, stand_in, tmp_path
    ):
        pids = tmp_path / "pids"
        stand_in(f"open({str(pids)!r}, 'a').write(str(os.getpid()) + '\\n'); time.sleep(600)")
        press_ctrl_c_once(lambda: pids.exists() and pids.read_text().endswith("\n"))
        called = grok_tui("verify", preset_file(name="one"), preset_file(name="two"), "--json")
        ledger = ledger_of(called)
        assert called.code == 130
        assert not ledger["complete"]
        assert [failure["problem"] for failure in ledger["failures"]][1] == "not run"
        (pid,) = pids.read_text().split()
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)

    def test_a_process_that_ignores_ctrl_c_is_killed(
        self, grok_tui, preset_file, stand_in, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(verify, "GRACE_SECONDS", 0.3)
        pids = tmp_path / "pids"
        stand_in(
            "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
            f"open({str(pids)!r}, 'a').write(str(os.getpid()) + '\\n'); time.sleep(600)"
        )
        press_ctrl_c_once(lambda: pids.exists() and pids.read_text().endswith("\n"))
        assert grok_tui("verify", preset_file()).code == 130
        with pytest.raises(ProcessLookupError):
            os.kill(int(pids.read_text()), 0)

    def test_each_ended_preset_is_a_line_on_stderr(self, grok_tui, preset_file, stand_in):
        stand_in("sys.exit('grok-tui: broken')")
        paths = [preset_file(name=name) for name in ("one", "two")]
        called = grok_tui("verify", *paths)
        lines = called.err.splitlines()
        assert [line.split(":")[0] for line in lines] == paths
        assert all("broken" in line for line in lines)


class TestSeeds:
    def test_each_claim_is_judged_over_all_seeds_in_one_table(self, grok_tui, preset_file, tmp_path):
        page, junit = tmp_path / "seeds.md", tmp_path / "seeds.xml"
        called = grok_tui("verify", preset_file(), "--seeds", 2, "--markdown", page, "--junit", junit)
        assert called.code == 0
        assert "2 of 2 [0.158, 1]" in called.out
        assert "2 of 2 verdicts unchanged (100%), 1 of 1 claim in all seeds" in called.out
        assert "| 2 of 2 [0.158, 1] | reproduced | 2 of 2 | 1000 to 1001 |" in page.read_text()
        suites = ElementTree.parse(junit).getroot().findall("testsuite")
        assert [suite.get("name") for suite in suites] == ["small seed 1000", "small seed 1001"]

    def test_seeds_are_as_far_apart_as_there_are_replicas(self, grok_tui, preset_file, false_claim):
        called = grok_tui(
            "verify", preset_file(more=false_claim), "--seeds", 2, "--seed", 7, "--replicas", 2, "--json"
        )
        ledger = seed_ledger_of(called)
        assert called.code == 1
        assert [run["seeds"] for run in ledger["runs"]] == [[7, 8], [9, 10]]
        true, false = ledger["claims"]
        assert (true["held_in"], true["judged_in"], true["unchanged"], true["as_expected"]) == (4, 4, 2, True)
        assert true["interval"] == pytest.approx([0.025 ** (1 / 4), 1])
        assert (false["held_in"], false["unchanged"], false["runs"]) == (0, 0, 2)
        assert not false["as_expected"]
        assert (ledger["unchanged"], ledger["verdicts"], ledger["unchanged_in_all"]) == (2, 4, 1)

    @pytest.mark.parametrize(("holds_in", "code"), [(0.5, 0), (0.6, 1)])
    def test_a_claim_may_fail_in_as_many_seeds_as_it_says(
        self, grok_tui, preset_file, stand_in, tmp_path, holds_in, code
    ):
        held = report_of_a_run(grok_tui, preset_file(), holds_in, tmp_path / "held")
        missed = report_of_a_run(
            grok_tui, preset_file({"[0.9, 0.92]": "[2, 3]"}), holds_in, tmp_path / "missed"
        )
        stand_in(
            f"odd = '--seed=1001' in sys.argv\n"
            f"print(open({str(missed)!r} if odd else {str(held)!r}).read()); sys.exit(odd)"
        )
        ledger = seed_ledger_of(grok_tui("verify", preset_file(), "--seeds", 2, "--json"))
        (claim,) = ledger["claims"]
        assert (claim["held_in"], claim["judged_in"]) == (1, 2)
        assert ledger["exit_code"] == code

    def test_a_run_that_fails_is_left_out_and_named(self, grok_tui, preset_file, stand_in, tmp_path):
        held = report_of_a_run(grok_tui, preset_file(), 1.0, tmp_path / "held")
        stand_in(f"'--seed=1001' in sys.argv and sys.exit('broken')\nprint(open({str(held)!r}).read())")
        called = grok_tui("verify", preset_file(), "--seeds", 3)
        assert called.code == 3
        said = " ".join(called.out.split())
        assert "seed 1001: broken" in said
        assert "2 of 2 [0.158, 1]" in said
        assert "1 failed, not complete" in said

    def test_ctrl_c_keeps_what_is_there(self, grok_tui, preset_file, stand_in, tmp_path):
        held = report_of_a_run(grok_tui, preset_file(), 1.0, tmp_path / "held")
        begun = tmp_path / "begun"
        stand_in(
            "if '--seed=1001' in sys.argv:\n"
            f"    open({str(begun)!r}, 'w'); time.sleep(600)\n"
            f"print(open({str(held)!r}).read())"
        )
        press_ctrl_c_once(begun.exists)
        ledger = seed_ledger_of(grok_tui("verify", preset_file(), "--seeds", 4, "--json"))
        (claim,) = ledger["claims"]
        assert (ledger["exit_code"], ledger["complete"]) == (130, False)
        assert (claim["held_in"], claim["judged_in"], claim["runs"]) == (1, 1, 1)
        assert [f["preset"].partition(" seed ")[2] for f in ledger["failures"]] == ["1001", "1002", "1003"]

    def test_a_page_that_is_there_keeps_what_it_says_of_other_presets(self, grok_tui, preset_file, tmp_path):
        page = tmp_path / "seeds.md"
        for names in (("b", "c"), ("b", "a")):
            presets = [
                preset_file({"SGD puts": f"With a | b, {name}, SGD puts"}, name=name) for name in names
            ]
            grok_tui("verify", *presets, "--seeds", 1, "--markdown", page)
        text = page.read_text()
        assert re.findall(r"^. `(\w)`", text, re.MULTILINE) == ["a", "b", "c"]
        assert "3 of 3 verdicts unchanged, 3 of 3 claims in all seeds" in text

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            (["--seeds", 0], "Invalid value for '--seeds': should be greater than or equal to 1, not '0'"),
            (["--seeds", "x"], "Invalid value for '--seeds': should be a whole number"),
            (["--seeds", 2, "--controls"], "--controls and --seeds do not go together"),
            (["--seeds", 5, "--seed", 2**31 - 2], "--seeds: 5 runs from seed 2147483646 go up to seed"),
            (["--seeds", 5, "--seed", -1], "command line: training.seed"),
        ],
    )
    def test_what_cannot_be_is_one_line(self, grok_tui, preset_file, stand_in, options, problem):
        stand_in("sys.exit('this must not run')")
        called = grok_tui("verify", preset_file(), *options)
        assert called.code == 2
        assert called.err.startswith(f"grok-tui: {problem}")
        assert len(called.err.splitlines()) == 1


def seed_ledger_of(called) -> dict:
    document = json.loads(called.out)
    jsonschema.Draft202012Validator(SCHEMA | {"$ref": "#/$defs/SeedLedger"}).validate(document)
    assert document["exit_code"] == called.code
    return document


def report_of_a_run(grok_tui, preset, holds_in: float, path: Path) -> Path:
    """Keep the report of a real run, its claims holding in another share of the seeds."""
    document = json.loads(grok_tui("--preset", preset, "--headless", "--json").out)
    for claim in document["claims"]:
        claim["holds_in"] = holds_in
    path.write_text(json.dumps(document))
    return path


class TestUsage:
    def test_an_unknown_preset_is_named_before_anything_runs(self, grok_tui, preset_file, stand_in):
        stand_in("sys.exit('this must not run')")
        called = grok_tui("verify", preset_file(), "linear110")
        assert called.code == 2
        assert called.err == "grok-tui: unknown preset 'linear110'; did you mean 'linear101'?\n"

    @pytest.mark.parametrize("option", ["--junit", "--markdown"])
    def test_an_output_that_cannot_be_written_is_named_before_anything_runs(
        self, grok_tui, preset_file, stand_in, option
    ):
        stand_in("sys.exit('this must not run')")
        called = grok_tui("verify", preset_file(), option, "/nowhere/x")
        assert called.code == 2
        assert called.err == f"grok-tui: {option}: /nowhere/x: no such file or directory\n"

    def test_without_names_all_presets_are_run(self, grok_tui, stand_in, monkeypatch):
        monkeypatch.setattr(verify, "names", lambda: ["linear101", "linear101-eps"])
        stand_in("sys.exit(2)")
        ledger = ledger_of(grok_tui("verify", "--json"))
        assert [failure["preset"] for failure in ledger["failures"]] == ["linear101", "linear101-eps"]


def press_ctrl_c_once(condition) -> None:
    """Send this process SIGINT as soon as a condition holds."""

    def wait() -> None:
        while not condition():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()
