"""Runs that survive: killed, hung up, out of time, and taken up again to the same bits."""

import csv
import errno
import fcntl
import json
import math
import os
import shutil
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pyarrow.dataset
import pyarrow.parquet
import pytest
from kills import LINEAR, MLP, ONLINE, WARMUP, kill_and_resume

from grok_tui.engine.run.run import Run
from grok_tui.engine.store import store as storing
from grok_tui.engine.store.directory import RunDirectory, RunStatus
from grok_tui.engine.store.files import StoreError
from grok_tui.headless.export import EXTRAS
from grok_tui.paths import runs_folder

KILLS = 25  # of each kind of run


@pytest.mark.parametrize(
    ("wanted", "kills"),
    [(LINEAR, KILLS), (MLP, KILLS), (ONLINE, 8), (WARMUP, 8)],
    ids=["minibatch", "replicas", "online", "warmup"],
)
def test_killed_at_any_moment_a_run_ends_with_the_same_bits(tmp_path, wanted, kills):
    seen = kill_and_resume(wanted, tmp_path, kills)
    assert (seen.kills, seen.lost) == (kills, 0)
    assert seen.finished


NO_LOCKS = "#include <errno.h>\nint flock(int handle, int how) { errno = ENOLCK; return -1; }\n"


@pytest.fixture(params=["locks", "no locks"])
def maybe_without_locks(request, tmp_path, monkeypatch):
    """Return what the environment of another program has besides, so that it and we have no locks."""
    if request.param == "locks":
        return {}
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler, and a loader that preloads")
    source, library = tmp_path / "no_locks.c", tmp_path / "no_locks.so"
    source.write_text(NO_LOCKS)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)

    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    return {"LD_PRELOAD": str(library)}


