"""AdamW with second moments that many coordinates share: one a tensor, or one for all of theta.

Xie, Mohamadi & Li 2024 (2410.08198) call the family blockwise Adam: the second moment of a block is the EMA
of the mean of g^2 over it. With a block for each coordinate it is AdamW.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from ..shapes import Float
from .rules import Hyper, Numbers, Rule, Slots, Theta, denominator, moment_coefficients


class _SharedMoments(Rule):
    """Adam's first moment, second moments [R, B] of B blocks, and decoupled weight decay."""

    slots = ("exp_avg", "exp_avg_sq")

    @property
    @abstractmethod
    def blocks(self) -> int:
        """B."""

    @abstractmethod
    def gathered(self, squares: Theta) -> Float[Tensor, "R B"]:
        """Return the mean over each block."""

    @abstractmethod
    def spread(self, values: Float[Tensor, "R B"]) -> Float[Tensor, "R _"]:
        """Return the values of blocks so that they broadcast with theta."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return [P] and [B]."""
        return {"exp_avg": (self.layout.size,), "exp_avg_sq": (self.blocks,)}

    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """Return AdamW's."""
        return {"shrink": 1 - hyper["lr"] * hyper["weight_decay"], **moment_coefficients(hyper, step)}

    def update(self, theta: Theta, grad: Theta, state: Slots, c: Numbers) -> tuple[Theta, dict[str, Tensor]]:
        """Take AdamW's step with roots of means."""
        mean = torch.lerp(state["exp_avg"], grad, c["intake"])
        square = torch.lerp(state["exp_avg_sq"], self.gathered(grad * grad), c["intake_sq"])
        below = self.spread(denominator(square.sqrt(), c))
        theta = torch.addcdiv(theta * c["shrink"], mean, below)
        return theta, {"exp_avg": mean, "exp_avg_sq": square}


class AdaSgd(_SharedMoments):
    """AdaSGD (Wang & Wiens 2020, 2006.16541): one second moment, and Adam's first."""

    @property
    def blocks(self) -> int:
        """One."""
        return 1

    def gathered(self, squares: Theta) -> Float[Tensor, "R 1"]:
        """Return the mean over all coordinates."""
        return squares.mean(-1, keepdim=True)

    def spread(self, values: Float[Tensor, "R 1"]) -> Float[Tensor, "R 1"]:
        """Return it as it is."""
        return values


class AdamBlockwise(_SharedMoments):
    """Blockwise Adam (Xie et al. 2024) whose blocks are the network's tensors."""

    @property
    def blocks(self) -> int:
        """How many tensors there are."""
        return len(self.layout)

    def gathered(self, squares: Theta) -> Float[Tensor, "R B"]:
        """Return the mean over each tensor."""
        return self.layout.means(squares)

    def spread(self, values: Float[Tensor, "R B"]) -> Theta:
        """Return each tensor's value at all of its coordinates."""
        return self.layout.spread(values)
