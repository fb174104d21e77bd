"""An optimizer at work: a rule, its hyperparameters as tensors, its state, and its step count."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from grok_tui.catalog.optimizers import OptimizerSpec
from grok_tui.lab.optimizers import Hyper, build_rule, hyperparameters

LEARNING_RATES = ("lr", "adamw_lr")


class Optimizer:
    """The optimizer of an arm; its state stays in place, so that plans made for it stay valid.

    Args:
        spec: the hyperparameters as declared.
        theta: [R, P].
        shapes: the shapes of the network's tensors in theta, by name.

    Attributes:
        spec: the hyperparameters as declared.
        rule: the update rule.
        hyper: the hyperparameters as float64 tensors.
        state: the rule's slots, [R, P] each.
        steps: steps taken since the state was fresh.
    """

    def __init__(self, spec: OptimizerSpec, theta: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._theta = theta
        self.rule = build_rule(spec.name, shapes)
        self.steps = 0
        self.adopt(spec)
        self.state = self.rule.initial(theta, self.hyper)

    def adopt(self, spec: OptimizerSpec) -> None:
        """Take other hyperparameters and keep the state."""
        self.spec = spec
        self.hyper = hyperparameters(spec, len(self._theta), self._theta.device)

    def reset(self) -> None:
        """Forget the state and the step count."""
        for name, value in self.rule.initial(self._theta, self.hyper).items():
            self.state[name].copy_(value)
        self.steps = 0

    def coefficients(self, steps: int, warmup: int = 0) -> tuple[dict[str, Tensor], Tensor]:
        """Return the coefficients of the next steps, float64, and the learning rate [R, 1] or [steps, R, 1].

        warmup: over how many steps from fresh state the learning rates rise linearly.
        """
        count = torch.arange(steps, dtype=torch.float64, device=self._theta.device)
        count = count.view(-1, 1, 1) + (self.steps + 1)
        hyper: Hyper = self.hyper
        if self.steps < warmup:
            factor = (count / warmup).clamp(max=1.0)
            risen = {name: hyper[name] * factor for name in LEARNING_RATES if name in hyper}
            hyper = {**hyper, **risen}
        return self.rule.coefficients(hyper, count), hyper["lr"]
