"""Resets within steps, jumps as far as steps to come, and interventions that wait for another arm's event."""

from __future__ import annotations

import pytest
import torch
from arms import OTHER_ARM, PARITY, finished, intervention

from grok_tui.engine.record.history import Event
from grok_tui.engine.run.run import Run
from grok_tui.errors import GrokTuiError
from grok_tui.presets import load

PRESET = PARITY


def test_resets_every_so_many_steps_are_those_of_interventions(run_of):
    by_hand = "".join(intervention(arm="a", at_step=step, action="reset") for step in (20, 40))
    within = finished(run_of("modifiers.reset_every=20", replicas=2))
    between = finished(run_of(more=by_hand, replicas=2))
    torch.testing.assert_close(within.theta, between.theta, rtol=1e-9, atol=1e-12)
    assert within.optimizer.age.tolist() == [[20.0], [20.0]]


def test_a_reset_on_return_comes_with_the_first_loss_that_is_not_zero(run_of):
    arm = finished(run_of("modifiers.reset_on_return=true", 'training.loss="hinge"', "training.steps=400"))
    plain = finished(run_of('training.loss="hinge"', "training.steps=400"))
    assert plain.optimizer.age.item() == 400
    assert arm.optimizer.age.item() < 400  # the loss had been 0, and came back


def test_resets_within_steps_do_not_depend_on_chunks_nor_on_a_restored_state(run_of):
    options = ("modifiers.reset_every=9", "modifiers.reset_on_return=true")
    whole, parts = finished(run_of(*options)), run_of(*options).arms["a"]
    while parts.step < 30:
        parts.advance(4)
    resumed = run_of(*options).arms["a"]
    resumed.restore_state(*parts.export_state())
    while not resumed.finished:
        resumed.advance(100)
    assert torch.equal(resumed.theta, whole.theta)


def test_warm_up_and_resets_within_steps_are_refused_together(run_of):
    with pytest.raises(GrokTuiError, match="warmup counts from fresh state"):
        run_of("modifiers.reset_every=9", "modifiers.warmup=5")


def test_a_jump_is_as_long_in_each_tensor_as_the_steps_to_come_which_are_not_taken(run_of):
    jump = intervention(arm="a", at_step=30, action="jump", of_next_steps=12)
    plain, jumped = run_of(replicas=2).arms["a"], run_of(more=jump, replicas=2).arms["a"]
    before = {}
    for arm in (plain, jumped):
        while arm.step < 30:
            arm.advance(30 - arm.step)
        before[arm] = arm.theta.clone()
    while plain.step < 42:
        plain.advance(42 - plain.step)
    far, sizes = jumped.displacement(12)
    went = torch.split(plain.theta - before[plain], sizes, -1)
    for length, part in zip(far, went, strict=True):
        torch.testing.assert_close(length, part.norm(dim=-1))
    assert torch.equal(jumped.theta, before[jumped])
    assert jumped.optimizer.age.tolist() == [[30.0], [30.0]]
    jumped.carry_out_due(1)
    moved = torch.split(jumped.theta - before[jumped], sizes, -1)
    for length, part in zip(far, moved, strict=True):
        torch.testing.assert_close(length, part.norm(dim=-1))


def test_one_replica_alone_can_be_reset_and_made_to_jump(write, run_of):
    both = intervention(arm="a", at_step=30, action="reset", replica=1)
    both += intervention(arm="a", at_step=30, action="jump", norm=0.5, replica=1)
    of_two = write(PRESET.replace("[training]\n", "[training]\nreplicas = 2\n") + both, "two.toml")
    plain, changed = finished(run_of(replicas=2)), finished(Run(load(of_two, seed=0)))
    assert torch.equal(plain.theta[0], changed.theta[0])
    assert not torch.equal(plain.theta[1], changed.theta[1])
    assert changed.optimizer.age.tolist() == [[60.0], [30.0]]


WAITING = OTHER_ARM + intervention(arm="b", since="a.fit", at_step=-3, action="reset")


def test_an_arm_waits_for_anothers_event_and_each_replica_has_a_step_of_its_own(run_of):
    run = run_of(more=WAITING, replicas=3)
    while not run.arms["b"].step:
        assert not run.finished
        run.advance()
    steps = [run.arms["a"].history.event_steps("fit", replica)[0] for replica in range(3)]
    finished(run)
    done = [(one.replica, one.at_step) for one in run.arms["b"].interventions]
    assert sorted(done) == [(replica, max(0, step - 3)) for replica, step in enumerate(steps)]


def test_an_event_that_never_comes_leaves_the_waiting_arm_alone(run_of):
    run = run_of("arms.a.optimizer.lr=1e-9", "arms.a.training.steps=20", more=WAITING)
    finished(run)
    assert run.arms["b"].step == 60
    assert not run.arms["b"].interventions


def test_events_before_the_step_from_which_they_count_are_passed_over(run_of):
    waiting = OTHER_ARM + intervention(
        arm="b", since="a.slingshot", not_before=20, at_step=-3, action="reset"
    )
    run = run_of(more=waiting)
    run.arms["a"].history.events += [Event(step, "slingshot", 0) for step in (10, 30, 50)]
    finished(run)
    assert [one.at_step for one in run.arms["b"].interventions] == [27]


def test_a_run_with_waiting_arms_resumes_bit_for_bit(run_of):
    whole = run_of(more=WAITING, replicas=2)
    finished(whole)
    for stop in (10, 70, 100):
        first, second = (run_of(more=WAITING, replicas=2) for _ in range(2))
        while first.steps < stop:
            first.advance_together(5)
        second.restore_state(*first.export_state())
        finished(second)
        assert torch.equal(second.arms["b"].theta, whole.arms["b"].theta)
        assert second.arms["b"].interventions == whole.arms["b"].interventions


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"at_step": -1, "action": "reset"}, "at_step is -1"),
        ({"at_step": 1, "action": "jump"}, "either a norm or of_next_steps"),
        ({"at_step": 1, "action": "jump", "norm": 1.0, "of_next_steps": 3}, "either a norm or of_next_steps"),
        ({"at_step": 1, "action": "reset", "not_before": 9}, "not_before is for interventions with since"),
        ({"at_step": 1, "action": "reset", "since": "nobody.fit"}, "unknown arm 'nobody'"),
        ({"at_step": 1, "action": "reset", "since": "b.fitt"}, "unknown event 'fitt'; did you mean 'fit'"),
        ({"at_step": -1, "action": "reset", "since": "a.fit"}, "cannot go back behind what it waits for"),
    ],
)
def test_interventions_that_do_not_fit_are_refused(run_of, keys, said):
    with pytest.raises(GrokTuiError, match=said):
        run_of(more=OTHER_ARM + intervention(arm="a", **keys))
