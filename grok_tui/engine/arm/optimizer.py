"""An optimizer at work: a rule, its hyperparameters as tensors, its state, and its step count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from grok_tui.catalog.optimizers import OPTIMIZERS, OptimizerSpec
from grok_tui.lab.contract import are_coefficients
from grok_tui.lab.models import Layout
from grok_tui.lab.optimizers import Hyper, build_rule, hyperparameters
from grok_tui.lab.optimizers.contract import check_rule

NOTHING: Mapping[str, Tensor] = {}

LEARNING_RATES = ("lr", "adamw_lr")


def counted(steps: int, since: Tensor) -> Tensor:
    """Return the numbers of the next steps, float64 [steps, R, 1], after `since` [R, 1] steps."""
    return torch.arange(1, steps + 1, dtype=torch.float64, device=since.device).view(-1, 1, 1) + since


class Optimizer:
    """The optimizer of an arm; its state stays in place, so that plans made for it stay valid.

    Args:
        spec: the hyperparameters as declared.
        theta: [R, P].
        layout: what theta is made of.

    Attributes:
        spec: the hyperparameters as declared.
        rule: the update rule.
        hyper: the hyperparameters as float64 tensors, in place.
        state: the rule's slots, each [R, ...] of the shape that the rule declares.
        changes: how often hyperparameters or age were changed by anything but steps.
        age: steps taken since a replica's state was fresh, float64 [R, 1]; whoever takes steps says so.
    """

    def __init__(self, spec: OptimizerSpec, theta: Tensor, layout: Layout) -> None:
        self._theta = theta
        self.rule = build_rule(spec.name, layout)
        OPTIMIZERS.asked(spec.name, lambda: check_rule(self.rule, spec, theta))
        self.spec = spec
        self.changes = 0
        self.hyper = hyperparameters(spec, len(theta), theta.device)
        self.age = theta.new_zeros(len(theta), 1, dtype=torch.float64)
        self.state = self.rule.initial(theta, self.hyper)
        self._host: tuple[Hyper, Tensor] | None = None
        self._host_changes = -1

    @property
    def on_host(self) -> tuple[Hyper, Tensor]:
        """Hyperparameters and age on the CPU, so that the device is not asked for them at every chunk."""
        if not self.age.is_cuda:
            return self.hyper, self.age
        if self._host is None or self._host_changes != self.changes:
            self._host = {name: value.cpu() for name, value in self.hyper.items()}, self.age.cpu()
            self._host_changes = self.changes
        return self._host

    def took(self, steps: int) -> None:
        """Count steps that were taken, where they did not count themselves."""
        self.age += steps
        if self._host is not None:
            self._host[1].add_(steps)

    def adopt(self, spec: OptimizerSpec, *, fresh: bool = False) -> None:
        """Take other hyperparameters, and keep the state unless it is to be fresh."""
        hyper = hyperparameters(spec, len(self._theta), self._theta.device)
        initial = self.rule.initial(self._theta, hyper) if fresh else {}
        # From here on nothing takes memory, so nothing fails half-way.
        self.spec = spec
        self.changes += 1
        for name, value in hyper.items():
            self.hyper[name].copy_(value)
        for name, value in initial.items():
            self.state[name].copy_(value)
        if fresh:
            self.age.zero_()

    def reset(self, replica: int | None = None) -> None:
        """Forget the state and its age, of one replica or of all."""
        chosen = slice(None) if replica is None else replica
        for name, value in self.rule.initial(self._theta, self.hyper).items():
            self.state[name][chosen] = value[chosen]
        self.age[chosen] = 0
        self.changes += 1

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take state and age as they were kept, by name."""
        for name, value in arrays.items():
            (self.age if name == "age" else self.state[name]).copy_(torch.from_numpy(value))
        self.changes += 1

    def coefficients(
        self, count: Tensor, warmup: int = 0, following: Mapping[str, Tensor] = NOTHING
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return coefficients of some steps and the learning rate [R, 1] or [k, R, 1], float64, on the CPU.

        Args:
            count: the numbers of these steps since the state was fresh, [k, R, 1].
            warmup: over how many steps from fresh state the learning rates rise linearly.
            following: hyperparameters that differ from step to step, float64 [k or 1, 1, 1].
        """
        hyper, _ = self.on_host
        moving = {name: following[name].expand(-1, len(self.age), 1) for name in hyper if name in following}
        hyper = {**hyper, **moving}
        if warmup:
            factor = (count / warmup).clamp(max=1.0)
            risen = {name: hyper[name] * factor for name in LEARNING_RATES if name in hyper}
            hyper = {**hyper, **risen}
        found = self.rule.coefficients(hyper, count)
        OPTIMIZERS.asked(self.spec.name, lambda: are_coefficients(found, len(self.age), len(count)))
        return found, hyper["lr"]
