"""An optimizer at work: a rule, its hyperparameters as tensors, its state, and its step count."""

from __future__ import annotations

import torch
from torch import Tensor

from grok_tui.catalog.optimizers import OptimizerSpec
from grok_tui.lab.optimizers import RULES, hyperparameters


class Optimizer:
    """The optimizer of an arm; its state stays in place, so that plans made for it stay valid.

    Attributes:
        spec: the hyperparameters as declared.
        rule: the update rule.
        hyper: the hyperparameters as float64 tensors.
        state: the rule's slots, [R, P] each.
        steps: steps taken since the state was fresh.
    """

    def __init__(self, spec: OptimizerSpec, theta: Tensor) -> None:
        self._theta = theta
        self.rule = RULES[spec.name]
        self.steps = 0
        self.adopt(spec)
        self.state = self.rule.initial(theta, self.hyper)
        self.coefficients = tuple(self._coefficients(1))

    def adopt(self, spec: OptimizerSpec) -> None:
        """Take other hyperparameters and keep the state."""
        self.spec = spec
        self.hyper = hyperparameters(spec, len(self._theta), self._theta.device)

    def reset(self) -> None:
        """Forget the state and the step count."""
        for name, value in self.rule.initial(self._theta, self.hyper).items():
            self.state[name].copy_(value)
        self.steps = 0

    def table(self, steps: int) -> Tensor:
        """Return the coefficients of the next steps [steps, C, R, 1], or one row if they do not vary."""
        found = list(self._coefficients(steps).values())
        rows = max(value.shape[0] if value.dim() == 3 else 1 for value in found)
        shape = (rows, len(self._theta), 1)
        return torch.stack([value.expand(shape) for value in found], dim=1).to(self._theta.dtype)

    def _coefficients(self, steps: int) -> dict[str, Tensor]:
        first = self.steps + 1
        count = torch.arange(first, first + steps, dtype=torch.float64, device=self._theta.device)
        return self.rule.coefficients(self.hyper, count.view(-1, 1, 1))