def test_a_killed_program_is_taken_up_by_the_next(preset_file, tmp_path, grok_tui, maybe_without_locks):
    folder = runs_folder() / "run"
    command = [sys.executable, "-m", "grok_tui", "--headless", "--preset", preset_file()]
    command += ["--steps", "100000000", "--run-dir", str(folder)]
    environment = os.environ | maybe_without_locks
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        deadline = time.monotonic() + 60
        while not (folder / "interventions.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        refused = grok_tui("resume", "run").err
        assert refused.startswith("grok-tui: run 'run' is running in another process")
        assert (f": {child.pid} on " in refused) == bool(maybe_without_locks)
        assert [run["state"] for run in json.loads(grok_tui("runs", "--json").out)] == ["running"]
        child.kill()
    assert RunDirectory(folder).state() is RunStatus.CRASHED
    called = grok_tui("resume", "run", "--time-limit", "1s")
    assert called.code == 4
    assert RunDirectory(folder).state() is RunStatus.STOPPED


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
        assert called.code == 2, "what was asked to be kept is not"
        assert "1 of 1 verdict as expected" in called.out
        assert called.err.count("no space left on device; training goes on") == 1
        assert called.err.count("the end of the run is not kept: ") == 1


def events_in(content: bytes):
    """Yield the events of a TensorBoard file: each stands between its length and checksums."""
    from tensorboardX.proto.event_pb2 import Event

    at = 0
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        yield Event.FromString(content[at + 12 : at + 12 + length])
        at += length + 16


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
        assert json.loads((tmp_path / "x.json").read_text())["arms"][0]["steps"] == 200
        assert grok_tui("export", "first").out.startswith("arm,step,replica,train_loss,")
        assert grok_tui("export", "first", "--to", "jsom").err == (
            "grok-tui: --to: unknown format 'jsom'; did you mean 'json'?\n"
        )

        refused = grok_tui("runs", "prune", "--keep", 1)
        assert refused.code == 2
        assert "add --yes" in refused.err
        assert grok_tui("runs", "prune", "--keep", 1, "--yes").out.startswith("deleted 1 run")
        assert [run["name"] for run in json.loads(grok_tui("runs", "--json").out)] == kept[1:]

    def test_a_run_is_exported_for_other_programs(self, grok_tui, kept, tmp_path):
        for to in ("parquet", "tensorboard", "svg", "png"):
            assert grok_tui("export", "first", "--to", to).err == f"grok-tui: --to {to} needs --out\n"
            assert grok_tui("export", "first", "--to", to, "--out", tmp_path / to).code == 0
        lines = (RunDirectory(runs_folder() / kept[0]).path / "measures.csv").read_text().splitlines()
        table = pyarrow.parquet.read_table(tmp_path / "parquet")
        assert table.column_names == lines[0].split(",")
        assert table["bias"].to_pylist()[-1] == float(lines[-1].split(",")[lines[0].split(",").index("bias")])
        assert len(table) == len(lines) - 1
        folder = tmp_path / "tensorboard" / "sgd" / "replica-0"
        (events,) = folder.iterdir()
        assert b"val_loss" in events.read_bytes()
        again = grok_tui("export", "first", "--to", "tensorboard", "--out", tmp_path / "tensorboard")
        assert (again.code, again.err) == (
            2,
            f"grok-tui: --out: {folder}: holds the events of a run already\n",
        )
        assert list(folder.iterdir()) == [events]
        assert "Validation" in (tmp_path / "svg").read_text()
        assert (tmp_path / "png").read_bytes().startswith(b"\x89PNG")

    def test_a_table_has_the_same_types_whatever_its_rows_hold(self, grok_tui, preset_file, tmp_path):
        for arm, more in (("sgd", []), ("null", ["--set", "arms.null.optimizer.lr=1e38"]), ("true", [])):
            path = preset_file({'name = "sgd"\n': f'name = "{arm}"\n', "sgd.bias": f"{arm}.bias"}, name=arm)
            grok_tui("--headless", "--preset", path, "--run-dir", tmp_path / arm, "--steps", 20, *more)
            out = tmp_path / "table" / f"{arm}.parquet"
            out.parent.mkdir(exist_ok=True)
            assert grok_tui("export", tmp_path / arm, "--to", "parquet", "--out", out).code == 0
        table = pyarrow.dataset.dataset(tmp_path / "table").to_table()
        assert set(table["arm"].to_pylist()) == {"sgd", "null", "true"}
        types = {str(field.type) for field in table.schema if field.name not in ("arm", "step", "replica")}
        assert types == {"double"}
        assert [str(table.schema.field(name).type) for name in ("arm", "step", "replica")] == [
            "string",
            "int64",
            "int64",
        ]

    def test_events_of_a_run_that_diverged_have_its_infinities_and_its_time(
        self, grok_tui, preset_file, tmp_path
    ):
        path = preset_file({"lr = 0.1": "lr = 1e38"})
        grok_tui("--headless", "--preset", path, "--run-dir", tmp_path / "run")
        grok_tui("export", tmp_path / "run", "--to", "tensorboard", "--out", tmp_path / "events")
        rows = list(csv.DictReader((tmp_path / "run" / "measures.csv").open()))
        (file,) = (tmp_path / "events").rglob("events.*")
        told = {
            (value.tag, event.step): (value.simple_value, event.wall_time)
            for event in events_in(file.read_bytes())
            for value in event.summary.value
        }
        for row in rows:
            value, when = told["train_loss", int(row["step"])]
            np.testing.assert_allclose(value, float(row["train_loss"]), rtol=1e-6)
            assert abs(when - time.time()) < 600
        assert any(not math.isfinite(float(row["train_loss"])) for row in rows)

    def test_pruning_goes_on_past_what_it_cannot_remove_and_leaves_what_is_not_its_own(self, grok_tui, kept):
        mine = runs_folder() / kept[0] / "notes.txt"
        mine.write_text("mine")
        held = RunDirectory(runs_folder() / kept[1]).lock()
        called = grok_tui("runs", "prune", "--keep", 0, "--yes")
        held.release()
        assert called.code == 0
        assert mine.read_text() == "mine"
        assert list(mine.parent.iterdir()) == [mine]
        assert f"{mine.parent}: what the program did not put there is left" in called.err
        assert [run["name"] for run in json.loads(grok_tui("runs", "--json").out)] == kept[1:]

    def test_pruning_says_what_it_could_not_remove(self, grok_tui, kept, monkeypatch):
        original = RunDirectory.remove

        def remove(directory):
            if directory.name == kept[0]:
                raise StoreError(f"{directory.path}: permission denied")
            return original(directory)

        monkeypatch.setattr(RunDirectory, "remove", remove)
        called = grok_tui("runs", "prune", "--keep", 0, "--yes")
        assert called.code == 2
        assert called.out.startswith("deleted 1 run,")
        assert "permission denied" in called.err
        assert [run["name"] for run in json.loads(grok_tui("runs", "--json").out)] == kept[:1]

    @pytest.mark.parametrize("to", ["parquet", "tensorboard", "png"])
    def test_what_an_export_lacks_is_named_with_how_to_install_it(
        self, grok_tui, kept, tmp_path, monkeypatch, to
    ):
        monkeypatch.setitem(sys.modules, EXTRAS[to], None)
        called = grok_tui("export", "first", "--to", to, "--out", tmp_path / "x")
        assert (called.code, called.err) == (
            2,
            f"grok-tui: --to {to} needs more: pip install 'grok-tui[{to}]'\n",
        )

    def test_without_runs_it_says_how_to_keep_one(self, grok_tui):
        assert "--keep" in grok_tui("runs").out

    @pytest.mark.parametrize("command", ["resume", "replay", "export"])
    def test_an_unknown_run_is_one_line(self, grok_tui, command):
        called = grok_tui(command, "nothing")
        assert (called.code, called.err) == (2, "grok-tui: unknown run 'nothing'\n")

    def test_a_folder_that_holds_something_is_refused_before_the_explorer_opens(
        self, grok_tui, tmp_path, monkeypatch
    ):
        monkeypatch.setattr("grok_tui.cli.has_terminal", lambda: True)
        (tmp_path / "thesis.tex").touch()
        called = grok_tui("--preset", "linear101", "--run-dir", tmp_path)
        assert (called.code, called.err) == (2, f"grok-tui: {tmp_path}: is not empty\n")
