"""Interventions that wait for an event or a plateau, of their own arm or of another."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from arms import OTHER_ARM, PARITY, finished, intervention

from grok_tui.catalog.intervention import Plateau
from grok_tui.catalog.interventions import intervention as read
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.record.envelope import empty_envelope
from grok_tui.engine.record.history import History
from grok_tui.engine.record.plateaus import Plateaus
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.replay import Replay
from grok_tui.engine.store.store import create, resume
from grok_tui.engine.worker.travel import Journey, Trail
from grok_tui.errors import GrokTuiError
from grok_tui.frontend.kept import snapshot_of
from grok_tui.frontend.orders import by_hand
from grok_tui.frontend.preset_toml import as_done
from grok_tui.presets import load

PRESET = PARITY

NO_NEWS = '{ measure = "a.val_loss", records = 2, improvement = 0.5 }'


def planned(**keys):
    """Return the table of an intervention; a text that begins with a bracket is a table of its own."""
    plain = {key: value for key, value in keys.items() if not str(value).startswith("{")}
    tables = "".join(f"{key} = {value}\n" for key, value in keys.items() if key not in plain)
    return intervention(**plain) + tables


WAITING = (
    planned(arm="a", at_step=2, action="set", hyperparameter="lr", value=0.02, since="a.fit")
    + planned(arm="a", at_step=0, action="jump", norm=0.5, since_plateau=NO_NEWS)
    + planned(arm="a", at_step=9, action="set", hyperparameter="weight_decay", value=0.1)
)
OWN = WAITING + planned(arm="a", at_step=50, action="reset")
SWITCH = OTHER_ARM + planned(
    arm="b", at_step=1, action="switch", since_plateau=NO_NEWS, optimizer='{ name = "sgd", lr = 0.1 }'
)


def done(arm):
    return [(one.at_step, one.action, getattr(one, "replica", None)) for one in arm.interventions]


@pytest.mark.parametrize("chunk", [1, 4, 1000])
def test_what_an_arm_waits_for_in_itself_comes_at_the_same_steps_whatever_the_chunks(run_of, chunk):
    whole = finished(run_of(more=OWN, replicas=2))
    arm = run_of(more=OWN, replicas=2).arms["a"]
    while not arm.finished:
        arm.advance(chunk)
    assert done(arm) == done(whole)
    assert torch.equal(arm.theta, whole.theta)
    fits = [int(arm.history.event_steps("fit", replica)[0]) for replica in range(2)]
    assert (max(fits) + 2, "set", None) in done(arm), "what is done to the whole arm waits for every replica"
    assert sorted(replica for _, action, replica in done(arm) if action == "jump") == [0, 1]


def test_a_plateau_begins_with_the_last_of_so_many_records_without_an_improvement():
    losses = [8.0, 4.0, 4.1, 3.9, 3.0, 3.0, np.nan, 2.99, 1.0]
    history = History(["val_loss"], 1)
    plateau = Plateau(measure="a.val_loss", records=3, improvement=0.1)
    later, higher = (plateau, 60), (plateau.model_copy(update={"better": "higher"}), 0)
    watched = [(plateau, 0), later, higher]
    plateaus = Plateaus(watched, 1)
    for step, loss in zip(range(0, 90, 10), losses, strict=True):
        history.append(step, np.array([[loss]]), empty_envelope(1))
        plateaus.recorded(step, history)
    assert [plateaus.onsets(one) for one in watched] == [[70], [None], [30]]


def test_another_arms_plateau_is_waited_for_in_every_replica_before_the_whole_arm_is_switched(run_of):
    run = run_of(more=SWITCH, replicas=3)
    while not run.arms["b"].step:
        run.advance()
    source = run.arms["a"]
    finished(run)
    (switched,) = run.arms["b"].interventions
    losses = source.history.values("val_loss")
    onsets = []
    for replica in range(3):  # by hand, from the recorded curve
        best, since, onset = losses[0, replica], 0, None
        for step, loss in zip(source.history.steps, losses[:, replica], strict=True):
            better = loss < best - 0.5 * abs(best)
            best, since = (loss, 0) if better or step == 0 else (best, since + 1)
            onset = int(step) if onset is None and since >= 2 else onset
        onsets.append(onset)
    assert None not in onsets
    assert switched.at_step == max(onsets) + 1
    assert run.arms["b"].settings.optimizer.name == "sgd"


def test_what_has_not_come_in_every_replica_is_not_done_to_the_whole_arm(run_of):
    text = OTHER_ARM + planned(
        arm="b", at_step=0, action="set", hyperparameter="lr", value=0.5, since="a.fit"
    )
    run = run_of("arms.a.optimizer.lr=1e-9", "arms.a.training.steps=20", more=text, replicas=2)
    finished(run)
    assert run.arms["b"].step == 60
    assert not run.arms["b"].interventions


def test_arms_may_wait_in_a_row(run_of):
    third = OTHER_ARM.replace('"b"', '"c"')
    text = OTHER_ARM + third + planned(arm="b", at_step=0, action="reset", since="a.fit")
    text += planned(arm="c", at_step=0, action="reset", since="b.fit")
    run = run_of(more=text)
    finished(run)
    b, c = run.arms["b"], run.arms["c"]
    assert [one.at_step for one in c.interventions] == [int(b.history.event_steps("fit", 0)[0])]


@pytest.mark.parametrize("text", [OWN, SWITCH])
def test_a_run_that_waits_is_resumed_replayed_and_travelled_to_the_same_bits(run_of, text, tmp_path):
    whole = run_of(more=text, replicas=2)
    finished(whole)
    for stop in (10, 31, 45, 58):
        run = run_of(more=text, replicas=2)
        store = create(run, "t", at=tmp_path / f"r{stop}")
        while run.steps < stop:
            run.advance_together(3)
        store.checkpoint()
        store.close()
        directory = RunDirectory(tmp_path / f"r{stop}")
        again, store = resume(directory, lambda _: None)
        finished(again)
        store.checkpoint("finished")
        store.close()
        for name, arm in whole.arms.items():
            assert torch.equal(again.arms[name].theta, arm.theta)
            assert done(again.arms[name]) == done(arm)
        assert [c.difference for c in Replay(directory, lambda _: None).compare(lambda _: None)] != []
        assert not any(c.difference for c in Replay(directory, lambda _: None).compare(lambda _: None))
        assert not by_hand(snapshot_of(directory))
    name = list(whole.arms)[-1]
    for step in (20, 33, 55):
        journey = Journey(whole, name, step, Trail())
        while not journey.arrived:
            journey.advance()
        while not journey.arm.finished:
            journey.arm.advance(7)
        assert torch.equal(journey.arm.theta, whole.arms[name].theta)


def fork_of(run, name, step, trail, store=None, fork="f"):
    journey = Journey(run, name, step, trail, Fork(name=fork, parent=name, step=step, end=60))
    while not journey.arrived:
        journey.advance()
    if store is not None:
        store.fork(journey.fork, journey.arm)
    run.adopt(journey.arm, journey.fork)
    return journey.arm


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What arm a of `WAITING` is at the end, where nobody touches it."""
    path = tmp_path_factory.mktemp("whole") / "p.toml"
    path.write_text(PARITY + WAITING)
    run = Run(load(str(path), replicas=2))
    return run, finished(run)


