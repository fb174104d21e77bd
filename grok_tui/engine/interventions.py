"""How each intervention is carried out on an arm."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from grok_tui.catalog.interventions import AnyIntervention, Jump, Reset, Set, Switch
from grok_tui.catalog.optimizers import OptimizerSpec
from grok_tui.lab.streams import Purpose, stream
from grok_tui.presets import checked_batch_size, with_hyperparameter

from .optimizer import Optimizer


class Steered(Protocol):
    """What an intervention reaches of an arm."""

    theta: Tensor
    step: int
    seeds: tuple[int, ...]
    optimizer: Optimizer
    interventions: list[AnyIntervention]

    def put_to_work(self, spec: OptimizerSpec, state: Literal["fresh", "kept"]) -> None:
        """Go on with this optimizer."""

    def set_batch_size(self, size: int | Literal["full"]) -> None:
        """Draw batches of this size from now on."""


def carry_out(intervention: AnyIntervention, arm: Steered) -> None:
    """Do it to the arm, between two steps.

    Raises:
        ValueError: a hyperparameter that the optimizer does not have, or a value out of bounds.
    """
    match intervention:
        case Switch():
            arm.put_to_work(intervention.optimizer, intervention.state)
        case Set(hyperparameter="batch_size"):
            arm.set_batch_size(checked_batch_size(intervention.value))
        case Set():
            spec = arm.optimizer.spec
            arm.optimizer.adopt(with_hyperparameter(spec, intervention.hyperparameter, intervention.value))
        case Reset():
            arm.optimizer.reset()
        case Jump():
            _jump(arm, intervention.norm)


def _jump(arm: Steered, norm: float) -> None:
    """Displace every replica by `norm` in a direction of its own, uniform on the sphere."""
    place = (arm.step, len(arm.interventions))
    size = arm.theta.shape[1]
    directions = np.stack([stream(seed, Purpose.JUMP, *place).standard_normal(size) for seed in arm.seeds])
    directions *= norm / np.linalg.norm(directions, axis=1, keepdims=True)
    arm.theta.add_(torch.from_numpy(directions).to(arm.theta))
