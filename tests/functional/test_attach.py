"""Runs that go on by themselves: a terminal that goes away, and coming back to what it left."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from explorer import PRESET
from terminal import Terminal, explorer_command, explorer_environment

from grok_tui.engine.remote.address import LONGEST_ADDRESS, connect, socket_path
from grok_tui.engine.remote.client import Attached
from grok_tui.engine.remote.keeper import KeeperJob, start
from grok_tui.engine.remote.server import HELLO_SECONDS
from grok_tui.engine.run.place import Place
from grok_tui.engine.run.snapshot import State as Stands
from grok_tui.engine.store.directory import RunDirectory, RunStatus
from grok_tui.engine.store.files import StoreError
from grok_tui.engine.worker import orders as ask
from grok_tui.frontend.orders import changed, reset
from grok_tui.presets import load

PATIENCE = 120.0  # seconds, on a machine that may be busy
HELLO = b'{"order": "hello"}\n'
LOOK = b'{"order": "look"}\n'


def until(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.02)


@pytest.fixture
def preset(tmp_path):
    """A preset that trains for as long as anybody wants."""
    path = tmp_path / "two.toml"
    path.write_text(PRESET.replace("steps = 2000", "steps = 100_000_000"))
    return path


def job(preset: Path, folder: Path, **changes) -> KeeperJob:
    given = {"label": "two", "profile": "quick", "place": Place(compile="off")} | changes
    return KeeperJob(preset=load(str(preset)), folder=folder, **given)


@pytest.fixture
def run(preset, tmp_path):
    """A run that goes on in a process of its own, with somebody who looks on from its beginning."""
    first = Attached(lambda: start(job(preset, tmp_path / "run")))
    first.start()
    try:
        until(lambda: first.snapshot.state == "running")
        until(lambda: socket_path(RunDirectory(tmp_path / "run")).exists())
        yield first
    finally:
        ended = first.snapshot.state in ("failed", "closed") or first.end(PATIENCE)
    assert ended


@pytest.fixture
def directory(tmp_path, run):
    return RunDirectory(tmp_path / "run")


def looking_on(directory: RunDirectory) -> Attached:
    one = Attached(lambda: connect(directory))
    one.start()
    until(lambda: one.snapshot.arms)
    return one


def answered(directory: RunDirectory, *lines: bytes) -> list[dict]:
    """Send lines as they are, and return what comes until the other side hangs up."""
    connection = connect(directory)
    connection.settimeout(PATIENCE)
    with connection, connection.makefile("rb") as answers:
        for line in lines:
            connection.sendall(line)
        return [json.loads(answer) for answer in answers]


def test_a_run_outlives_its_terminal_and_is_attached_to(preset, tmp_path):
    environment = explorer_environment(tmp_path)
    directory = RunDirectory(tmp_path / "run")
    command = explorer_command("--preset", str(preset), "--run-dir", str(directory.path), "--keep-running")
    with Terminal(command, size=(120, 36), environment=environment) as terminal:
        terminal.wait_for("running", "steps/s")
        assert terminal.hang_up() == 129
    assert directory.state() is RunStatus.RUNNING

    attach = explorer_command("attach", str(directory.path))
    with Terminal(attach, size=(120, 36), environment=environment) as terminal:
        terminal.wait_for("running", "steps/s", "Accuracy")
        terminal.send("o")
        terminal.wait_for("changed by hand")
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert f"grok-tui attach {directory.path}" in terminal.text
    until(lambda: (directory.path / "interventions.jsonl").read_text())
    done = [json.loads(line) for line in (directory.path / "interventions.jsonl").read_text().splitlines()]
    assert [one["intervention"]["optimizer"]["name"] for one in done] == ["adamw"]
    assert directory.state() is RunStatus.RUNNING

    with Terminal(attach, size=(120, 36), environment=environment) as terminal:
        terminal.wait_for("running", "steps/s")
        terminal.send("Q")
        assert terminal.wait_for_end() == 0
        assert f"grok-tui resume {directory.path}" in terminal.text
    until(lambda: directory.state() is RunStatus.STOPPED)
    until(lambda: not socket_path(directory).exists())
    with Terminal(attach, size=(120, 36), environment=environment) as terminal:
        assert terminal.wait_for_end() == 2
        assert "is not running (stopped)" in terminal.text


def test_whoever_attaches_sees_what_the_first_one_sees(run, directory):
    until(lambda: run.snapshot.arms[0].step > 300)
    run.give(ask.Pause())
    until(lambda: run.snapshot.state == "paused")
    other = looking_on(directory)
    assert other.snapshot.state == "paused"
    assert [claim.verdict for claim in other.snapshot.claims] == [c.verdict for c in run.snapshot.claims]
    for one, two in zip(run.snapshot.arms, other.snapshot.arms, strict=True):
        assert (one.name, one.step, one.optimizer, one.events) == (
            two.name,
            two.step,
            two.optimizer,
            two.events,
        )
        for name in one.history.names:
            (steps, values), (others, same) = one.history.curve(name), two.history.curve(name)
            assert np.array_equal(steps, others)
            assert np.array_equal(values, same, equal_nan=True)
        assert np.array_equal(one.vectors["coordinates"].table()[1], two.vectors["coordinates"].table()[1])
    assert other.close()


def test_orders_go_through_and_what_cannot_be_done_is_told(run, directory):
    other = looking_on(directory)
    arm = other.snapshot.arms[0]
    other.give(ask.Intervene(intervention=changed(arm, "lr", 0.05)))
    until(lambda: run.snapshot.arms[0].optimizer.lr == 0.05)
    other.give(ask.SetPace(pace=50.0))
    until(lambda: run.snapshot.pace == 50.0)
    other.give(ask.Step(steps=3))
    until(lambda: other.snapshot.state == "paused")
    other.give(ask.Intervene(intervention=reset(arm).model_copy(update={"arm": "nobody"})))
    until(lambda: other.refusals)
    assert other.refusals.popleft() == "there is no arm 'nobody'"
    step = run.snapshot.arms[0].step
    other.give(ask.ForkArm(arm=arm.name, step=step - 1, name="again"))
    until(lambda: [one.name for one in other.snapshot.arms] == ["sgd", "adamw", "again"])
    assert other.snapshot.arms[2].born == step - 1
    other.give(ask.Rewind(arm="adamw", step=1))
    until(lambda: run.snapshot.arms[1].step == 1)
    assert run.snapshot.arms[1].history.steps[-1] == 1
    other.give(ask.GoOn())
    until(lambda: run.snapshot.state == "running")


def test_a_run_that_begins_anew_is_found_in_its_new_folder(run, directory):
    run.give(ask.Restart(preset=run.snapshot.preset))
    until(lambda: run.snapshot.kept == f"{directory.path}-2")
    again = RunDirectory(Path(f"{directory.path}-2"))
    until(lambda: socket_path(again).exists())
    assert not socket_path(directory).exists()
    assert directory.state() is RunStatus.STOPPED
    assert looking_on(again).close()


def test_the_socket_is_its_owners_alone(run, directory):
    found = socket_path(directory).lstat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([b"\x00\xff garbage\n"], "no order"),
        ([b"[" * 100_000 + b"\n"], "no order"),
        ([LOOK], "'hello' comes first"),
        ([b'{"order": "hello", "format": 99}\n'], "another version"),
        ([HELLO, b'{"order": "burn"}\n'], "no order"),
        ([HELLO, b'{"order": "step", "steps": 1e99}\n'], "no order"),
        ([HELLO, b'{"order": "pace", "pace": NaN}\n'], "no order"),
        ([HELLO, b'{"order": "restart", "preset": {"title": "x"}}\n'], "no order"),
    ],
)
def test_what_is_no_order_is_refused_and_the_run_goes_on(run, directory, lines, why):
    *_, last = answered(directory, *lines)
    assert last["answer"] == "refused"
    assert why in last["why"]
    before = run.snapshot.arms[0].step
    until(lambda: run.snapshot.arms[0].step > before)


def test_a_line_without_an_end_is_not_kept_for_ever(run, directory):
    connection = connect(directory)
    connection.settimeout(PATIENCE)
    with connection, pytest.raises((BrokenPipeError, ConnectionResetError)):
        connection.sendall(b"x" * 2**25)
    assert run.snapshot.state == "running"


def test_who_stops_reading_holds_nobody_up(run, directory):
    with connect(directory) as lazy:
        lazy.sendall(HELLO)
        lazy.settimeout(1.0)
        with pytest.raises(TimeoutError):
            lazy.sendall(LOOK * 1_000_000)
        before = run.snapshot.arms[0].step
        until(lambda: run.snapshot.arms[0].step > before + 100)
        assert looking_on(directory).close()


def test_only_so_many_may_look_on(run, directory):
    held = [connect(directory) for _ in range(7)]
    assert answered(directory) == [{"answer": "refused", "why": "8 look on already"}]
    for one in held:
        one.close()
    until(lambda: _welcomed(directory))


def _welcomed(directory: RunDirectory) -> bool:
    connection = connect(directory)
    with connection, connection.makefile("rb") as answers:
        with suppress(BrokenPipeError):  # who is refused has been told, and hung up on
            connection.sendall(HELLO)
        return json.loads(answers.readline())["answer"] == "welcome"


def test_a_run_whose_process_was_killed_has_crashed_though_its_socket_is_there(run, directory):
    os.kill(_pid(directory), signal.SIGKILL)
    until(lambda: run.snapshot.state is Stands.FAILED)
    assert "cannot be reached" in run.snapshot.failure
    assert "grok-tui resume" in run.snapshot.failure
    assert socket_path(directory).exists()
    until(lambda: directory.state() is RunStatus.CRASHED)  # the lock may outlive the socket by a moment
    with pytest.raises(StoreError, match="has crashed; 'grok-tui resume"):
        connect(directory)
    directory.remove()
    assert not directory.path.exists()


def test_a_signal_to_end_keeps_the_run_and_ends_it_in_order(run, directory):
    os.kill(_pid(directory), signal.SIGHUP)
    before = run.snapshot.arms[0].step
    until(lambda: run.snapshot.arms[0].step > before)
    os.kill(_pid(directory), signal.SIGTERM)
    until(lambda: run.snapshot.state is Stands.CLOSED)
    assert directory.state() is RunStatus.STOPPED
    assert directory.checkpoints()


def test_a_run_is_ended_without_an_explorer(run, directory, grok_tui):
    until(lambda: run.snapshot.arms[0].step > 300)
    ended = grok_tui("runs", "end", directory.path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"ended; to go on: grok-tui resume {directory.path}\n"
    until(lambda: run.snapshot.state is Stands.CLOSED)
    assert directory.state() is RunStatus.STOPPED
    assert directory.status().steps == sum(arm.step for arm in run.snapshot.arms) > 0
    until(lambda: not socket_path(directory).exists())
    again = grok_tui("runs", "end", directory.path)
    assert (again.code, again.out) == (2, "")
    assert "is not running (stopped)" in again.err


def test_a_run_that_takes_no_orders_is_not_said_to_have_ended(run, directory, grok_tui):
    held = [connect(directory) for _ in range(7)]
    for one in held:
        one.sendall(HELLO)
    refused = grok_tui("runs", "end", directory.path)
    assert (refused.code, refused.out) == (2, "")
    assert "8 look on already" in refused.err
    assert directory.state() is RunStatus.RUNNING
    for one in held:
        one.close()


def test_a_run_that_is_long_about_its_steps_is_said_to_end_later(run, directory, grok_tui, monkeypatch):
    monkeypatch.setattr(import_module("grok_tui.cli.runs"), "END_SECONDS", 0.0)
    late = grok_tui("runs", "end", directory.path)
    assert (late.code, late.out) == (2, "")
    assert "has not ended within 0 s" in late.err
    until(lambda: directory.state() is RunStatus.STOPPED)


def test_the_silent_keep_nobody_out(run, directory):
    held = [connect(directory) for _ in range(7)]
    held[0].sendall(b"{")  # a byte now and then is silence as well
    assert answered(directory) == [{"answer": "refused", "why": "8 look on already"}]
    until(lambda: _welcomed(directory), HELLO_SECONDS + 20.0)
    for one in held:
        one.close()


def test_a_stopped_run_is_said_to_be_stopped_and_ends_when_it_goes_on(run, directory, grok_tui):
    pid = _pid(directory)
    os.kill(pid, signal.SIGSTOP)
    try:
        told = grok_tui("runs", "end", directory.path)
        assert (told.code, told.out) == (2, "")
        assert f"its process {pid} is stopped: it ends once it goes on (kill -CONT {pid})" in told.err
        assert directory.state() is RunStatus.RUNNING
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: directory.state() is RunStatus.STOPPED)


def test_a_run_of_another_process_cannot_be_ended(run, directory, grok_tui):
    socket_path(directory).unlink()
    refused = grok_tui("runs", "end", directory.path)
    assert (refused.code, refused.out) == (2, "")
    assert "not with --keep-running" in refused.err


def test_a_run_that_is_finished_ends_when_nobody_looks_on(preset, tmp_path):
    preset.write_text(PRESET.replace("steps = 2000", "steps = 200"))
    directory = RunDirectory(tmp_path / "run")
    one = Attached(lambda: start(job(preset, directory.path)))
    one.start()
    until(lambda: one.snapshot.state == "finished")
    assert directory.state() is RunStatus.RUNNING
    assert {claim.verdict for claim in one.snapshot.claims} == {"reproduced", "not reproduced"}
    assert one.close()
    until(lambda: directory.state() is RunStatus.FINISHED)


def test_a_run_that_cannot_begin_says_why(preset, tmp_path):
    one = Attached(lambda: start(job(preset, tmp_path / "run", place=Place(device="cuda:77"))))
    one.start()
    until(lambda: one.snapshot.state is Stands.FAILED)
    assert "cuda" in one.snapshot.failure


def test_a_run_of_another_kind_cannot_be_attached_to(run, directory):
    socket_path(directory).unlink()
    with pytest.raises(StoreError, match="not with --keep-running"):
        connect(directory)
    socket_path(directory).write_text("")
    with pytest.raises(StoreError, match="is not a socket"):
        connect(directory)


def test_a_long_path_has_its_socket_in_the_runtime_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    directory = RunDirectory(tmp_path / ("x" * LONGEST_ADDRESS))
    path = socket_path(directory)
    assert path.parent == tmp_path / "grok-tui"
    assert path != socket_path(RunDirectory(tmp_path / ("y" * LONGEST_ADDRESS)))


def _pid(directory: RunDirectory) -> int:
    """Return the process that serves a run."""
    with connect(directory) as connection:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(credentials[:4], "little")


def told(directory, *words, code=0):
    """Tell a run something from a command line; return what is printed of it."""
    command = [sys.executable, "-m", "grok_tui", "tell", str(directory.path), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr


def test_a_run_is_steered_by_a_script_and_replays(run, directory):
    before = told(directory, "pause")["steps"]
    changed = told(directory, "set lr 0.01", "--arm", "sgd")
    assert (changed["done"], changed["arm"]) == ("lr = 0.01", "sgd")
    until(lambda: any(arm.step == changed["step"] for arm in run.snapshot.arms if arm.name == "sgd"))
    assert told(directory, "switch", "adamw", "lr=0.02", "--arm", "sgd")["done"] == "switch to AdamW lr 0.02"
    schedule = ["schedule", "lr", "cosine", "to", "0.001", "over", "50"]
    assert told(directory, *schedule, "--arm", "sgd")["done"] == "lr along cosine to 0.001 over 50"
    stepped = told(directory, "step", "20")
    assert min(stepped["steps"].values()) == min(changed["step"], before["adamw"]) + 20
    fork = told(directory, "fork", "other", "--arm", "sgd")
    assert fork == {"done": "forked from sgd", "arm": "other", "step": stepped["steps"]["sgd"]}
    assert told(directory, "go", "on")["done"] == "going on"
    assert "no hyperparameter 'rate'" in told(directory, "set", "rate", "1", "--arm", "sgd", code=2)
    assert "to which arm?" in told(directory, "reset", code=2)
    stop = [sys.executable, "-m", "grok_tui", "tell", str(directory.path), "stop"]
    assert subprocess.run(stop, capture_output=True, timeout=PATIENCE, check=False).returncode == 0
    assert "is not running" in told(directory, "pause", code=2)
    again = [sys.executable, "-m", "grok_tui", "replay", str(directory.path), "--json"]
    assert subprocess.run(again, capture_output=True, timeout=2 * PATIENCE, check=False).returncode == 0
