"""What a key asks of the run, worked out from what is known of it: pure functions, free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Literal

from grok_tui.catalog.interventions import Follow, Jump, Reset, Set, Switch
from grok_tui.catalog.optimizers import AdamW, Sgd
from grok_tui.catalog.schedules import Constant
from grok_tui.options import RunOptions

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.catalog.optimizers import OptimizerSpec
    from grok_tui.catalog.schedules import Schedule
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.presets import Preset

NUDGE = 10**0.25
FIRST = 1e-3  # what raising 0 gives
SMALLEST = 1e-8  # below it, lowering a weight decay gives 0
LARGEST = 1e6  # up to it a key raises; more can be typed
JUMP_SHARE = 0.1  # of ||theta||
STEPS_AHEAD = 30  # about as long as a slingshot takes to go its way
PACES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)  # steps a second

CONSTANT = (Constant(name="constant"),)  # what follows no schedule where the preset has one

# What `o` starts with where neither the user nor the preset has used the optimizer.
SWAPS: dict[str, OptimizerSpec] = {
    "sgd": Sgd(name="sgd", lr=0.1),
    "adamw": AdamW(name="adamw", lr=1e-3, weight_decay=0.01),
}


def swapped(
    arm: ArmStatus, preset: Preset, used: Mapping[str, OptimizerSpec], state: Literal["fresh", "kept"]
) -> Switch:
    """Return the switch to AdamW where SGD is at work, and else to SGD.

    Its settings are those it last had on this arm, or those of an arm of the preset, or of a switch to it in
    the preset, or the defaults above.
    used: the settings that each optimizer last had on this arm.
    """
    name = "adamw" if arm.optimizer.name == "sgd" else "sgd"
    switches = [one.optimizer for one in preset.interventions if isinstance(one, Switch)]
    planned: dict[str, OptimizerSpec] = {
        spec.name: spec for spec in reversed([*(arm.optimizer for arm in preset.arms), *switches])
    }
    spec = used.get(name) or planned.get(name) or SWAPS[name]
    return switched(arm, spec, state)


def switched(arm: ArmStatus, spec: OptimizerSpec, state: Literal["fresh", "kept"]) -> Switch:
    """Return the switch of an arm to an optimizer."""
    return Switch(action="switch", arm=arm.name, at_step=arm.step, optimizer=spec, state=state)


def changed(arm: ArmStatus, hyperparameter: str, value: float | bool | str | list[float]) -> Set:
    """Return the change of one hyperparameter of an arm, or of its batch size."""
    return Set(action="set", arm=arm.name, at_step=arm.step, hyperparameter=hyperparameter, value=value)


def followed(arm: ArmStatus, hyperparameter: str, parts: tuple[Schedule, ...]) -> Follow:
    """Return the order to have a hyperparameter of an arm follow a schedule from here on."""
    return Follow(
        action="schedule", arm=arm.name, at_step=arm.step, hyperparameter=hyperparameter, schedule=parts
    )


def nudged(arm: ArmStatus, hyperparameter: Literal["lr", "weight_decay"], direction: int) -> Set:
    """Return a change of lr or weight_decay by a quarter of a decade, up or down."""
    value = float(getattr(arm.at(arm.step).optimizer, hyperparameter))
    new = min(float(f"{value * NUDGE**direction:.3g}"), max(value, LARGEST))
    if value == 0 and direction > 0:
        new = FIRST
    elif hyperparameter == "weight_decay" and new < SMALLEST:
        new = 0.0
    return changed(arm, hyperparameter, new)


def reset(arm: ArmStatus) -> Reset:
    """Return the order to forget the optimizer's state."""
    return Reset(action="reset", arm=arm.name, at_step=arm.step)


def jump_ahead(arm: ArmStatus) -> Jump:
    """Return a jump in which every tensor goes as far as the next steps would take it."""
    return Jump(action="jump", arm=arm.name, at_step=arm.step, of_next_steps=STEPS_AHEAD)


