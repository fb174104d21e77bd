"""The acceptance run for a GPU, as far as it goes without one: verdicts, deadlines, files, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from gpu_checks import conduct, processes, results, table  # noqa: E402
from gpu_checks.child import function_of  # noqa: E402
from gpu_checks.effort import EMULATED, Effort, allowed  # noqa: E402
from gpu_checks.findings import Finding, Findings, Verdict, read_findings, verdict_of  # noqa: E402
from gpu_checks.results import Result, exit_code  # noqa: E402
from gpu_checks.table import CHECKS, Check, selected  # noqa: E402

EFFORT = Effort()

CHILD = """
import sys, time
from pathlib import Path
from gpu_checks.findings import Findings
part, number, path = sys.argv[1:]
found = Findings(Path(path))
match int(number):
    case 0 | 1: found.require("two and two", True, 4, "4")
    case 2: found.at_most("far", 3.0, 2.0)
    case 3:
        found.note("before", "it hangs")
        time.sleep(60)
    case 4: raise RuntimeError("it broke")
    case 5: pass
    case 6:
        print("no device", file=sys.stderr)
        sys.exit(2)
"""


@pytest.fixture
def child(monkeypatch):
    """Have checks carried out by `CHILD`: of each number another one."""

    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-c", CHILD, *arguments]

    monkeypatch.setattr(conduct, "command", command)


def check(number: int, seconds: float = 10.0) -> Check:
    return Check(number, f"check {number}", "none:none", seconds, seconds)


def result(verdict: Verdict, number: int = 1) -> Result:
    found = (Finding("what", "seen", "wanted", verdict is Verdict.PASSED),)
    return Result(number, f"check {number}", verdict, 1.0, 2.0, found, "", "2026-01-01T00:00:00+00:00")


def test_every_check_is_there_and_has_a_number_a_deadline_and_a_function():
    assert [each.number for each in CHECKS] == list(range(17))
    for each in CHECKS:
        assert each.deadline(short=False) == 2 * each.seconds
        assert callable(function_of(each.function))


def test_the_short_run_is_a_selection_with_deadlines_of_its_own():
    short = selected(None, short=True)
    assert [each.number for each in short] == [0, 1, 3, 4, 8, 9, 12]
    assert sum(each.deadline(True, 1.0) for each in short) < 300
    assert table.check_of(8).deadline(short=True) < table.check_of(8).deadline(short=False)


@pytest.mark.parametrize(
    ("text", "numbers"), [("1-3", [0, 1, 2, 3]), ("9", [0, 9]), ("4, 2", [0, 2, 4]), ("0", [0])]
)
def test_only_takes_numbers_and_ranges_and_always_looks_at_the_machine_first(text, numbers):
    assert [each.number for each in selected(text, short=False)] == numbers


@pytest.mark.parametrize("text", ["", "x", "1-", "17", "3-1", "-1", "1,,2", "²"])
def test_only_refuses_what_is_no_check(text):
    with pytest.raises(ValueError, match="--only"):
        selected(text, short=False)


def test_findings_are_on_the_disk_at_once_and_a_cut_line_is_left_out(tmp_path):
    path = tmp_path / "found.jsonl"
    found = Findings(path)
    found.note("a", 1)
    assert [each.what for each in read_findings(path)] == ["a"]
    found.at_most("b", 2.0, 1.0)
    found.none_of("c", [], 3)
    with path.open("a") as file:
        file.write('{"what": "cut')
    assert [(each.what, each.holds) for each in read_findings(path)] == [
        ("a", None),
        ("b", False),
        ("c", True),
    ]


def test_a_number_that_is_none_and_no_cases_at_all_do_not_pass(tmp_path):
    found = Findings(tmp_path / "found.jsonl")
    found.at_most("nan", float("nan"), 1.0)
    found.none_of("nothing", [], 0)
    assert [each.holds for each in read_findings(tmp_path / "found.jsonl")] == [False, False]


def test_speeds_are_judged_on_a_real_device_alone(tmp_path):
    for speeds_count, wanted in ((True, [False, False]), (False, [None, None])):
        path = tmp_path / f"{speeds_count}.jsonl"
        found = Findings(path, speeds_count)
        found.fast("ratio", 1.0, 2.0)
        found.quick("time", 2.0, 1.0)
        assert [each.holds for each in read_findings(path)] == wanted


@pytest.mark.parametrize(
    ("holds", "verdict"),
    [
        ([True, None], Verdict.PASSED),
        ([True, False], Verdict.FAILED),
        ([None], Verdict.NOT_JUDGED),
        ([], Verdict.NOT_JUDGED),
    ],
)
def test_a_check_passes_if_all_that_was_wanted_holds_and_something_was(holds, verdict):
    assert verdict_of([Finding("w", "s", "", each) for each in holds]) is verdict


@pytest.mark.parametrize(
    ("verdicts", "emulated", "code"),
    [
        ([Verdict.PASSED, Verdict.PASSED], False, 0),
        ([Verdict.PASSED, Verdict.NOT_JUDGED], False, 1),
        ([Verdict.PASSED, Verdict.NOT_JUDGED], True, 0),
        ([Verdict.PASSED, Verdict.LATE], True, 1),
        ([Verdict.FAILED], False, 1),
        ([Verdict.BROKE], False, 1),
        ([Verdict.NO_GPU], False, 2),
        ([], False, 1),
    ],
)
def test_exit_codes(verdicts, emulated, code):
    assert exit_code([result(verdict) for verdict in verdicts], emulated) == code


def test_each_verdict_comes_from_how_a_process_ends(child, tmp_path):
    def carried_out(number: int) -> Result:
        return conduct.carried_out(check(number), tmp_path, EFFORT, patience=2.0)

    assert carried_out(1).verdict is Verdict.PASSED
    assert carried_out(2).verdict is Verdict.FAILED
    broke = carried_out(4)
    assert (broke.verdict, "it broke" in broke.problem) == (Verdict.BROKE, True)
    assert carried_out(5).verdict is Verdict.NOT_JUDGED
    assert (carried_out(6).verdict, carried_out(6).problem) == (Verdict.NO_GPU, "no device")


def test_a_check_has_ten_times_as_long_on_an_emulated_device(child, tmp_path):
    efforts = (Effort(), Effort(emulated=tmp_path))
    real, emulated = (conduct.carried_out(check(1), tmp_path, effort, patience=1.5) for effort in efforts)
    assert (real.deadline, emulated.deadline) == (15, 150)


def test_what_a_process_waits_for_may_take_ten_times_as_long_on_an_emulated_device(monkeypatch):
    assert allowed(20.0) == 20.0
    monkeypatch.setenv(EMULATED, "/somewhere/devices.py")
    assert allowed(20.0) == 200.0


def test_a_check_is_ended_at_its_deadline_and_leaves_what_it_saw(child, tmp_path):
    began = time.monotonic()
    late = conduct.carried_out(check(3, seconds=0.5), tmp_path, EFFORT, patience=2.0)
    assert time.monotonic() - began < 20
    assert (late.verdict, late.deadline) == (Verdict.LATE, 1.0)
    assert [each.what for each in late.findings] == ["before"]


def test_what_a_check_started_is_ended_with_it_in_sessions_of_their_own_too():
    sleeps = "[sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True"
    code = f"import subprocess, sys, time; subprocess.Popen({sleeps}); print(flush=True); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    parent.stdout.readline()
    (_, child) = processes.family(parent.pid)
    processes.kill_family(parent)
    parent.stdout.close()
    end = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and " Z " not in Path(f"/proc/{child}/stat").read_text():
        assert time.monotonic() < end, "it goes on"
        time.sleep(0.02)


def test_everything_is_saved_after_each_check(child, tmp_path):
    seen = []

    def say(line: str) -> None:
        known = results.read(tmp_path)
        seen.append([each.number for each in known])

    code = exit_code(
        conduct.conduct([check(0), check(1), check(2)], tmp_path, EFFORT, {"began": "now"}, say), False
    )
    assert [each for i, each in enumerate(seen) if each not in seen[:i]] == [[], [0], [0, 1], [0, 1, 2]]
    assert code == 1
    assert json.loads((tmp_path / "gpu.json").read_text())["began"] == "now"
    text = (tmp_path / "gpu.txt").read_text()
    assert "| 2 | check 2 | failed |" in text
    assert "- far: 3 (wanted: <= 2)" in text


def test_a_further_run_adds_its_checks_to_those_of_the_folder(tmp_path):
    results.save(tmp_path, {}, [result(Verdict.PASSED, 1), result(Verdict.FAILED, 2)])
    results.save(tmp_path, {}, [result(Verdict.PASSED, 2), result(Verdict.LATE, 3)])
    assert [(each.number, each.verdict) for each in results.read(tmp_path)] == [
        (1, Verdict.PASSED),
        (2, Verdict.PASSED),
        (3, Verdict.LATE),
    ]


def test_without_a_gpu_nothing_else_is_tried(child, tmp_path, monkeypatch):
    first = check(6)
    monkeypatch.setattr(conduct, "MACHINE", 6)
    made = conduct.conduct([first, check(1)], tmp_path, EFFORT, {}, lambda _: None)
    assert [each.verdict for each in made] == [Verdict.NO_GPU]
    assert exit_code(made, False) == 2


def test_every_process_of_a_run_knows_its_effort(monkeypatch):
    effort = Effort(short=True, emulated=Path("/somewhere/devices.py"))
    for name, value in effort.environment.items():
        monkeypatch.setenv(name, value)
    assert Effort.of_this_process() == effort
    monkeypatch.setenv(EMULATED, "")
    assert not Effort.of_this_process().tiny


def test_a_machine_without_a_gpu_is_told_with_exit_code_2_by_the_run_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    given = [sys.executable, str(BENCHMARKS / "gpu.py"), "--out", str(tmp_path), "--short"]
    done = subprocess.run([*given, "--patience", "10"], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout
    assert [(each.number, each.verdict) for each in results.read(tmp_path)] == [(0, Verdict.NO_GPU)]
    assert "torch" in results.read(tmp_path)[0].problem


@pytest.mark.parametrize("wrong", [["--only", "99"], ["--emulated", "nowhere.py"], []])
def test_a_wrong_command_line_is_told_with_exit_code_2(wrong, tmp_path):
    given = [sys.executable, str(BENCHMARKS / "gpu.py"), *wrong]
    out = ["--out", str(tmp_path / "out")] if wrong else []
    done = subprocess.run([*given, *out], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_device_is_emulated_by_a_file_or_a_package(tmp_path, monkeypatch):
    from gpu_checks.child import load_emulator

    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "emulated_by_a_file.py").write_text("import beside\n")
    (tmp_path / "beside.py").write_text("loaded = True\n")
    load_emulator(tmp_path / "emulated_by_a_file.py")
    assert sys.modules["beside"].loaded
    (tmp_path / "emulated_by_a_package").mkdir()
    (tmp_path / "emulated_by_a_package" / "__init__.py").write_text("loaded = True\n")
    load_emulator(tmp_path / "emulated_by_a_package")
    assert sys.modules["emulated_by_a_package"].loaded


def test_what_is_carried_is_what_grok_tui_needs_at_run_time_without_what_the_machine_has():
    import carry

    found = carry.needed("grok-tui", carry.OF_THE_MACHINE)
    assert {"textual", "pydantic-core", "safetensors", "linkify-it-py", "typing-extensions"} <= found
    assert not {"torch", "numpy", "pytest", "pyarrow", "sphinx", "colorama", "sympy"} & found
    pins = carry.pinned(BENCHMARKS.parent / "constraints.txt")
    assert found <= pins.keys()
    assert pins["pydantic-core"].startswith("pydantic_core==")


def test_the_line_that_says_that_a_run_does_not_fit_is_known_as_one(monkeypatch):
    from gpu_checks.processes import Ended
    from gpu_checks.starved import one_line, problem

    from grok_tui.engine.run import memory

    monkeypatch.setattr(memory, "physical_memory", lambda: 1000)
    with pytest.raises(memory.NoRoomError) as refused:
        memory.require_room(problem(1 << 20), torch.device("cpu"))
    assert one_line(Ended(3, "", f"grok-tui: {refused.value}\n", 1.0))
    assert not one_line(Ended(3, "", "grok-tui: something else\n", 1.0))
