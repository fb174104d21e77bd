"""After a reinitialize the network is a new one: what is seen of it, and waited for in it, begins anew."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from arms import OTHER_ARM, PARITY, finished, intervention

from grok_tui.catalog.interventions import intervention as read
from grok_tui.engine.record.envelope import empty_envelope
from grok_tui.engine.record.history import History
from grok_tui.engine.record.plateaus import Plateaus
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.replay import Replay
from grok_tui.engine.store.store import create, resume
from grok_tui.engine.worker.travel import Journey, Trail
from grok_tui.frontend.happenings import happenings
from grok_tui.frontend.kept import snapshot_of
from grok_tui.frontend.past import as_it_was

PRESET = PARITY

AFTER_FIT = intervention(arm="a", at_step=9, action="set", hyperparameter="lr", value=0.02, since="a.fit")
CLAIM = """
[[claims]]
says = "the new network fits as well"
holds = "first_step(a.fit, {step}) > {step}"
origin = "ours"
"""
LONG = "training.steps=140"


def again(replica=None, arm="a"):
    document = {"action": "reinitialize", "arm": arm, "at_step": 0}
    return read(document if replica is None else document | {"replica": replica})


def brought(run, step, name="a"):
    arm = run.arms[name]
    while arm.step < step:
        arm.advance(step - arm.step)
    return arm


def fits(arm):
    return [(one.step, one.replica) for one in arm.history.events if one.name == "fit"]


def changes(arm):
    return [one.at_step for one in arm.interventions if one.action == "set"]


def test_the_new_network_has_events_of_its_own_and_claims_can_ask_for_them(run_of):
    run = run_of(LONG, more=CLAIM.format(step=71), replicas=2)
    arm = brought(run, 70)
    old = fits(arm)
    assert len(old) == 2
    arm.intervene(again(1))
    finished(run)
    new = fits(arm)[2:]
    assert [replica for _, replica in new] == [1]
    assert new[0][0] > 70
    (claim,) = run.judge()
    assert [judgement.holds for judgement in claim.judgements] == [None, True]
    marks = [step for step, label, _ in happenings(arm.status()) if label == "fit"]
    assert marks == [min(old)[0], new[0][0]]
    before, after = as_it_was(run.snapshot(State.FINISHED), 75), as_it_was(run.snapshot(State.FINISHED), 140)
    assert (before.arms[0].had("fit"), after.arms[0].had("fit")) == ({0}, {0, 1})


def test_what_was_to_follow_an_event_follows_that_of_the_new_network_and_comes_once(run_of):
    plain = finished(run_of(LONG, more=AFTER_FIT))
    (at,) = changes(plain)
    early, late = run_of(LONG, more=AFTER_FIT), run_of(LONG, more=AFTER_FIT)
    brought(early, at - 1).intervene(again())
    arm = finished(early)
    assert changes(arm) == [fits(arm)[1][0] + 9], "9 steps after the second fit"
    brought(late, at + 1).intervene(again())
    assert len(fits(finished(late))) == 2
    assert changes(late.arms["a"]) == [at], "what was done is not done again"


def test_the_whole_arm_waits_for_the_replica_that_began_anew(run_of):
    run = run_of(LONG, more=AFTER_FIT, replicas=2)
    arm = run.arms["a"]
    while len(fits(arm)) < 2:
        arm.advance(1)
    arm.intervene(again(0))
    finished(run)
    assert changes(arm) == [fits(arm)[2][0] + 9]


def test_a_plateau_is_looked_for_from_the_first_record_of_the_new_network_on():
    from grok_tui.catalog.intervention import Plateau

    history, watched = History(["val_loss"], 2), (Plateau(measure="a.val_loss", records=2), 0)
    plateaus = Plateaus([watched], 2)
    for step in range(0, 70, 10):
        history.append(step, np.array([[1.0, 1.0]]), empty_envelope(2))
        plateaus.recorded(step, history)
        if step == 30:
            plateaus.forget(1)
    assert plateaus.onsets(watched) == [20, 60]


def test_a_replica_that_had_diverged_goes_on_and_may_diverge_again(run_of):
    run = run_of("arms.a.optimizer={ name = 'sgd', lr = 1e300 }")
    arm = run.arms["a"]
    while not arm.stopped:
        arm.advance(10)
    fell = arm.step
    arm.intervene(read({"action": "set", "arm": "a", "at_step": 0, "hyperparameter": "lr", "value": 0.1}))
    arm.intervene(again())
    assert not arm.stopped
    assert not run.snapshot(State.PAUSED).arms[0].diverged
    arm.advance(1)
    assert torch.isfinite(arm.theta).all()
    arm.intervene(read({"action": "set", "arm": "a", "at_step": 0, "hyperparameter": "lr", "value": 1e300}))
    finished(run)
    assert [one.name for one in arm.history.events].count("divergence") == 2
    assert arm.step > fell


@pytest.mark.parametrize("stop", [33, 100])
def test_it_is_resumed_replayed_and_travelled_to_the_same_bits(run_of, stop, tmp_path):
    def steered(run, store=None):
        at = changes(finished(run_of(LONG, more=AFTER_FIT, replicas=2)))[0] - 1
        for step, done in ((at, again()), (at + 20, again(1))):
            while run.arms["a"].step < step:
                run.arms["a"].advance(step - run.arms["a"].step)
                if store is not None and run.arms["a"].step <= stop:
                    store.checkpoint()
            run.arms["a"].intervene(done)
        return run

    run = run_of(LONG, more=AFTER_FIT, replicas=2)
    store = create(run, "t", at=tmp_path / "r")
    steered(run, store)
    store.close()
    taken_up, store = resume(RunDirectory(tmp_path / "r"), lambda _: None)
    whole, arm = finished(run), finished(taken_up)
    store.checkpoint("finished")
    store.close()
    assert torch.equal(arm.theta, whole.theta)
    assert arm.export_state()[0].model_dump() == whole.export_state()[0].model_dump()
    directory = RunDirectory(tmp_path / "r")
    assert not any(c.difference for c in Replay(directory, lambda _: None).compare(lambda _: None))
    assert snapshot_of(directory).arms[0].had("fit") == whole.status().had("fit")
    for step in (40, 100):
        journey = Journey(run, "a", step, Trail())
        while not journey.arrived:
            journey.advance()
        assert fits(journey.arm) == [one for one in fits(whole) if one[0] <= step]


def test_an_arm_that_had_waited_for_another_goes_on_whatever_becomes_of_that(run_of, tmp_path):
    """Also after a kill, where what it had waited for cannot be seen any more."""
    plateau = "since_plateau = { measure = 'a.val_loss', records = 2, improvement = 0.5 }\n"
    waiting = OTHER_ARM + intervention(arm="b", at_step=5, action="reset") + plateau
    run = run_of(more=waiting)
    store = create(run, "t", at=tmp_path / "r")
    while not run.arms["b"].step:
        run.advance()
    run.arms["a"].intervene(again())
    store.checkpoint()
    store.close()
    taken_up, store = resume(RunDirectory(tmp_path / "r"), lambda _: None)
    for one in (run, taken_up):
        finished(one)
    store.checkpoint("finished")
    store.close()
    (done,) = run.arms["b"].interventions
    assert taken_up.arms["b"].interventions == [done]
    assert torch.equal(taken_up.arms["b"].theta, run.arms["b"].theta)
    directory = RunDirectory(tmp_path / "r")
    assert not any(c.difference for c in Replay(directory, lambda _: None).compare(lambda _: None))