def waits(arm, settled: bool):
    """Return a step at which an arm still waited, or knew already but had not done it yet."""
    first = min(step for step, action, _ in done(arm) if action == "set" and step != 9)
    return first - 1 if settled else first - 9


@pytest.mark.parametrize("case", ["patience", "settled", "done", "moment"])
def test_a_fork_waits_for_what_its_parent_waits_for_and_does_it_at_the_same_steps(run_of, whole, case):
    source, parent = whole
    plateaus = [step for step, action, _ in done(parent) if action == "jump"]
    step = {
        "patience": min(plateaus) - 3,  # one of two records without an improvement has been seen
        "settled": waits(parent, True),
        "done": max(plateaus) + 1,
        "moment": waits(parent, False),
    }[case]
    trail, run = Trail(), source
    if case == "moment":
        run = run_of(more=WAITING, replicas=2)
        while run.arms["a"].step < step:
            run.arms["a"].advance(step - run.arms["a"].step)
        trail.note(run, "a")
    fork = fork_of(run, "a", step, trail, fork=f"f_{case}")
    second = fork_of(run, f"f_{case}", step, trail, fork=f"g_{case}")
    for arm in (fork, second):
        while not arm.finished:
            arm.advance(5)
        assert done(arm) == done(parent)
        assert {one.arm for one in arm.interventions} == {arm.name}
        assert torch.equal(arm.theta, parent.theta)
    back = Journey(run, f"g_{case}", step, Trail())
    while not back.arrived:
        back.advance()
    while not back.arm.finished:
        back.arm.advance(60)
    assert torch.equal(back.arm.theta, parent.theta)
    snapshot = run.snapshot(State.FINISHED)
    assert not by_hand(snapshot), "what the preset planned is nothing that a person did"


