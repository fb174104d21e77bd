"""Back in time: any step of an arm again, to the bit, in its place or as a fork."""

import numpy as np
import pytest
from arms import preset

from grok_tui.catalog.interventions import Jump, Reset, Switch
from grok_tui.catalog.optimizers import AdamW
from grok_tui.engine.arm.forks import Fork, fork_name
from grok_tui.engine.run.run import Run
from grok_tui.engine.worker.travel import KEPT, Journey, Trail
from grok_tui.presets import Preset

SGD = {"name": "sgd", "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.5}}
ADAM = {"name": "adam", "optimizer": {"name": "adam", "lr": 0.01}}
PLANNED = [
    {"arm": "adam", "at_step": 60, "action": "set", "hyperparameter": "lr", "value": 0.02},
    {"arm": "adam", "at_step": 90, "action": "jump", "norm": 0.5},
    {"arm": "adam", "at_step": 200, "action": "reset"},
]
PRESET = preset(SGD, ADAM, interventions=PLANNED, batch_size=3, steps=300, replicas=2)
BY_HAND = {
    75: Jump(action="jump", arm="adam", at_step=0, norm=0.1),
    90: Reset(action="reset", arm="adam", at_step=0),
    130: Switch(action="switch", arm="adam", at_step=0, optimizer=AdamW(name="adamw", lr=0.01)),
}


def steered(trail: Trail | None = None, to: int = 300) -> tuple[Run, dict[int, dict[str, np.ndarray]]]:
    """Train the arm, with planned interventions and some by hand; return what it was at each step."""
    run = Run(PRESET)
    arm = run.arms["adam"]
    arm.watch()
    seen = {0: arm.export_state()}
    while arm.step < to:
        if arm.step in BY_HAND:
            arm.intervene(BY_HAND[arm.step])
        if trail is not None and arm.step % 40 == 0:
            trail.note(run, "adam")
        arm.advance(1)
        seen[arm.step] = arm.export_state()
    return run, seen


def arrived(run: Run, step: int | None, trail: Trail, fork: Fork | None = None) -> Journey:
    journey = Journey(run, "adam", step, trail, fork)
    while not journey.arrived:
        journey.advance()
    journey.advance()
    return journey


def same(a, b, but: tuple[str, ...] = ()) -> bool:
    (state, arrays), (other, others) = a, b
    return (
        state.model_dump(exclude=set(but)) == other.model_dump(exclude=set(but))
        and arrays.keys() == others.keys()
        and all(arrays[name].tobytes() == others[name].tobytes() for name in arrays)
    )


@pytest.mark.parametrize("noted", [False, True], ids=["from the start", "from moments"])
@pytest.mark.parametrize("step", [0, 1, 40, 60, 75, 77, 90, 91, 130, 131, 250, 300])
def test_any_step_is_reached_again_to_the_bit_before_what_was_done_there(step, noted):
    trail = Trail()
    run, seen = steered(trail if noted else None)
    journey = arrived(run, step, trail)
    assert same(journey.arm.export_state(), seen[step])


@pytest.mark.parametrize("step", [50, 90, 131])
def test_an_arm_that_went_back_goes_on_as_planned_without_what_was_done_by_hand_later(step):
    run, _ = steered()
    journey = arrived(run, step, Trail())
    run.adopt(journey.arm)
    assert run.arms["adam"] is journey.arm
    other = Run(PRESET)
    before = {at: done for at, done in BY_HAND.items() if at < step}
    for arm in (other.arms["adam"], journey.arm):
        arm.watch()
        while not arm.finished:
            if arm.step in before and arm is not journey.arm:
                arm.intervene(before[arm.step])
            arm.advance(1)
    assert same(journey.arm.export_state(), other.arms["adam"].export_state())


def test_a_fork_begins_with_the_bits_of_its_parent_and_leaves_it_alone():
    trail = Trail()
    run, seen = steered(trail)
    before = run.arms["adam"].export_state()
    fork = Fork(name="adam_2", parent="adam", step=131, end=400)
    journey = arrived(run, 131, trail, fork)
    run.adopt(journey.arm, journey.fork)
    assert same(journey.arm.export_state(), seen[131], ("interventions", "end"))
    assert {done.arm for done in journey.arm.interventions} == {"adam_2"}
    assert [spec.name for spec in run.preset.arms] == ["sgd", "adam", "adam_2"]
    assert (run.status("adam_2").parent, run.status("adam_2").born) == ("adam", 131)
    while not journey.arm.finished:
        journey.arm.advance(100)
    assert journey.arm.step == 400
    assert all(done.at_step <= 131 for done in journey.arm.interventions), "what was planned is not inherited"
    assert same(run.arms["adam"].export_state(), before)


def test_a_fork_of_now_has_what_was_done_just_now():
    run, _ = steered(to=130)
    run.arms["adam"].intervene(BY_HAND[130])
    journey = arrived(run, None, Trail(), Fork(name="adam_2", parent="adam", step=130, end=300))
    assert journey.arm.optimizer.spec.name == "adamw"
    assert journey.arm.theta.equal(run.arms["adam"].theta)


def test_a_fork_of_a_fork_goes_back_no_further_than_to_where_it_began():
    trail = Trail()
    run, seen = steered(trail)
    first = arrived(run, 131, trail, Fork(name="adam_2", parent="adam", step=131, end=300))
    run.adopt(first.arm, first.fork)
    while run.arms["adam_2"].step < 200:
        run.arms["adam_2"].advance(1)
    second = Journey(run, "adam_2", 150, trail, Fork(name="adam_3", parent="adam_2", step=150, end=300))
    while not second.arrived:
        second.advance()
    assert same(second.arm.export_state(), seen[150], ("interventions", "end"))
    with pytest.raises(ValueError, match="steps 131 to 200, not 130"):
        Journey(run, "adam_2", 130, trail)


def test_margins_are_those_of_the_step_that_an_arm_went_back_to():
    parity = {"name": "sparse_parity", "n": 6, "k": 2, "samples": 20, "validation": 30}
    mlp = {"name": "mlp", "hidden": 6}
    run = Run(preset(ADAM | {"model": mlp}, task=parity, loss="hinge", steps=40, record_every=10))
    arm = run.arms["adam"]
    arm.watch()
    while arm.step < 40:
        arm.advance(10)
        if arm.step == 20:
            then = arm.vectors["margins"].table()[1]
    journey = arrived(run, 20, Trail())
    assert journey.arm.vectors["margins"].table()[1].tolist() == then.tolist()


def test_vectors_are_as_long_as_they_were_at_the_step_that_an_arm_went_back_to():
    mlp = {"name": "mlp", "hidden": 6}
    plain = preset(
        ADAM | {"model": mlp}, task={"name": "binary_operation", "p": 5}, loss="cross_entropy", steps=40
    )
    run = Run(Preset.model_validate(plain.model_dump() | {"measures": ["embedding_power"]}))
    run.arms["adam"].advance(1)
    steps, then = run.arms["adam"].vectors["embedding_power"].table()
    while run.arms["adam"].step < 40:
        run.arms["adam"].advance(10)
    journey = arrived(run, 1, Trail())
    assert steps.tolist() == [0, 1]
    assert journey.arm.vectors["embedding_power"].table()[1].tobytes() == then.tobytes()


def test_what_is_learnt_of_a_table_is_watched_on_after_going_back_where_there_are_no_coordinates():
    table = {"name": "binary_operation", "operation": "x3+xy", "p": 5}
    mlp = {"name": "mlp", "hidden": 6}
    run = Run(preset(ADAM | {"model": mlp}, task=table, loss="cross_entropy", steps=40))
    run.arms["adam"].watch()
    run.arms["adam"].advance(40)
    journey = arrived(run, 1, Trail())
    assert "pairs" in journey.arm.vectors
    assert "margins" in journey.arm.vectors


def test_moments_are_bounded_and_the_first_and_the_last_stay():
    trail, run = Trail(), Run(PRESET)
    for _ in range(3 * KEPT):
        trail.note(run, "sgd")
        run.arms["sgd"].advance(1)
    steps = trail.steps("sgd")
    assert len(steps) == KEPT
    assert (steps[0], steps[-2:]) == (0, (3 * KEPT - 2, 3 * KEPT - 1))


def test_names_of_forks_are_counted_on():
    assert fork_name("adam", ["adam"]) == "adam_2"
    assert fork_name("adam_2", ["adam", "adam_2"]) == "adam_3"
    assert fork_name("layer_1", ["layer_1"]) == "layer_1_2"
    assert len(fork_name("a" * 40, ["a" * 40])) == 40
