"""How each intervention is carried out on an arm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from grok_tui.catalog.interventions import (
    INTERVENTIONS,
    Acquire,
    AnyIntervention,
    Follow,
    Jump,
    Reinitialize,
    Relabel,
    Reset,
    Set,
    Switch,
    Withhold,
)
from grok_tui.catalog.modifiers import Modifiers
from grok_tui.catalog.optimizers import OptimizerSpec
from grok_tui.catalog.plugins import require
from grok_tui.catalog.schedules import Course
from grok_tui.lab.streams import Purpose, stream
from grok_tui.presets import Arm as ArmSpec
from grok_tui.presets import Settings, part_of
from grok_tui.presets.machine import physical_memory
from grok_tui.presets.model import step_memory

from .data import TrainingData
from .optimizer import Optimizer


class Steered(Protocol):
    """What an intervention reaches of an arm."""

    spec: ArmSpec
    step: int
    seeds: tuple[int, ...]
    data: TrainingData
    interventions: list[AnyIntervention]

    @property
    def theta(self) -> Tensor:
        """All parameters [R, P]."""

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer at work."""

    @property
    def settings(self) -> Settings:
        """What the arm is trained with."""

    def make_ready(self) -> None:
        """Build what the next steps need, if it is not there yet."""

    def put_to_work(self, spec: OptimizerSpec, state: Literal["fresh", "kept"]) -> None:
        """Go on with this optimizer."""

    def modify(self, spec: Modifiers, courses: Mapping[str, Course]) -> None:
        """Go on with these modifiers, and with values that follow these schedules."""

    def reset(self, replica: int | None = None) -> None:
        """Forget the state of the optimizer and of gradient filters."""

    def displacement(self, steps: int) -> tuple[list[Tensor], list[int]]:
        """Return how far the next steps would move each tensor of the network, L2 norms [R], and its size."""

    def renew_data(self) -> None:
        """Train on the data as they are now."""

    def reinitialize(self, seeds: Sequence[int], replica: int | None = None) -> None:
        """Start again from the weights of these seeds, one a replica; all replicas, or one of them."""

    def set_batch_size(self, size: int | Literal["full"]) -> None:
        """Draw batches of this size from now on."""


def carry_out(intervention: AnyIntervention, arm: Steered) -> None:
    """Do it to the arm, between two steps.

    What the steps after it need is built meanwhile: if there is no memory for it, whoever called has all put
    back as it was.

    Raises:
        ValueError: it does not fit the arm as it stands.
        RuntimeError: there is no memory for it.
    """
    intervention.check_replicas(len(arm.seeds))
    intervention.check_task(arm.spec.task)
    after = arm.settings.after(intervention)
    if arm.theta.device.type == "cpu" and isinstance(after.batch_size, int):
        _require_room(arm, after.batch_size)
    whole = still_whole(arm)
    INTERVENTIONS.called(intervention.action, arm, intervention, after)
    INTERVENTIONS.asked(intervention.action, whole)


def _require_room(arm: Steered, batch: int) -> None:
    """Make sure that the host has the memory for a larger batch: a GPU says so itself, a host ends processes.

    Raises:
        ValueError: it has not.
    """
    before = arm.settings.batch_size
    needed, there = step_memory(arm.spec, batch, len(arm.seeds)), physical_memory()
    if needed > there and (before == "full" or batch > before):
        raise ValueError(
            f"batch_size: steps of {batch} samples need about {needed / 2**30:,.0f} GiB of memory;"
            f" there are {there / 2**30:,.0f}"
        )


def still_whole(arm: Steered) -> Callable[[], None]:
    """Return what puts back, and raises ContractError, if by then something replaced what stays for life."""
    before, theta = (arm.spec, arm.step, arm.seeds), _place_of(arm)

    def check() -> None:
        now = (arm.spec, arm.step, arm.seeds)
        arm.spec, arm.step, arm.seeds = before
        require(now == before, "it changes the arm's spec, step or seeds")
        require(_place_of(arm) == theta, "it replaces theta, which may be written to in place alone")

    return check


def _place_of(arm: Steered) -> tuple[object, ...]:
    return arm.theta.shape, arm.theta.dtype, arm.theta.data_ptr()


