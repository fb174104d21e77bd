"""A run advances all arms and judges claims by what was recorded."""

from __future__ import annotations

import time
from dataclasses import fields, replace

import pytest
from arms import preset

from grok_tui.catalog.interventions import Jump, Set, Switch
from grok_tui.claims import Verdict
from grok_tui.engine.arm.status import ArmFacts
from grok_tui.engine.record.measuring import Measuring
from grok_tui.engine.remote.mirror import Mirror
from grok_tui.engine.remote.news import Teller
from grok_tui.engine.remote.protocol import ANSWERS
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import DeviceMemory, RunFacts, State
from grok_tui.engine.worker import orders as ask
from grok_tui.engine.worker.runner import Runner
from grok_tui.errors import GrokTuiError

SGD = {"name": "sgd", "optimizer": {"name": "sgd", "lr": 0.1}}
WILD = {"name": "wild", "optimizer": {"name": "sgd", "lr": 10.0}, "training": {"dtype": "float32"}}


def claim(holds: str, **rest) -> dict:
    return {"says": "x", "origin": "test", "holds": holds, **rest}


def finished(run: Run) -> Run:
    while not run.finished:
        run.advance()
    return run


def test_claims_are_undecided_until_the_arms_they_name_are_through():
    slow = {"name": "slow", "optimizer": {"name": "sgd", "lr": 0.01}, "training": {"steps": 2000}}
    run = Run(preset(SGD, slow, claims=[claim("end(sgd.bias) > 0.5"), claim("end(slow.bias) > 2")]))
    assert [c.verdict for c in run.judge()] == [Verdict.UNDECIDED] * 2
    while not run.arms["sgd"].finished:
        run.advance()
    assert [c.verdict for c in run.judge()] == [Verdict.REPRODUCED, Verdict.UNDECIDED]
    results = finished(run).judge()
    assert [c.verdict for c in results] == [Verdict.REPRODUCED, Verdict.NOT_REPRODUCED]
    assert [c.as_expected for c in results] == [True, False]
    assert results[1].telling.deciding.right == 2


def test_a_share_of_the_replicas_can_be_enough():
    run = Run(preset(SGD, replicas=4, claims=[claim("end(sgd.bias) > 0.5", holds_in=0.75)]))
    run.arms["sgd"].theta[3] = float("nan")
    (result,) = finished(run).judge()
    assert (result.held_in, result.verdict) == (3, Verdict.REPRODUCED)
    assert result.interval == pytest.approx((0.19412, 0.975 ** (1 / 4)), abs=1e-5)


def test_a_diverged_arm_is_named_unless_a_claim_asks_about_it():
    assert finished(Run(preset(SGD, WILD, steps=2000))).diverged == ["wild"]
    asked = finished(Run(preset(WILD, steps=2000, claims=[claim("count(wild.divergence) == 1")])))
    assert asked.diverged == []
    assert asked.judge()[0].verdict == Verdict.REPRODUCED


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "cuda:99", "cpu:1", ""])
def test_unknown_devices_are_refused(name):
    with pytest.raises(GrokTuiError, match="device"):
        Run(preset(SGD), device=name)


def wait_for(runner: Runner, condition, seconds: float = 20.0):
    limit = time.monotonic() + seconds
    while not condition(runner.snapshot):
        assert time.monotonic() < limit, runner.snapshot
        time.sleep(0.005)
    return runner.snapshot