def jump(arm: ArmStatus) -> Jump:
    """Return a jump by a tenth of ||theta||, by 0.1 from the origin."""
    _, norms = arm.history.curve("l2_norm")
    size = median(norms[-1].tolist()) if len(norms) else 0.0
    usable = math.isfinite(size) and size > 0
    return Jump(
        action="jump",
        arm=arm.name,
        at_step=arm.step,
        norm=float(f"{(size if usable else 1.0) * JUMP_SHARE:.3g}"),
    )


def slower(pace: float | None, measured: float) -> float:
    """Return the next slower pace in steps a second of each arm; measured: how fast an arm goes now."""
    present = pace if pace is not None else max(measured, PACES[1])
    return float(max((p for p in PACES if p < present * 0.99), default=PACES[0]))


def faster(pace: float | None) -> float | None:
    """Return the next faster pace, None being full speed."""
    return next((float(p) for p in PACES if pace is not None and p > pace * 1.01), None)


def reseeded(options: RunOptions, preset: Preset) -> RunOptions:
    """Return the options with seeds that no replica has used yet."""
    return replace(options, seed=preset.training.seed + preset.training.replicas)


def as_set(preset: Preset, arms: Sequence[ArmStatus]) -> list[str]:
    """Return the assignments, as `--set` takes them, that start a preset with the knobs as they stand."""
    planned = {spec.name: spec for spec in preset.arms}
    found = []
    for arm in arms:
        if arm.parent:
            continue
        if arm.optimizer != planned[arm.name].optimizer:
            found.append(f"arms.{arm.name}.optimizer={toml(arm.optimizer.model_dump())}")
        for name, value in arm.modifiers.model_dump().items():
            if value != planned[arm.name].modifiers.value(name):
                found.append(f"arms.{arm.name}.modifiers.{name}={toml(value)}")
        for name in {**arm.courses, **planned[arm.name].schedule}:
            course = arm.courses.get(name)
            parts = course.parts if course is not None else CONSTANT
            if parts != planned[arm.name].schedule.get(name):
                tables = [part.model_dump(exclude_none=True) for part in parts]
                found.append(f"arms.{arm.name}.schedule.{name}={toml(tables)}")
        if arm.batch_size != planned[arm.name].training.batch_size:
            found.append(f"arms.{arm.name}.training.batch_size={toml(arm.batch_size)}")
    return found


def toml(value: object) -> str:
    """Return a value of a preset as TOML writes it in one line."""
    import tomlkit

    if isinstance(value, Mapping):
        pairs = (f"{tomlkit.key(str(key)).as_string()} = {toml(one)}" for key, one in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(toml, value))}]"
    return tomlkit.item(value).as_string()


def by_hand(snapshot: Snapshot) -> dict[str, tuple[AnyIntervention, ...]]:
    """Return what was done to each arm that its preset had not planned."""
    found = {}
    for arm in snapshot.arms:
        planned = planned_for(arm, snapshot.preset, snapshot.arms) if snapshot.preset is not None else []
        own = tuple(
            done for done in arm.interventions if done.at_step >= arm.born and not _was_planned(done, planned)
        )
        if own:
            found[arm.name] = own
    return found


def planned_for(arm: ArmStatus, preset: Preset, arms: Sequence[ArmStatus]) -> list[AnyIntervention]:
    """Return what a preset plans for an arm; for a fork, what its parent waited for, as it waits for it.

    arms: those of the run.
    """
    parents = {one.name: one.parent for one in arms}
    origin = arm.name
    while parents.get(origin):
        origin = parents[origin]
    own = [one for one in preset.interventions if one.arm == origin and (one.awaited or not arm.parent)]
    return [one.of_fork(origin, arm.name) for one in own]


def _was_planned(done: AnyIntervention, planned: Sequence[AnyIntervention]) -> bool:
    """Whether an intervention is one of those planned, perhaps at the step that it had to wait for."""
    if done in planned:
        return True
    replica = getattr(done, "replica", None)
    return any(one.settled(done.at_step, replica) == done for one in planned if one.awaited)


def steered(snapshot: Snapshot) -> bool:
    """Whether somebody has done something to a run that its preset had not planned."""
    return bool(by_hand(snapshot)) or any(arm.parent for arm in snapshot.arms)
