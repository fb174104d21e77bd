"""A kept run that went back or was forked: its folder is that of a run that never did anything else."""

import csv
import json
import time
from pathlib import Path

import pytest
from test_travel import BY_HAND, PRESET, arrived, same

from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.record.history import Event
from grok_tui.engine.run.run import Run
from grok_tui.engine.store.entries import read_forks, read_interventions
from grok_tui.engine.store.files import StoreError
from grok_tui.engine.store.replay import Replay
from grok_tui.engine.store.store import create, resume
from grok_tui.engine.worker import orders as ask
from grok_tui.engine.worker.travel import Trail

FORK = Fork(name="adam_2", parent="adam", step=100, end=300)


@pytest.fixture
def kept(tmp_path):
    """A run under way that is kept, with checkpoints on the way."""
    run = Run(PRESET)
    store = create(run, "small", at=tmp_path / "run")
    go(run, 180, store)
    yield run, store
    store.close()


def go(run: Run, to: int, store=None) -> None:
    """Bring all arms to a step, with what is done by hand, and write a checkpoint every 50 steps."""
    while any(arm.step < to for arm in run.arms.values()):
        for arm in run.arms.values():
            if arm.step < to:
                if arm.name == "adam" and arm.step in BY_HAND:
                    arm.intervene(BY_HAND[arm.step])
                arm.advance(1)
        if store is not None and run.arms["sgd"].step % 50 == 0:
            assert store.checkpoint()


def went_back(run: Run, store, step: int, fork: Fork | None = None):
    journey = arrived(run, step, Trail(store.directory), fork)
    if journey.fork is None:
        store.rewind(journey.arm)
    else:
        store.fork(journey.fork, journey.arm)
    run.adopt(journey.arm, journey.fork)
    return journey


def rows(folder: Path, arm: str) -> list[tuple[int, int]]:
    with (folder / "measures.csv").open() as file:
        return sorted((int(r["step"]), int(r["replica"])) for r in csv.DictReader(file) if r["arm"] == arm)


@pytest.mark.parametrize("step", [0, 60, 90, 131, 150])
@pytest.mark.parametrize("killed", [False, True], ids=["closed", "killed"])
def test_after_going_back_the_folder_says_only_what_is_left(kept, step, killed):
    run, store = kept
    before = {name: run.arms["sgd"].export_state()[1][name].tobytes() for name in ("theta", "history/rows")}
    went_back(run, store, step)
    if not killed:
        assert store.checkpoint("interrupted")
    store.close()
    again, other = resume(store.directory, lambda _: None)
    other.close()
    for arm in again.arms.values():
        while arm.step < (step if arm.name == "adam" else 180):
            arm.advance(1)
    arm = again.arms["adam"]
    if killed:
        arm.carry_out_due(len(run.arms["adam"].interventions))
    assert same(arm.export_state(), run.arms["adam"].export_state())
    assert {name: again.arms["sgd"].export_state()[1][name].tobytes() for name in before} == before
    done = read_interventions(store.directory).get("adam", [])
    assert [entry.intervention for entry in done] == run.arms["adam"].interventions
    if not killed:
        expected = [(s, r) for s in run.arms["adam"].history.steps.tolist() for r in (0, 1)]
        assert rows(store.directory.path, "adam") == expected
        assert rows(store.directory.path, "sgd")[-1] == (180, 1)
        assert not [c for c in Replay(store.directory, print).compare(lambda _: None) if c.difference]


def test_a_fork_is_resumed_and_replayed_to_the_bit(kept):
    run, store = kept
    went_back(run, store, 100, FORK)
    go(run, 260, store)
    run.arms["adam_2"].intervene(BY_HAND[130].model_copy(update={"arm": "adam_2"}))
    go(run, 300, store)
    assert store.checkpoint("finished")
    store.close()
    assert [fork.name for fork in read_forks(store.directory)] == ["adam_2"]
    again, other = resume(store.directory, lambda _: None)
    other.close()
    for name, arm in run.arms.items():
        assert same(again.arms[name].export_state(), arm.export_state())
    compared = list(Replay(store.directory, print).compare(lambda _: None))
    assert {c.arm for c in compared} == {"sgd", "adam", "adam_2"}
    assert not [c for c in compared if c.difference]
    recorded = [(s, r) for s in run.arms["adam_2"].history.steps.tolist() for r in (0, 1)]
    assert rows(store.directory.path, "adam_2") == recorded