def test_the_worker_trains_obeys_and_ends():
    runner = Runner(preset(SGD, steps=10**6, record_every=1000))
    runner.start()
    wait_for(runner, lambda s: s.state == State.RUNNING and s.arms and s.arms[0].step > 100)
    adamw = {"action": "switch", "arm": "sgd", "at_step": 0, "optimizer": {"name": "adamw"}, "state": "fresh"}
    runner.give(ask.Intervene(intervention=Switch.model_validate(adamw)))
    runner.give(
        ask.Intervene(intervention=Set(action="set", arm="sgd", at_step=0, hyperparameter="lr", value=0.5))
    )
    runner.give(
        ask.Intervene(
            intervention=Set(action="set", arm="sgd", at_step=0, hyperparameter="nonsense", value=0.5)
        )
    )
    runner.give(ask.Pause())
    paused = wait_for(runner, lambda s: s.state == State.PAUSED)
    assert paused.arms[0].optimizer.name == "adamw"
    assert paused.arms[0].optimizer.lr == 0.5
    assert len(paused.arms[0].interventions) == 2
    assert "nonsense" in runner.refusals[0]
    runner.give(ask.Step(steps=3))
    stepped = wait_for(runner, lambda s: s.arms[0].step != paused.arms[0].step)
    assert stepped.arms[0].step == paused.arms[0].step + 3
    runner.give(ask.Intervene(intervention=Jump(action="jump", arm="sgd", at_step=0, norm=1.0)))
    runner.give(ask.Restart(preset=preset(SGD, steps=100)))
    runner.give(ask.GoOn())
    again = wait_for(runner, lambda s: s.state == State.FINISHED)
    assert again.arms[0].step == 100
    assert again.arms[0].interventions == ()
    runner.give(ask.GoOn())
    wait_for(runner, lambda s: s.arms[0].step == 200)
    assert runner.close()
    assert runner.snapshot.state == State.CLOSED


def test_slow_motion_keeps_its_pace():
    runner = Runner(preset(SGD, steps=1000), pace=50)
    runner.start()
    first = wait_for(runner, lambda s: s.arms and s.arms[0].step > 0)
    started, step = time.monotonic(), first.arms[0].step
    later = wait_for(runner, lambda s: s.arms[0].step >= step + 25)
    rate = (later.arms[0].step - step) / (time.monotonic() - started)
    runner.close()
    assert rate < 75


def test_a_failure_in_training_is_told_and_what_was_recorded_stays(monkeypatch):
    runner = Runner(preset(SGD, steps=10**6))
    runner.start()
    wait_for(runner, lambda s: s.arms and s.arms[0].step > 100)

    def fail(_):
        raise RuntimeError("out of\nmemory")

    monkeypatch.setattr(Run, "advance", fail)
    failed = wait_for(runner, lambda s: s.state == State.FAILED)
    assert failed.failure == "out of memory"
    assert "RuntimeError" in failed.details
    assert len(failed.arms[0].history.curve("train_loss")[0]) > 10
    assert runner.close()


def test_a_snapshot_asks_nothing_of_a_device_that_may_have_failed(monkeypatch):
    run = Run(preset(SGD, steps=20))
    run.advance_together(20)

    def fails(*_):
        raise RuntimeError("device-side assert triggered")

    monkeypatch.setattr(Measuring, "_output", fails)
    assert run.snapshot(State.FAILED).arms[0].step == 20


def test_whoever_looks_on_sees_the_roles_of_coordinates_also_after_a_resume():
    run = Run(preset(SGD, steps=20))
    run.arms["sgd"].watch()
    run.advance_together(20)
    seen = run.status("sgd").vectors["generalizes"].table()[1].tolist()
    assert seen == [[[*[0] * 10, 1]]]
    again = Run(preset(SGD, steps=20))
    again.restore_state(*run.export_state())
    assert again.status("sgd").vectors["generalizes"].table()[1].tolist() == seen


def test_everything_short_of_a_run_and_of_an_arm_passes_over_the_socket():
    run = Run(preset(SGD, steps=20))
    run.advance_together(20)
    arm = replace(run.status("sgd"), parent="other", born=3)
    here = replace(
        run.snapshot(State.PAUSED),
        arms=(arm,),
        version=1,
        pace=5.0,
        epoch=7,
        moments={"sgd": (1, 2)},
        replayed=0.5,
        kept="a run",
        gpus=(DeviceMemory("cuda:1", 1, 2),),
        failure="why",
        details="where",
    )
    status = ANSWERS.validate_json(Teller().news(here, []).model_dump_json())
    there = Mirror().take(status)
    for field in fields(RunFacts):
        assert getattr(there, field.name) == getattr(here, field.name), field.name
    for field in fields(ArmFacts):
        assert getattr(there.arms[0], field.name) == getattr(arm, field.name), field.name
