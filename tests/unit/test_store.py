"""A run's folder: bit-exact checkpoints, whole files or none, and nothing outside it touched."""

from __future__ import annotations

import csv
import errno
import itertools
import json
import os
import pickle
import re
import resource
import shutil
import stat
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest
import safetensors.numpy
import torch
from arms import SUMS, preset

from grok_tui.catalog.interventions import Jump, Set
from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import State as Doing
from grok_tui.engine.store import directory as directories
from grok_tui.engine.store.checkpoints import (
    KEPT,
    LARGEST_HEADER,
    OLD_BYTES,
    decode,
    encode,
    restore_newest,
    thinned,
)
from grok_tui.engine.store.directory import RunDirectory, RunStatus
from grok_tui.engine.store.entries import LoggedFork, line_of, read_interventions
from grok_tui.engine.store.export import csv_of, read_measures
from grok_tui.engine.store.files import AppendLog, StoreError
from grok_tui.engine.store.library import find_run, listed, superfluous
from grok_tui.engine.store.replay import Replay
from grok_tui.engine.store.store import Store, create, resume
from grok_tui.files import write_atomically
from grok_tui.frontend import report
from grok_tui.frontend.kept import json_of, snapshot_of
from grok_tui.frontend.reporting import report_of

SGD = {"name": "sgd", "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.5}}
ADAM = {"name": "adam", "optimizer": {"name": "adam", "lr": 0.01}}
EVENTFUL = [
    {"arm": "sgd", "at_step": 40, "action": "switch", "optimizer": {"name": "adamw", "lr": 0.01}},
    {"arm": "sgd", "at_step": 60, "action": "set", "hyperparameter": "batch_size", "value": 4},
    {"arm": "sgd", "at_step": 70, "action": "jump", "norm": 0.5},
    {"arm": "sgd", "at_step": 70, "action": "jump", "norm": 0.25},
    {
        "arm": "sgd",
        "at_step": 90,
        "action": "switch",
        "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9},
        "state": "kept",
    },
    {"arm": "adam", "at_step": 50, "action": "reset"},
    {"arm": "adam", "at_step": 80, "action": "set", "hyperparameter": "batch_size", "value": "full"},
]
MLP = {"name": "mlp", "hidden": 6, "activation": "relu"}
CASES = {
    "shuffled epochs": preset(SGD, ADAM, interventions=EVENTFUL, batch_size=3, steps=120),
    "independent batches, replicas, float32": preset(
        SGD,
        ADAM,
        interventions=EVENTFUL,
        batch_size=2,
        batches="independent",
        replicas=3,
        dtype="float32",
        loss_dtype="float32",
        steps=120,
    ),
    "rotated coordinates": preset(SGD, ADAM | {"frame": "rotated"}, interventions=EVENTFUL, steps=120),
    "an MLP on sums": preset(
        SGD | {"model": MLP}, task=SUMS, loss="cross_entropy", batch_size=4, steps=120, replicas=2
    ),
}


def full(*_) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def small(**training) -> Run:
    return Run(preset(SGD, **({"steps": 60, "batch_size": 3} | training)))


@cache
def small_at(step: int) -> Run:
    """A small run at a step, to compare with."""
    return advanced(small(), step)


def advanced(run: Run, steps: int = 10**6) -> Run:
    while run.steps < steps and not run.finished:
        run.advance_together(1 if steps < 10**6 else 1000)
    return run


def same(a: Run, b: Run) -> bool:
    """Whether two runs are in the same state, to the bit, and judge alike."""
    (states, arrays), (other_states, other_arrays) = a.export_state(), b.export_state()
    return (
        states == other_states
        and arrays.keys() == other_arrays.keys()
        and all(arrays[k].tobytes() == other_arrays[k].tobytes() for k in arrays)
        and [claim.verdict for claim in a.judge()] == [claim.verdict for claim in b.judge()]
    )


def kept(tmp_path: Path, run: Run, *steps: int) -> RunDirectory:
    """Keep a run with checkpoints at these steps and let it go."""
    store = create(run, "small", at=tmp_path / "run")
    for step in steps:
        advanced(run, step)
        assert store.checkpoint()
    store.close()
    return store.directory


def resumed(directory: RunDirectory) -> tuple[Run, list[str]]:
    """Resume a run and return it with what was said."""
    said: list[str] = []
    run, store = resume(directory, said.append)
    store.close()
    return run, said


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> RunDirectory:
    """A run with two checkpoints, not to be changed."""
    return kept(tmp_path_factory.mktemp("whole"), small(), 20, 40)


@pytest.fixture
def directory(whole, tmp_path) -> RunDirectory:
    """A copy of it."""
    shutil.copytree(whole.path, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


class TestExactness:
    @pytest.mark.parametrize("case", CASES)
    def test_a_resumed_run_ends_with_the_bits_of_one_never_stopped(self, tmp_path, case):
        whole = advanced(Run(CASES[case]))
        stopped = Run(CASES[case])
        store = create(stopped, "x", at=tmp_path / "run")
        for step in (70, 101):
            stopped.advance_together(step - stopped.arms["sgd"].step)
            assert store.checkpoint()
        store.close()
        run, said = resumed(store.directory)
        assert said == []
        assert same(run, stopped)
        assert same(advanced(run), whole)
        for _, path in store.directory.checkpoints():
            checkpoint = decode(path.read_bytes())
            run.restore_state(checkpoint.state.arms, checkpoint.arrays)
            assert same(advanced(run), whole)

    def test_every_optimizer_is_taken_up_with_its_state(self, tmp_path):
        arms = [{"name": n, "optimizer": {"name": n, "lr": 0.01}, "model": MLP} for n in OPTIMIZERS.shipped]
        p = preset(*arms, task=SUMS, loss="cross_entropy", steps=20, batch_size=4)
        run, _ = resumed(kept(tmp_path, Run(p), 9 * len(arms)))
        assert same(advanced(run), advanced(Run(p)))

    def test_rows_that_a_full_history_dropped_stay_dropped(self, tmp_path, monkeypatch):
        monkeypatch.setattr("grok_tui.engine.record.history.CAPACITY", 64)
        p = preset(SGD, steps=400, record_every=1)
        run, _ = resumed(kept(tmp_path, Run(p), 70, 171, 299))
        assert same(advanced(run), advanced(Run(p)))

    def test_watched_coordinates_come_back(self, tmp_path):
        whole = small()
        whole.arms["sgd"].watch()
        stopped = small()
        stopped.arms["sgd"].watch()
        run, _ = resumed(kept(tmp_path, stopped, 31))
        assert same(advanced(run), advanced(whole))

    def test_coordinates_that_stood_beside_the_vectors_come_back_as_one(self):
        run = small()
        run.arms["sgd"].watch()
        states, arrays = run.export_state()
        older = {name: array for name, array in arrays.items() if "vectors/" not in name}
        steps, rows = (arrays[f"sgd/vectors/coordinates/{part}"] for part in ("steps", "rows"))
        older |= {"sgd/coordinates/steps": steps, "sgd/coordinates/rows": rows[:, 0]}
        found = decode(encode(states, older, {}))
        again = small()
        again.restore_state(found.state.arms, found.arrays)
        assert again.arms["sgd"].vectors["coordinates"].table()[1].tobytes() == rows.tobytes()
        assert same(advanced(again), advanced(run))

    def test_what_a_person_did_after_the_checkpoint_is_done_again(self, tmp_path):
        run = small()
        store = create(run, "x", at=tmp_path / "run")
        advanced(run, 20)
        store.checkpoint()
        advanced(run, 30)
        run.arms["sgd"].intervene(Jump(action="jump", arm="sgd", at_step=0, norm=2.0))
        store.close()  # as if killed: no checkpoint since
        again, _ = resumed(store.directory)
        assert again.steps == 20
        assert same(advanced(again), advanced(run))
        assert [i.at_step for i in again.arms["sgd"].interventions] == [30]

    def test_a_diverged_run_is_taken_up_as_diverged(self, tmp_path):
        p = preset({"name": "wild", "optimizer": {"name": "sgd", "lr": 1e200}}, steps=50)
        run, _ = resumed(kept(tmp_path, Run(p), 50))
        assert run.finished
        assert run.diverged == ["wild"]


class TestLogs:
    def test_measures_read_back_as_the_same_numbers(self, tmp_path):
        run = small(replicas=2)
        directory = kept(tmp_path, run, 10, 33, 60)
        with (directory.path / "measures.csv").open() as file:
            rows = list(csv.DictReader(file))
        history = run.arms["sgd"].history
        for replica in range(2):
            mine = [row for row in rows if row["replica"] == str(replica)]
            assert [int(row["step"]) for row in mine] == history.steps.tolist()
            for name in history.names:
                read = np.array([float(row[name]) for row in mine])
                np.testing.assert_array_equal(read, history.values(name, replica))

    def test_a_resumed_run_leaves_the_logs_of_one_never_stopped(self, tmp_path):
        def texts(directory):
            names = ("measures.csv", "events.jsonl", "interventions.jsonl")
            return [sorted((directory.path / name).read_text().splitlines()) for name in names]

        p = CASES["shuffled epochs"]
        whole = kept(tmp_path / "a", Run(p), 10**6)
        stopped = kept(tmp_path / "b", Run(p), 100, 101, 190)
        for name in ("measures.csv", "events.jsonl"):
            with (stopped.path / name).open("a") as file:
                file.write("adam,7,0,1.0\nad")  # written after the checkpoint, and torn
        with (stopped.path / "interventions.jsonl").open("a") as file:
            file.write('{"scheduled": tr')
        said: list[str] = []
        run, store = resume(stopped, said.append)
        advanced(run)
        assert store.checkpoint("finished")
        store.close()
        assert texts(stopped) == texts(whole)
        assert [line.split(":")[0] for line in said] == [
            "measures.csv",
            "events.jsonl",
            "interventions.jsonl",
        ]

    def test_what_cannot_be_appended_leaves_the_log_as_it_was(self, tmp_path):
        log = AppendLog(tmp_path / "log")
        log.open()
        log.append("one\n")
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (6, before[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                log.append("two and three\n")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert (tmp_path / "log").read_text() == "one\n"
        log.append("two\n")
        assert (tmp_path / "log").read_text() == "one\ntwo\n"

    def test_export_as_json_is_strict_and_complete(self, tmp_path):
        run = small(replicas=2)
        directory = kept(tmp_path, run, 60)
        text = "".join(json_of(directory))
        document = json.loads(text, parse_constant=lambda name: pytest.fail(name))
        schema = json.loads((Path(report.__file__).parent / report.SCHEMA_FILE).read_text())
        jsonschema.validate(document, {**schema, "$ref": "#/$defs/Export"})
        history = run.arms["sgd"].history
        curves = {(curve["arm"], curve["measure"]): curve for curve in document["curves"]}
        assert curves["sgd", "bias"]["steps"] == history.steps.tolist()
        assert curves["sgd", "bias"]["values"] == history.values("bias").T.tolist()
        assert curves["sgd", "update_size_min"]["values"][1][0] is None
        assert document["title"] == "a test"

    def test_a_kept_run_says_what_the_run_itself_says(self, tmp_path):
        run = small(replicas=2)
        directory = kept(tmp_path, run, 60)
        found = report_of(snapshot_of(directory), "small", "quick")
        expected = report_of(run.snapshot(Doing.PAUSED), "small", "quick")
        differing = {key for key, value in vars(expected).items() if getattr(found, key) != value}
        assert differing <= {"arms"}
        for mine, its in zip(found.arms, expected.arms, strict=True):
            assert mine.measures.keys() == its.measures.keys()
            told = ("name", "steps", "steps_planned", "optimizer", "since", "batch_size", "diverged")
            assert [getattr(mine, key) for key in told] == [getattr(its, key) for key in told]

    def test_arms_of_different_measures_share_a_table(self, tmp_path):
        adam = {"name": "adam", "optimizer": {"name": "adam", "lr": 0.01}}
        claim = {"says": "flat", "holds": "end(adam.sharpness) > 0", "origin": "a test"}
        run = Run(preset(SGD, adam, claims=[claim], steps=20, task=SUMS, loss="cross_entropy"))
        directory = kept(tmp_path, run, 20)
        found = read_measures(directory)
        assert "sharpness" not in found["sgd"]
        for name, arm in run.arms.items():
            for measure in arm.history.names:
                logged = [row[0] for row in found[name][measure]]
                recorded = arm.history.values(measure, 0).tolist()
                assert [x for x in logged if x is not None] == [x for x in recorded if np.isfinite(x)]

    def test_the_csv_is_the_log(self, tmp_path):
        directory = kept(tmp_path, small(replicas=2), 60)
        assert csv_of(directory) == (directory.path / "measures.csv").read_text()


class TestLoggedByHand:
    """What a person does after a resume, while what was done before the kill is still to come again."""

    @staticmethod
    def lr(value):
        return Set(action="set", arm="sgd", at_step=0, hyperparameter="lr", value=value)

    @pytest.fixture
    def directory(self, tmp_path):
        """A run whose newest checkpoint is at step 20, and that was changed by hand at 20 and at 30."""
        run = small()
        store = create(run, "small", at=tmp_path / "run")
        advanced(run, 20)
        assert store.checkpoint()
        run.arms["sgd"].intervene(self.lr(0.02))
        advanced(run, 30)
        run.arms["sgd"].intervene(self.lr(0.03))
        store.close()
        return store.directory

    def logged(self, directory):
        return [
            (one.intervention.at_step, getattr(one.intervention, "value", "jump"))
            for one in read_interventions(directory)["sgd"]
        ]

    @pytest.mark.parametrize("killed_again", [False, True])
    @pytest.mark.parametrize("checkpoint", [False, True])
    def test_it_is_logged_in_the_order_in_which_it_is_done(self, directory, killed_again, checkpoint):
        assert self.logged(directory) == [(20, 0.02), (30, 0.03)]
        run, store = resume(directory, print)
        run.arms["sgd"].intervene(Jump(action="jump", arm="sgd", at_step=0, norm=0.5))
        assert self.logged(directory) == [(20, "jump"), (20, 0.02), (30, 0.03)]
        if checkpoint:
            assert store.checkpoint()
        if killed_again:
            store.close()
            run, store = resume(directory, print)
        advanced(run)
        assert store.checkpoint("finished")
        store.close()
        assert self.logged(directory) == [(20, "jump"), (20, 0.02), (30, 0.03)]
        done = [(one.at_step, getattr(one, "value", "jump")) for one in run.arms["sgd"].interventions]
        assert done == self.logged(directory)
        compared = list(Replay(directory, print).compare(lambda _: None))
        assert {one.difference for one in compared} == {""}

    def test_one_that_could_not_be_written_is_by_the_next_checkpoint(self, directory, monkeypatch):
        run, store = resume(directory, print)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            run.arms["sgd"].intervene(Jump(action="jump", arm="sgd", at_step=0, norm=0.5))
        assert self.logged(directory) == [(20, 0.02), (30, 0.03)]
        assert store.checkpoint()
        store.close()
        assert self.logged(directory) == [(20, "jump"), (20, 0.02), (30, 0.03)]

    def test_the_first_row_of_a_fork_is_written_though_it_was_killed_before_a_checkpoint(self, tmp_path):
        run = small()
        store = create(run, "small", at=tmp_path / "run")
        advanced(run, 20)
        assert store.checkpoint()
        fork = Fork(name="f", parent="sgd", step=20, end=40)
        forked = run.forked(fork)
        run.adopt(forked, fork)
        with (store.directory.path / "forks.jsonl").open("a") as file:
            file.write(line_of(LoggedFork(**fork.model_dump(), done=[])))
        store.close()  # killed: neither checkpoint nor table has heard of the fork
        run, store = resume(store.directory, print)
        advanced(run)
        assert store.checkpoint("finished")
        store.close()
        rows = list(csv.DictReader((store.directory.path / "measures.csv").open()))
        assert [int(row["step"]) for row in rows if row["arm"] == "f"] == run.arms["f"].history.steps.tolist()


class TestDamagedLogs:
    @pytest.fixture
    def directory(self, tmp_path):
        run = small()
        store = create(run, "small", at=tmp_path / "run")
        advanced(run, 30)
        run.arms["sgd"].intervene(Jump(action="jump", arm="sgd", at_step=0, norm=0.5))
        advanced(run, 40)
        assert store.checkpoint()
        store.close()
        return store.directory

    def flipped(self, content: bytes) -> bytes:
        place = content.rindex(b".") + 1  # a digit of a number, so that it reads as another number
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    @pytest.mark.parametrize("harm", ["other bytes", "missing", "deleted"])
    def test_one_is_set_aside_and_made_anew_of_the_checkpoint(self, directory, harm):
        name = "measures.csv"
        path = directory.path / name
        whole = path.read_bytes()
        match harm:
            case "other bytes":
                path.write_bytes(self.flipped(whole))
            case "missing":
                path.write_bytes(whole[:-40])
            case "deleted":
                path.unlink()
        run, store = resume(directory, (said := []).append)
        assert any(f"{name} is damaged" in line for line in said)
        advanced(run)
        assert store.checkpoint("finished")
        store.close()
        rows = read_measures(directory)["sgd"]
        assert rows["step"] == run.arms["sgd"].history.steps.tolist()
        assert [row[0] for row in rows["train_loss"]] == run.arms["sgd"].history.values(
            "train_loss", 0
        ).tolist()
        assert (directory.path / f"{name}.damaged").exists()
        assert resumed(directory)[1] == []
        directory.remove()
        assert not directory.path.exists()

    def test_an_intervention_that_is_not_what_was_written_is_refused_by_its_place(self, directory):
        path = directory.path / "interventions.jsonl"
        line = path.read_bytes()
        path.write_bytes(line.replace(b'"norm":0.5', b'"norm":0.6') + line)
        with pytest.raises(StoreError, match=r"jsonl: byte 0: this line is damaged"):
            resume(directory, print)

    def test_lines_and_checkpoints_of_earlier_versions_have_no_checksums(self, directory):
        path = directory.path / "interventions.jsonl"
        path.write_bytes(re.sub(rb',"sum":"[0-9a-f]{8}"', b"", path.read_bytes()))
        [(_, file)] = directory.checkpoints()
        found = decode(file.read_bytes())
        file.write_bytes(encode(found.state.arms, found.arrays, found.state.logs))
        run, said = resumed(directory)
        assert said == []
        assert [one.action for one in run.arms["sgd"].interventions] == ["jump"]

    def test_a_torn_last_line_is_left_behind(self, directory):
        path = directory.path / "interventions.jsonl"
        path.write_bytes(path.read_bytes() + path.read_bytes()[:-9])
        run, said = resumed(directory)
        assert any("no whole line" in line for line in said)
        assert len(run.arms["sgd"].interventions) == 1


class TestThinning:
    @pytest.mark.parametrize(("ticks", "expected"), [(0.0, [1000, 2000]), (1.0, [1000])])
    def test_a_checkpoint_is_due_each_time_the_steps_have_doubled_where_it_is_cheap(
        self, tmp_path, monkeypatch, ticks, expected
    ):
        """The clock moves on whenever it is read, so that a checkpoint takes one tick of it."""
        clock = itertools.count(step=ticks)
        monkeypatch.setattr(
            "grok_tui.engine.store.store.time", SimpleNamespace(monotonic=lambda: next(clock))
        )
        run = small(steps=2500)
        store = create(run, "doubling", at=tmp_path / "run", cadence=3600.0)
        kept = []
        while not run.finished:
            run.advance_together(50)
            if store.due:
                assert store.checkpoint()
                kept.append(run.steps)
        store.close()
        assert kept == expected

    def test_the_newest_two_stay_and_the_number_is_bounded(self):
        left: list[tuple[int, int]] = []
        for step in range(100, 50_000, 100):
            left.append((step, 10))
            gone = thinned(left)
            left = [entry for entry in left if entry[0] not in gone]
            assert len(left) <= KEPT
            assert [s for s, _ in left[-2:]] == [s for s in (step - 100, step) if s]
        gaps = np.diff(np.log([step for step, _ in left[:-2]]))
        assert gaps.max() < 1.5  # no stretch of the past is without one

    def test_large_checkpoints_are_bounded_in_bytes(self):
        large = [(step, OLD_BYTES // 3) for step in range(1, 10)]
        gone = thinned(large)
        assert len(large) - len(gone) == 5
        assert not {8, 9} & set(gone)

    def test_a_run_keeps_no_more_files_than_that(self, tmp_path):
        directory = kept(tmp_path, small(), *range(1, 40))
        assert len(directory.checkpoints()) == KEPT
        assert [step for step, _ in directory.checkpoints()][-2:] == [38, 39]


class TestBrokenCheckpoints:
    """A broken file costs one line and the steps since the one before."""

    @pytest.fixture(autouse=True)
    def _run(self):
        self.run = small_at(60)

    def broken(self, directory: RunDirectory, content: bytes | None = None) -> str:
        """Resume with another newest checkpoint and return the one line that is said of it."""
        path = directory.checkpoint_path(40)
        if content is not None:
            path.write_bytes(content)
        said: list[str] = []
        restored = restore_newest(directory, self.run, said.append)
        assert restored is not None
        assert restored[0] == 20
        (line,) = said
        assert str(path) in line
        assert "\n" not in line
        assert same(self.run, small_at(20))
        return line

    def test_truncated_at_every_offset(self, directory):
        content = directory.checkpoint_path(40).read_bytes()
        assert decode(content)
        for length in range(len(content)):
            with pytest.raises(ValueError, match="safetensors"):
                decode(content[:length])

    def test_a_flipped_bit_is_seen_wherever_it_is(self, directory):
        content = directory.checkpoint_path(40).read_bytes()
        for place in range(0, len(content), 97):
            damaged = bytearray(content)
            damaged[place] ^= 1 << (place % 8)
            with pytest.raises(ValueError):  # noqa: PT011  (which one depends on the place)
                decode(bytes(damaged))

    def test_truncated(self, directory):
        self.broken(directory, directory.checkpoint_path(40).read_bytes()[:-1])

    def test_empty(self, directory):
        self.broken(directory, b"")

    def test_a_pickle_runs_no_code(self, directory, tmp_path):
        class Malice:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "ran",))

        self.broken(directory, pickle.dumps(Malice()))
        torch.save({"theta": Malice()}, tmp_path / "saved")
        self.broken(directory, (tmp_path / "saved").read_bytes())
        assert not (tmp_path / "ran").exists()

    def test_a_huge_header(self, directory):
        for length in (2**63, 2**40, LARGEST_HEADER + 1):
            self.broken(directory, length.to_bytes(8, "little") + b"{}")

    def test_nested_json(self, directory):
        header = b"[" * 100_000
        self.broken(directory, len(header).to_bytes(8, "little") + header)

    def test_a_huge_file_is_not_read(self, directory):
        os.truncate(directory.checkpoint_path(40), 2**40)
        assert "larger than" in self.broken(directory)

    @pytest.mark.parametrize(
        "change",
        [
            lambda a: a | {"sgd/theta": a["sgd/theta"][:, :-1]},
            lambda a: a | {"sgd/theta": a["sgd/theta"].astype(np.float32)},
            lambda a: a | {"sgd/history/rows": a["sgd/history/rows"][:-1]},
            lambda a: a | {"sgd/history/steps": a["sgd/history/steps"][::-1].copy()},
            lambda a: a | {"sgd/surplus": a["sgd/theta"]},
            lambda a: a | {"nobody/theta": a["sgd/theta"]},
            lambda a: {name: array for name, array in a.items() if name != "sgd/envelope"},
            lambda a: a | {"sgd/seen/fit": a["sgd/seen/fit"].astype(np.int8)},
        ],
    )
    def test_wrong_arrays_with_a_right_digest(self, directory, change):
        read = decode(directory.checkpoint_path(40).read_bytes())
        self.broken(directory, encode(read.state.arms, change(read.arrays), read.state.logs))

    @pytest.mark.parametrize(
        "change",
        [
            {"step": -1},
            {"version": 0},
            {"optimizer": "adamw"},
            {"batch_size": 10**9},
            {"batch_size": -3},
            {"step": 10**30},
        ],
    )
    def test_wrong_numbers_with_a_right_digest(self, directory, change):
        read = decode(directory.checkpoint_path(40).read_bytes())
        states = {"sgd": read.state.arms["sgd"].model_copy(update=change)}
        self.broken(directory, encode(states, read.arrays, read.state.logs))

    def test_a_safetensors_file_of_something_else(self, directory):
        self.broken(directory, safetensors.numpy.save({"weights": np.zeros(3)}))

    def test_a_link_is_not_followed(self, directory, tmp_path):
        path = directory.checkpoint_path(40)
        path.rename(tmp_path / "outside")
        path.symlink_to(tmp_path / "outside")
        assert "link" in self.broken(directory)

    def test_a_pipe_is_not_waited_for(self, directory):
        directory.checkpoint_path(40).unlink()
        os.mkfifo(directory.checkpoint_path(40))
        assert "not a regular file" in self.broken(directory)

    def test_the_newest_is_the_one_of_most_steps_whatever_the_clock_said(self, directory):
        os.utime(directory.checkpoint_path(20), (2**32, 2**32))
        os.utime(directory.checkpoint_path(40), (0, 0))
        restored = restore_newest(directory, self.run, lambda line: pytest.fail(line))
        assert restored is not None
        assert restored[0] == 40

    def test_with_no_whole_one_the_run_begins_anew(self, directory):
        for _, path in directory.checkpoints():
            path.write_bytes(b"nothing")
        run, said = resumed(directory)
        assert "no whole checkpoint: the run begins anew" in said
        assert same(advanced(run), advanced(small()))


class TestHostileFolders:
    @pytest.mark.parametrize(
        "name", ["measures.csv", "events.jsonl", "interventions.jsonl", "lock", "run.json"]
    )
    def test_nothing_is_written_through_a_link(self, directory, tmp_path, name):
        outside = tmp_path / "outside"
        outside.write_bytes((directory.path / name).read_bytes() + b"precious")
        before = outside.read_bytes()
        (directory.path / name).unlink()
        (directory.path / name).symlink_to(outside)
        with pytest.raises(StoreError):
            resumed(directory)
        assert outside.read_bytes() == before

    def test_a_linked_folder_of_checkpoints_is_refused(self, directory, tmp_path):
        folder = directory.path / "checkpoints"
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(StoreError, match="not a folder of its own"):
            resumed(directory)
        assert len(list((tmp_path / "elsewhere").iterdir())) == 2

    def test_a_temporary_file_cannot_be_led_astray(self, tmp_path):
        outside = tmp_path / "outside"
        outside.write_text("precious")
        (tmp_path / f".status.json.{os.getpid()}.tmp").symlink_to(outside)
        write_atomically(tmp_path / "status.json", b"new")
        assert outside.read_text() == "precious"
        assert (tmp_path / "status.json").read_bytes() == b"new"

    @pytest.mark.parametrize(
        "text", ["", "{}", "[" * 100_000, '{"format": 1}', "\x00", '{"format": 99}', "null", "\ud800"]
    )
    def test_a_broken_run_file_is_one_line(self, directory, text):
        (directory.path / "run.json").write_bytes(text.encode(errors="surrogatepass"))
        with pytest.raises(StoreError) as caught:
            resumed(directory)
        assert "\n" not in str(caught.value)

    def test_a_preset_that_is_none_is_refused(self, directory):
        document = json.loads((directory.path / "run.json").read_text())
        document["preset"]["arms"][0]["optimizer"]["name"] = "nonsense"
        (directory.path / "run.json").write_text(json.dumps(document))
        with pytest.raises(StoreError, match="optimizer"):
            resumed(directory)

    def test_a_line_that_is_no_intervention_is_refused_and_kept(self, directory):
        log = directory.path / "interventions.jsonl"
        log.write_text('{"scheduled": true}\n{"scheduled": false}\n')
        with pytest.raises(StoreError, match=r"interventions\.jsonl: byte 0"):
            resumed(directory)
        assert log.read_text().count("\n") == 2

    def test_a_folder_that_cannot_be_written_is_one_line(self, directory):
        """In a child, since the tests may run as a user whom no permission stops."""
        directory.path.chmod(0o555)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if os.getuid() == 0:
                    for folder in (directory.path, *directory.path.parents):
                        if folder.stat().st_uid == 0 and folder not in (Path("/"), Path("/tmp")):
                            folder.chmod(0o555)
                    (directory.path / "lock").chmod(0o444)
                    os.setuid(65534)
                resumed(directory)
            except StoreError as error:
                code = 0 if "permission denied" in str(error) else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        directory.path.chmod(0o755)
        assert directory.checkpoints()

    def test_a_folder_with_something_in_it_is_not_taken(self, directory, tmp_path):
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "thesis.tex").write_text("x")
        with pytest.raises(StoreError, match="is not empty"):
            create(small(), "x", at=tmp_path / "full")
        with pytest.raises(StoreError, match="holds a run already; 'grok-tui resume"):
            create(small(), "x", at=directory.path)

    def test_files_are_readable_by_their_owner_alone(self, directory):
        modes = {stat.S_IMODE(path.stat().st_mode) for path in directory.files()}
        assert modes == {0o600}


class TestFullDisk:
    def test_training_goes_on_and_what_was_there_stays(self, tmp_path):
        run = small()
        store = create(run, "x", at=tmp_path / "run")
        advanced(run, 20)
        assert store.checkpoint()
        good = directories.RunDirectory(tmp_path / "run").checkpoint_path(20).read_bytes()
        advanced(run, 40)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        for limit in (0, 1, 100, 5000, 9000):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
            try:
                assert not store.checkpoint()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
            assert store.problem is not None
            assert "file too large" in store.problem
            assert [step for step, _ in store.directory.checkpoints()] == [20]
        assert store.directory.checkpoint_path(20).read_bytes() == good
        assert not list((tmp_path / "run").rglob("*.tmp"))
        assert store.checkpoint()
        assert store.problem is None
        store.close()
        again, said = resumed(store.directory)
        assert said == []
        assert same(again, run)
        rows = (tmp_path / "run" / "measures.csv").read_text().splitlines()
        assert len(rows) == len(set(rows)) == 1 + len(run.arms["sgd"].history)


class TestLock:
    def test_only_one_process_writes_a_run(self, tmp_path):
        run = small()
        store = create(run, "x", at=tmp_path / "run")
        with pytest.raises(StoreError, match="running in another process"):
            resumed(store.directory)
        with pytest.raises(StoreError, match="running in another process"):
            store.directory.remove()
        assert store.directory.state() is RunStatus.RUNNING
        store.close()
        assert store.directory.state() is RunStatus.CRASHED
        resumed(store.directory)

    @pytest.mark.parametrize(
        ("ended", "state"),
        [
            ("finished", RunStatus.FINISHED),
            ("interrupted", RunStatus.STOPPED),
            ("time limit", RunStatus.STOPPED),
        ],
    )
    def test_a_run_says_how_it_ended(self, tmp_path, ended, state):
        store = create(small(), "x", at=tmp_path / "run")
        store.checkpoint(ended)
        store.close()
        assert store.directory.state() is state


class TestLibrary:
    def kept_runs(self, count: int) -> list[Store]:
        stores = [create(small(), f"name{i}") for i in range(count)]
        for store in stores:
            store.checkpoint("finished")
            store.close()
        return stores

    def test_a_run_is_found_by_name_beginning_and_folder(self, monkeypatch):
        first, second = self.kept_runs(2)
        name = first.directory.path.name
        for reference in (name, "name0", str(first.directory.path)):
            assert find_run(reference).path == first.directory.path
        monkeypatch.chdir(second.directory.path)
        assert find_run(".").path == second.directory.path

    @pytest.mark.parametrize("reference", ["", "nam0", "x" * 5000, "name\x00", "/nowhere/at/all", "../.."])
    def test_an_unknown_run_is_one_short_line(self, reference):
        self.kept_runs(2)
        with pytest.raises(StoreError) as caught:
            find_run(reference)
        assert len(str(caught.value)) < 400

    def test_an_ambiguous_beginning_is_refused(self):
        self.kept_runs(2)
        with pytest.raises(StoreError, match="several runs begin with 'name'"):
            find_run("name")

    def test_what_is_superfluous_is_deleted_and_nothing_else(self, tmp_path):
        stores = self.kept_runs(3)
        precious = stores[0].directory.path / "notes.txt"
        precious.write_text("mine")
        runs, problems = listed()
        assert problems == []
        doomed = superfluous(runs, 1)
        assert len(doomed) == 2
        assert not stores[0].directory.remove(), "what is not the program's stays, and its folder"
        assert precious.read_text() == "mine"
        assert list(precious.parent.iterdir()) == [precious]
        assert stores[1].directory.remove()
        assert not stores[1].directory.path.exists()

    def test_a_broken_run_is_named_and_the_others_are_listed(self):
        stores = self.kept_runs(2)
        (stores[0].directory.path / "run.json").write_text("nonsense")
        runs, problems = listed()
        assert [run.preset for run in runs] == ["name1"]
        assert len(problems) == 1


class TestReplay:
    def replayed(self, directory: RunDirectory) -> list[str]:
        said: list[str] = []
        compared = list(Replay(directory, said.append).compare(lambda _: None))
        assert compared
        return [c.difference for c in compared] + said

    @pytest.mark.parametrize("case", CASES)
    def test_what_was_done_comes_out_the_same_again(self, tmp_path, case):
        run = Run(CASES[case])
        store = create(run, "x", at=tmp_path / "run")
        for step in (30, 71, 110):
            run.advance_together(step - min(arm.step for arm in run.arms.values()))
            run.arms["sgd"].intervene(Jump(action="jump", arm="sgd", at_step=0, norm=0.5))
            store.checkpoint()
        store.close()
        assert set(self.replayed(store.directory)) == {""}

    def test_a_run_that_was_computed_otherwise_is_told_from_it(self, tmp_path):
        run = small()
        store = create(run, "x", at=tmp_path / "run")
        advanced(run, 10)
        run.arms["sgd"].theta[0, 3] += 1e-12  # as another processor might
        advanced(run, 20)
        store.checkpoint()
        store.close()
        (difference,) = self.replayed(store.directory)
        assert difference.startswith("theta differs by up to ")
