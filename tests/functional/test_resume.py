"""Runs that survive: killed, hung up, out of time, and taken up again to the same bits."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from arms import SUMS, preset

from grok_tui.engine.run import Run
from grok_tui.engine.store import store as storing
from grok_tui.engine.store.checkpoints import decode
from grok_tui.engine.store.directory import RunDirectory, State

KILLS = 25  # of each kind of run
LONGEST_LIFE = 0.08  # seconds that a process is left to train

LINEAR = preset(
    {"name": "sgd", "optimizer": {"name": "sgd", "lr": 0.1}},
    {"name": "adamw", "optimizer": {"name": "adamw", "lr": 0.01}, "training": {"batches": "independent"}},
    batch_size=3,
    steps=3000,
    interventions=[{"arm": "sgd", "at_step": 700, "action": "jump", "norm": 1.0}],
    claims=[{"says": "x", "holds": "end(sgd.bias) > 0", "origin": "test"}],
)
MLP = preset(
    {
        "name": "adam",
        "optimizer": {"name": "adam", "lr": 0.01},
        "model": {"name": "mlp", "hidden": 8, "activation": "quadratic"},
    },
    task=SUMS,
    loss="cross_entropy",
    batch_size=4,
    steps=3000,
    replicas=2,
    dtype="float32",
    loss_dtype="float32",
)


def train(directory: RunDirectory | None, folder, run: Run) -> None:
    """Begin or take up a run and train it to its end, with a checkpoint after every chunk."""
    if directory is None:
        store = storing.create(run, "killed", at=folder, cadence=0.0)
    else:
        run, store = storing.resume(directory, lambda _: None, cadence=0.0)
    while not run.finished:
        run.advance_together(40)
        assert store.checkpoint()
    assert store.checkpoint("finished")
    store.close()


@pytest.mark.parametrize("wanted", [LINEAR, MLP], ids=["linear101", "mlp"])
def test_killed_at_any_moment_a_run_ends_with_the_same_bits(tmp_path, monkeypatch, wanted):
    """Children share what this process has traced, so that each life and death takes a tenth of a second."""
    run = Run(wanted)
    start = run.export_state()
    while not run.finished:
        run.advance()
    states, arrays = run.export_state()
    rows = {"step": sum(len(arm.history) for arm in run.arms.values()) * len(wanted.seeds)}

    def beginning(*_):
        run.restore_state(*start)
        return run

    monkeypatch.setattr(storing, "rebuilt", beginning)
    beginning()
    moments = random.Random(7)
    kills = finished = 0
    while kills < KILLS or not finished:
        folder = tmp_path / f"run{finished}"
        directory = RunDirectory(folder)
        begun = (folder / "run.json").exists()
        reached = max((step for step, _ in directory.checkpoints()), default=0)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                train(directory if begun else None, folder, run)
                code = 0
            finally:
                os._exit(code)
        if kills < KILLS:
            time.sleep(moments.uniform(0, LONGEST_LIFE))
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            kills += 1
            steps = [step for step, _ in directory.checkpoints()]
            assert max(steps, default=0) >= reached
            assert all(decode(path.read_bytes()) for _, path in directory.checkpoints())
            continue
        assert os.waitstatus_to_exitcode(status) == 0
        last = decode(directory.checkpoints()[-1][1].read_bytes())
        assert last.state.arms == states
        assert all(last.arrays[name].tobytes() == arrays[name].tobytes() for name in arrays)
        lines = (folder / "measures.csv").read_text().splitlines()
        assert len(lines) == len(set(lines)) == 1 + rows["step"]
        assert directory.state() is State.FINISHED
        finished += 1


def test_a_killed_program_is_taken_up_by_the_next(preset_file, tmp_path, grok_tui):
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "grok_tui", "--headless", "--preset", preset_file()]
    command += ["--steps", "100000000", "--run-dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        deadline = time.monotonic() + 60
        while not (folder / "interventions.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert grok_tui("resume", folder).err == f"grok-tui: run '{folder}' is running in another process\n"
        child.kill()
    assert RunDirectory(folder).state() is State.CRASHED
    called = grok_tui("resume", folder, "--time-limit", "1s")
    assert called.code == 4
    assert "begins anew" in called.err
    assert RunDirectory(folder).state() is State.STOPPED


@pytest.fixture
def signalled(monkeypatch):
    """Have the program send itself a signal after a number of chunks."""
    original = Run.advance

    def arrange(number, chunks=3):
        count = 0

        def advance(run):
            nonlocal count
            original(run)
            count += 1
            if count == chunks:
                os.kill(os.getpid(), number)

        monkeypatch.setattr(Run, "advance", advance)
        return lambda: monkeypatch.setattr(Run, "advance", original)

    return arrange


def told(document: dict) -> dict:
    """Return of a report what has to be the same however often a run was stopped."""
    return {
        key: document[key] for key in ("settings", "arms", "events", "interventions", "claims", "exit_code")
    }


class TestStops:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    def test_a_stopped_run_says_how_to_go_on_and_goes_on(
        self, grok_tui, preset_file, tmp_path, signalled, number
    ):
        path, folder = preset_file(), tmp_path / "kept run"
        whole = json.loads(grok_tui("--headless", "--preset", path, "--json").out)
        restore = signalled(number)
        stopped = grok_tui("--headless", "--preset", path, "--json", "--run-dir", folder)
        assert stopped.code == 128 + number
        assert f"grok-tui resume '{folder}'" in stopped.err
        assert 0 < json.loads(stopped.out)["arms"][0]["steps"] < 200
        restore()
        again = grok_tui("resume", folder, "--json")
        assert again.code == 0
        assert told(json.loads(again.out)) == told(whole)

    def test_an_ignored_hang_up_stays_ignored(self, grok_tui, preset_file, signalled):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            signalled(signal.SIGHUP)
            assert grok_tui("--headless", "--preset", preset_file()).code == 0
        finally:
            signal.signal(signal.SIGHUP, before)

    def test_a_full_disk_is_one_line_and_training_goes_on(self, grok_tui, preset_file, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        folder = tmp_path / "run"
        monkeypatch.setattr(storing, "CADENCE", 0.0)
        monkeypatch.setattr(storing, "write_checkpoint", full)
        called = grok_tui("--headless", "--preset", preset_file(), "--run-dir", folder)
        assert called.code == 0
        assert "1 of 1 verdict as expected" in called.out
        assert called.err.count("no space left on device; training goes on") == 1
        assert called.err.count("the end of the run is not kept: ") == 1


class TestCommands:
    @pytest.fixture
    def kept(self, grok_tui, preset_file):
        """Keep two finished runs; return their names."""
        for name in ("first", "second"):
            assert grok_tui("--headless", "--preset", preset_file(name=name), "--keep").code == 0
        return [run["name"] for run in json.loads(grok_tui("runs", "--json").out)]

    def test_runs_are_listed_replayed_exported_and_pruned(self, grok_tui, kept, tmp_path):
        listing = grok_tui("runs")
        assert all(name in listing.out for name in kept)
        assert listing.out.count("finished") == 2
        assert "1 reproduced" in listing.out

        replayed = grok_tui("replay", "first", "--json")
        document = json.loads(replayed.out)
        assert (replayed.code, document["identical"], document["unlike"]) == (0, True, [])

        assert grok_tui("export", "first", "--to", "json", "--out", tmp_path / "x.json").code == 0
        assert json.loads((tmp_path / "x.json").read_text())["measures"]["sgd"]["step"][-1] == 200
        assert grok_tui("export", "first").out.startswith("arm,step,replica,train_loss,")
        assert grok_tui("export", "first", "--to", "jsom").err == (
            "grok-tui: --to: unknown format 'jsom'; did you mean 'json'?\n"
        )

        refused = grok_tui("runs", "prune", "--keep", 1)
        assert refused.code == 2
        assert "add --yes" in refused.err
        assert grok_tui("runs", "prune", "--keep", 1, "--yes").out.startswith("deleted 1 run")
        assert [run["name"] for run in json.loads(grok_tui("runs", "--json").out)] == kept[1:]

    def test_without_runs_it_says_how_to_keep_one(self, grok_tui):
        assert "--keep" in grok_tui("runs").out

    @pytest.mark.parametrize("command", ["resume", "replay", "export"])
    def test_an_unknown_run_is_one_line(self, grok_tui, command):
        called = grok_tui(command, "nothing")
        assert (called.code, called.err) == (2, "grok-tui: unknown run 'nothing'\n")

    def test_keeping_needs_a_headless_run(self, grok_tui):
        assert grok_tui("--preset", "linear101", "--keep").err == "grok-tui: --keep needs --headless\n"