def test_a_fork_that_no_checkpoint_has_yet_is_computed_again(kept):
    run, store = kept
    went_back(run, store, 100, FORK)
    store.close()
    again, other = resume(store.directory, lambda _: None)
    other.close()
    arm = again.arms["adam_2"]
    while arm.step < 100:
        arm.advance(1)
    assert same(arm.export_state(), run.arms["adam_2"].export_state())
    assert (arm.step, arm.end) == (100, 300)


def test_a_full_disk_refuses_the_way_back_and_changes_nothing(kept, monkeypatch):
    run, store = kept
    files = {path: path.read_bytes() for path in store.directory.path.rglob("*") if path.is_file()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grok_tui.engine.store.logs.write_beside", full)
    with pytest.raises(StoreError, match="no space left"):
        went_back(run, store, 60)
    monkeypatch.undo()
    assert run.arms["adam"].step == 180
    changed = [path for path, content in files.items() if not path.read_bytes().startswith(content)]
    assert not changed
    assert store.checkpoint()


def test_a_runner_keeps_goes_back_and_forks(tmp_path):
    """In its thread, by orders alone."""
    from grok_tui.engine.store.directory import RunDirectory, RunStatus
    from grok_tui.engine.worker.opening import Anew, Keeping, Resumed
    from grok_tui.engine.worker.runner import Runner

    def until(condition) -> None:
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end, runner.snapshot
            time.sleep(0.01)

    runner = Runner(PRESET, Anew(PRESET, keeping=Keeping("small", folder=tmp_path / "run")))
    runner.start()
    until(lambda: runner.snapshot.state == "finished")
    assert runner.snapshot.kept == str(tmp_path / "run")
    runner.give(ask.Rewind(arm="adam", step=120))
    until(lambda: runner.snapshot.arms[1].step == 120)
    assert runner.snapshot.state == "paused"
    assert runner.snapshot.arms[0].step == 300
    runner.give(ask.ForkArm(arm="adam", step=None, name="adam_2"))
    until(lambda: len(runner.snapshot.arms) == 3)
    runner.give(ask.ForkArm(arm="adam", step=None, name="adam_2"))
    until(lambda: runner.refusals)
    assert "already" in runner.refusals.popleft()
    runner.give(ask.Intervene(intervention=BY_HAND[130]))
    runner.give(ask.GoOn())
    until(lambda: runner.snapshot.state == "finished")
    theta = {arm.name: arm.history.curve("l2_norm")[1][-1].tolist() for arm in runner.snapshot.arms}
    assert theta["adam"] != theta["adam_2"]
    assert runner.close(30)
    directory = RunDirectory(tmp_path / "run")
    assert directory.state() is RunStatus.FINISHED
    runner = Runner(PRESET, Resumed(directory), paused=True)
    runner.start()
    until(lambda: len(runner.snapshot.arms) == 3)
    assert {a.name: a.history.curve("l2_norm")[1][-1].tolist() for a in runner.snapshot.arms} == theta
    runner.give(ask.Restart(preset=PRESET))
    until(lambda: len(runner.snapshot.arms) == 2)
    assert runner.snapshot.kept != str(tmp_path / "run")
    assert runner.close(30)


def test_the_log_of_events_has_what_was_measured_of_them(tmp_path):
    run = Run(PRESET)
    store = create(run, "small", at=tmp_path / "run")
    name, arm = next(iter(run.arms.items()))
    arm.history.events += [Event(3, "fit", 0), Event(5, "slingshot", 0, {"peak_loss": 2.5})]
    assert store.checkpoint()
    lines = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    assert lines == [
        {"arm": name, "step": 3, "event": "fit", "replica": 0},
        {"arm": name, "step": 5, "event": "slingshot", "replica": 0, "numbers": {"peak_loss": 2.5}},
    ]
    store.close()
