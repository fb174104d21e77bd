"""What a modifier is to a step: hooks, each at one stage, that do nothing unless a modifier has its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..shapes import Float

Theta = Float[Tensor, "R P"]
"""The weights, or their gradient."""

State = Mapping[str, Tensor]
"""What a modifier keeps from step to step, by name, in theta's dtype: [R, ...]."""

Coefficients = Mapping[str, Tensor]
"""The numbers of a step by name, in theta's dtype, [R, 1] each."""


class Acting:
    """A modifier that acts.

    A step is traced once for all that are equal, so what a subclass is made of decides what is traced: it is
    a frozen dataclass, whose fields are what its hooks branch on, and all else is a coefficient.
    """

    draws: bool = False
    """Whether it is given standard normal numbers [R, P] at every step."""

    slots: tuple[str, ...] = ()
    """The names of its state."""

    def initial(self, theta: Theta) -> dict[str, Tensor]:
        """Return the state before the first step, of the names in `slots`."""
        del theta
        return {}

    def coefficients(self, spec: Any, lr: Tensor, step: Tensor) -> dict[str, Tensor]:
        """Return the numbers that a step needs, float64, each broadcastable to [k, R, 1].

        Args:
            spec: the modifier's values.
            lr: the optimizer's learning rate, [R, 1] or [k, R, 1].
            step: float64 [k, 1, 1], counted from 1 since the state was initial.
        """
        del spec, lr, step
        return {}

    def weights(self, theta: Theta, noise: Tensor | None, c: Coefficients) -> Theta:
        """Return the weights at which the gradient is taken."""
        del noise, c
        return theta

    def gradient(
        self,
        theta: Theta,
        grad: Theta,
        state: State,
        c: Coefficients,
        sizes: list[int],
    ) -> tuple[Theta, dict[str, Tensor]]:
        """Return the gradient as the optimizer sees it, and the state after it.

        sizes: how many numbers each tensor of the network takes of theta.
        """
        del theta, c, sizes
        return grad, dict(state)

    def update(
        self,
        theta: Theta,
        theta_0: Theta,
        noise: Tensor | None,
        c: Coefficients,
    ) -> Theta:
        """Return theta as it is after a step, given the optimizer's, and where the arm started."""
        del theta_0, noise, c
        return theta
