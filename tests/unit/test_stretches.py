"""What computed a run from each time on that it was taken up, and how a replay goes by it."""

import json

import pytest
import torch
from arms import preset

from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.run.place import Place
from grok_tui.engine.run.run import Run
from grok_tui.engine.store import store as storing
from grok_tui.engine.store.checkpoints import peeked
from grok_tui.engine.store.files import StoreError
from grok_tui.engine.store.replay import Replay
from grok_tui.engine.store.store import create, resume
from grok_tui.engine.store.stretches import Stretch, at, taken_up

PRESET = preset({"name": "sgd", "optimizer": {"name": "sgd", "lr": 0.1}}, batch_size=3, steps=60)


@pytest.fixture(autouse=True)
def _threads():
    yield
    torch.set_num_threads(1)


def kept(folder):
    """Keep a run with one thread up to step 30; return its directory."""
    run = Run(PRESET, threads=1)
    store = create(run, "x", at=folder)
    ended(run, store, 30)
    return store.directory


def ended(run, store, step):
    run.advance_together(step - run.arms["sgd"].step)
    assert store.checkpoint()
    store.close()


def newest(directory):
    return peeked(directory.checkpoints()[-1][1]).stretches


def test_a_replay_takes_the_steps_of_each_stretch_with_its_threads(tmp_path, monkeypatch):
    directory = kept(tmp_path / "run")
    ended(*resume(directory, lambda _: None, Place(threads=2)), 60)
    assert [(s.threads, s.since) for s in newest(directory)] == [(1, {"sgd": 0}), (2, {"sgd": 30})]
    seen = set()
    original = Arm.advance

    def advance(arm, steps):
        taken = original(arm, steps)
        seen.add((arm.step > 30, torch.get_num_threads()))
        return taken

    monkeypatch.setattr(Arm, "advance", advance)
    replay = Replay(directory, lambda _: None)
    assert [one.difference for one in replay.compare(lambda _: None) if one.difference] == []
    assert seen == {(False, 1), (True, 2)}
    assert replay.unlike == []


def test_what_computed_a_stretch_and_is_another_here_is_named(tmp_path, monkeypatch):
    directory = kept(tmp_path / "run")
    monkeypatch.setattr(storing, "versions", lambda: {"torch": "1.0"})
    ended(*resume(directory, lambda _: None), 60)
    monkeypatch.undo()
    (line,) = Replay(directory, lambda _: None).unlike
    assert line.startswith("the bits may differ: torch 1.0 then, ")
    assert line.endswith(", from step 30 of sgd on")


def test_a_stretch_that_goes_on_is_one(tmp_path):
    directory = kept(tmp_path / "run")
    ended(*resume(directory, lambda _: None), 60)
    assert [s.since for s in newest(directory)] == [{"sgd": 0}]


@pytest.mark.parametrize("threads", [-1, 0, 10**9, 10**30])
def test_threads_that_no_machine_has_are_one_line(tmp_path, threads):
    directory = kept(tmp_path / "run")
    file = directory.path / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"threads": threads}))
    with pytest.raises(StoreError, match=r"run\.json: threads: should be "):
        resume(directory, lambda _: None)


def stretch(threads, **since):
    return Stretch(since=since, threads=threads, device="cpu", versions={})


def test_a_fork_has_the_stretches_of_its_parent_up_to_where_it_began():
    forks = {"sgd_2": Fork(name="sgd_2", parent="sgd", step=20, end=60)}
    stretches = [stretch(1, sgd=0), stretch(2, sgd=30).went_back("sgd_2", 20), stretch(4, sgd=40, sgd_2=50)]
    found = [at(stretches, "sgd_2", step, forks) for step in (0, 19, 20, 50)]
    assert [(one.threads, until) for one, until in found] == [(1, 20), (1, 20), (2, 50), (4, 2**53)]
    assert at(stretches, "sgd", 35, forks)[0].threads == 2


def test_an_arm_that_went_back_is_computed_anew_from_there():
    back = stretch(2, sgd=30).went_back("sgd", 10)
    assert at([stretch(1, sgd=0), back], "sgd", 10, {})[0].threads == 2
    assert back.went_back("sgd", 20).since == {"sgd": 10}
    assert taken_up([back], stretch(2, sgd=50)) == [back]
