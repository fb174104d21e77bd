"""State of another shape than theta goes through every kind of step and comes back from where it is kept."""

from __future__ import annotations

import pytest
import torch
from arms import SUMS, preset, run_to

from grok_tui.catalog.interventions import intervention
from grok_tui.catalog.seen import SEEN
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.steps.compiled.builds import Workshop
from grok_tui.engine.steps.compiled.native import compiler
from grok_tui.engine.steps.cuda_graph import CountedSteps

MLP = {"name": "mlp", "hidden": 6, "bias": True}
BLOCKS = {"adasgd": 1, "adam_blockwise": 4}

each_rule = pytest.mark.parametrize("name", BLOCKS)


def arm(name, *, compiling=None, modifiers=None, seeds=(0, 1), interventions=()):
    own = {"name": "a", "optimizer": optimizer(name), "model": MLP, "modifiers": modifiers or {}}
    p = preset(own, task=SUMS, loss="cross_entropy", batch_size=4)
    spec = p.arms[0]
    return Arm(spec, p.measures_of(spec), seeds, torch.device("cpu"), interventions, compiling)


def optimizer(name):
    return {"name": name, "lr": 0.03, "weight_decay": 0.1}


def do(one: Arm, **what) -> None:
    one.intervene(intervention({"arm": "a", "at_step": 0, **what}))


@each_rule
def test_a_slot_has_the_shape_that_the_rule_declares(name):
    state = run_to(arm(name), 5).optimizer.state
    assert state["exp_avg_sq"].shape == (2, BLOCKS[name])
    assert state["exp_avg"].shape == (2, 6 * 10 + 6 + 5 * 6 + 5)
    assert (state["exp_avg_sq"] > 0).all()


@each_rule
def test_replicas_side_by_side_are_what_they_are_alone(name):
    together = run_to(arm(name), 40)
    for r in (0, 1):
        alone = run_to(arm(name, seeds=(r,)), 40)
        torch.testing.assert_close(together.theta[r], alone.theta[0], rtol=1e-9, atol=1e-12)


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler here")
@each_rule
def test_compiled_steps_give_the_numbers_of_eager_ones(name, tmp_path):
    eager, compiled = arm(name), arm(name, compiling=Compiling("on", workshop=Workshop(tmp_path)))
    run_to(eager, 60)
    run_to(compiled, 60)
    assert [since.backend for since in compiled.backends] == ["compiled"]
    torch.testing.assert_close(compiled.theta, eager.theta, rtol=1e-9, atol=1e-12)
    for slot, value in eager.optimizer.state.items():
        torch.testing.assert_close(compiled.optimizer.state[slot], value, rtol=1e-9, atol=1e-15)


@each_rule
def test_what_a_cuda_graph_captures_takes_the_steps_of_the_eager_plan(name):
    steppers, arms = [], [run_to(arm(name), 1) for _ in range(2)]
    for one in arms:
        (work,) = one._trainer._works.values()
        steppers.append(work._eager)
    eager, counted = steppers[0], CountedSteps(steppers[1])
    indices = torch.randint(0, 10, (6, 2, 4), generator=torch.Generator().manual_seed(0))
    results = [torch.zeros(6, len(SEEN), 2, dtype=torch.float64) for _ in range(2)]
    table = eager.table.clone().unsqueeze(0)
    eager.run(table, indices, results[0])
    counted.rows.run(counted.take, table, indices, results[1])
    assert torch.equal(arms[0].theta, arms[1].theta)
    assert torch.equal(arms[0].optimizer.state["exp_avg_sq"], arms[1].optimizer.state["exp_avg_sq"])
    assert torch.equal(*results)


@each_rule
def test_a_reset_forgets_one_replica_or_all(name):
    one = run_to(arm(name), 10)
    kept = one.optimizer.state["exp_avg_sq"].clone()
    do(one, action="reset", replica=1)
    assert torch.equal(one.optimizer.state["exp_avg_sq"][0], kept[0])
    assert not one.optimizer.state["exp_avg_sq"][1].any()
    do(one, action="reset")
    assert not one.optimizer.state["exp_avg_sq"].any()


@each_rule
def test_a_reset_within_steps_is_one_between_them(name):
    within = run_to(arm(name, modifiers={"reset_every": 7}), 20)
    between = arm(name)
    for step in (7, 14):
        run_to(between, step)
        do(between, action="reset")
    run_to(between, 20)
    torch.testing.assert_close(within.theta, between.theta, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(within.optimizer.state["exp_avg_sq"], between.optimizer.state["exp_avg_sq"])


@each_rule
def test_a_switch_there_and_back_finds_the_state_as_it_was(name):
    one = run_to(arm(name), 10)
    before = {slot: value.clone() for slot, value in one.optimizer.state.items()}
    do(one, action="switch", optimizer={"name": "adamw"})
    run_to(one, 15)
    do(one, action="switch", optimizer=optimizer(name), state="kept")
    assert all(torch.equal(one.optimizer.state[slot], value) for slot, value in before.items())
    assert one.optimizer.age.tolist() == [[10], [10]]


@each_rule
def test_a_state_taken_up_goes_on_to_the_same_bits_and_one_of_another_shape_is_refused(name):
    one = run_to(arm(name), 13)
    do(one, action="switch", optimizer={"name": "sgd", "lr": 0.01})
    run_to(one, 20)
    state, arrays = one.export_state()
    other = arm(name)
    other.restore_state(state, arrays)
    for each in (one, other):
        do(each, action="switch", optimizer=optimizer(name), state="kept")
        run_to(each, 40)
    assert torch.equal(one.theta, other.theta)
    slot = f"optimizers/{name}/exp_avg_sq"
    with pytest.raises(ValueError, match=slot):
        other.restore_state(state, arrays | {slot: arrays[slot].repeat(2, 1)})