def switch(arm: Steered, done: Switch, after: Settings) -> None:
    """Put another optimizer to work."""
    arm.modify(after.modifiers, after.courses)
    arm.put_to_work(after.optimizer, done.state)


def settle(arm: Steered, done: Set, after: Settings) -> None:
    """Train with one value that is another."""
    match part_of(done.hyperparameter):
        case "batch_size":
            arm.set_batch_size(after.batch_size)
            arm.make_ready()
        case "modifiers":
            arm.modify(after.modifiers, after.courses)
            arm.make_ready()
        case "optimizer":
            arm.modify(after.modifiers, after.courses)
            arm.make_ready()
            arm.optimizer.adopt(after.optimizer)


def follow(arm: Steered, done: Follow, after: Settings) -> None:
    """Train with one value that follows a schedule."""
    del done
    arm.modify(after.modifiers, after.courses)
    arm.make_ready()


def reset(arm: Steered, done: Reset, after: Settings) -> None:  # noqa: ARG001  (as every implementation)
    """Forget the state of the optimizer."""
    arm.make_ready()
    arm.reset(done.replica)


def jump(arm: Steered, done: Jump, after: Settings) -> None:  # noqa: ARG001  (as every implementation)
    """Displace replicas in directions of their own, uniform on the sphere, or on one sphere a tensor."""
    arm.make_ready()
    place = _place(arm)
    size = arm.theta.shape[1]
    drawn = np.stack([stream(seed, Purpose.JUMP, *place).standard_normal(size) for seed in arm.seeds])
    directions = torch.from_numpy(drawn).to(arm.theta)
    if done.of_next_steps is None:
        lengths, sizes = [directions.new_full((len(directions),), done.norm or 0.0)], [size]
    else:
        lengths, sizes = arm.displacement(done.of_next_steps)
    scaled = [
        part * (length / torch.linalg.vector_norm(part, dim=-1)).unsqueeze(-1)
        for part, length in zip(torch.split(directions, sizes, -1), lengths, strict=True)
    ]
    chosen = slice(None) if done.replica is None else done.replica
    arm.theta[chosen] += torch.cat(scaled, -1)[chosen]


def acquire(arm: Steered, done: Acquire, after: Settings) -> None:  # noqa: ARG001  (as every implementation)
    """Take samples into the training set."""
    arm.data.move(True, done.n, done.indices, _place(arm))
    arm.renew_data()
    arm.make_ready()


def withhold(arm: Steered, done: Withhold, after: Settings) -> None:  # noqa: ARG001  (as every implementation)
    """Take samples out of the training set."""
    arm.data.move(False, done.n, done.indices, _place(arm))
    arm.renew_data()
    arm.make_ready()


def relabel(arm: Steered, done: Relabel, after: Settings) -> None:  # noqa: ARG001  (as every implementation)
    """Give samples other labels."""
    arm.data.relabel(done.share, done.indices, _place(arm))
    arm.renew_data()
    arm.make_ready()


def reinitialize(arm: Steered, done: Reinitialize, after: Settings) -> None:  # noqa: ARG001  (likewise)
    """Draw the weights anew."""
    if done.seed is not None:
        seeds = [done.seed + replica for replica in range(len(arm.seeds))]
    else:
        streams = (stream(seed, Purpose.RESTART, *_place(arm)) for seed in arm.seeds)
        seeds = [int(random.integers(2**31)) for random in streams]
    arm.reinitialize(seeds, done.replica)
    arm.make_ready()


def _place(arm: Steered) -> tuple[int, int]:
    """Return where in the run an arm is, for random numbers of what is done there."""
    return arm.step, len(arm.interventions)


def flagged(
    done: Iterable[AnyIntervention], planned: Sequence[AnyIntervention]
) -> Iterable[tuple[AnyIntervention, bool]]:
    """Yield each intervention that was carried out, in order, with whether it was a planned one."""
    ahead = sorted(planned, key=lambda intervention: intervention.at_step)
    for one in done:
        of_preset = bool(ahead) and one.at_step >= ahead[0].at_step and _alike(one, ahead[0])
        if of_preset:
            ahead.pop(0)
        yield one, of_preset


def _alike(one: AnyIntervention, other: AnyIntervention) -> bool:
    return one.model_copy(update={"arm": other.arm, "at_step": other.at_step}) == other