@pytest.mark.parametrize("killed", [False, True])
def test_a_fork_that_waits_is_resumed_and_replayed_to_the_bits_of_its_parent(run_of, whole, tmp_path, killed):
    _, parent = whole
    step = waits(parent, True)
    run = run_of(more=WAITING, replicas=2)
    store = create(run, "t", at=tmp_path / "r")
    while run.arms["a"].step < step:
        run.arms["a"].advance(step - run.arms["a"].step)
    store.checkpoint()
    fork_of(run, "a", step, Trail(store.directory), store)
    if not killed:
        run.arms["f"].advance(1)
        store.checkpoint()
    store.close()
    again, store = resume(store.directory, lambda _: None)
    finished(again)
    store.checkpoint("finished")
    store.close()
    for name in ("a", "f"):
        assert torch.equal(again.arms[name].theta, parent.theta)
        assert done(again.arms[name]) == done(parent)
    assert not any(c.difference for c in Replay(store.directory, lambda _: None).compare(lambda _: None))
    assert not by_hand(snapshot_of(store.directory))


def test_a_fork_of_an_arm_that_waits_for_another_waits_as_well(run_of):
    run = run_of(more=SWITCH)
    fork_of(run, "b", 0, Trail())
    while not run.arms["b"].step:
        run.advance()
        assert not run.arms["f"].step or run.arms["b"].step
    late = run.arms["b"].agenda.next_step
    while run.arms["b"].step < late - 1:
        run.arms["b"].advance(1)
    fork_of(run, "b", late - 1, Trail(), fork="g")
    finished(run)
    for name in ("f", "g"):
        assert done(run.arms[name]) == done(run.arms["b"]) != []
        assert torch.equal(run.arms[name].theta, run.arms["b"].theta)


def test_a_fork_that_still_waits_does_so_in_the_preset_that_it_is_exported_as(run_of):
    run = run_of(more=WAITING)
    fork_of(run, "a", 0, Trail())
    waiting = [
        one for one in as_done(run.preset, run.snapshot(State.PAUSED).arms).interventions if one.awaited
    ]
    assert sorted(one.awaited[0] for one in waiting if one.arm == "f") == ["f", "f"]


def test_a_run_that_waited_is_a_preset_that_does_the_same_at_fixed_steps(run_of):
    run = run_of(more=OWN, replicas=2)
    arm = finished(run)
    preset = as_done(run.preset, run.snapshot(State.FINISHED).arms)
    assert not any(one.awaited for one in preset.interventions)
    again = type(run)(preset)
    assert torch.equal(finished(again).theta, arm.theta)


def test_by_hand_nothing_waits_and_no_replica_is_missing(run_of):
    arm = run_of().arms["a"]
    with pytest.raises(ValueError, match="by hand nothing can be waited for"):
        arm.intervene(read({"action": "reset", "arm": "a", "at_step": 0, "since": "a.fit"}))
    with pytest.raises(ValueError, match="no replica 3"):
        arm.intervene(read({"action": "reset", "arm": "a", "at_step": 0, "replica": 3}))


def test_one_that_no_longer_fits_when_it_comes_ends_the_run_with_a_line(run_of):
    text = planned(
        arm="a", at_step=5, action="switch", optimizer='{ name = "sgd", lr = 0.1 }', since="a.fit"
    ) + planned(arm="a", at_step=50, action="set", hyperparameter="momentum", value=0.5)
    run = run_of("arms.a.optimizer.lr=1e-9", more=text)
    with pytest.raises(GrokTuiError, match="arm 'a' after step 50: momentum = 0\\.5: adamw has no"):
        finished(run)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            planned(arm="a", at_step=0, action="reset", since_plateau='{ measure = "a.val_los" }'),
            "did you mean",
        ),
        (planned(arm="a", at_step=0, action="reset", since_plateau='{ measure = "c.val_loss" }'), "arm 'c'"),
        (planned(arm="a", at_step=0, action="reset", since_plateau="{ records = 3 }"), "measure: missing"),
        (
            planned(arm="a", at_step=0, action="reset", since="a.fit", since_plateau=NO_NEWS),
            "since or since_plateau, not both",
        ),
        (
            planned(arm="a", at_step=0, action="reset", since="b.fit")
            + planned(arm="b", at_step=0, action="reset", since_plateau=NO_NEWS),
            "arms wait for one another: a for b for a",
        ),
        (
            planned(arm="a", at_step=0, action="set", hyperparameter="lrr", value=1.0, since="b.fit"),
            r"interventions\[0\]: adamw has no hyperparameter 'lrr'; did you mean 'lr'",
        ),
    ],
)
def test_what_cannot_be_waited_for_is_one_clear_error(run_of, text, said):
    with pytest.raises(GrokTuiError, match=said):
        run_of(more=OTHER_ARM + text)
