"""Muon: momentum whose matrices are orthogonalized (Jordan et al. 2024), and AdamW for the rest."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor

from ..models import Role
from ..shapes import Float
from .rules import Hyper, Numbers, Rule, Slots, Theta, moment_coefficients, moment_step

# The quintic iteration of Jordan et al., as in torch.optim.Muon: it takes singular values to about 1 within 5
# rounds.
QUINTIC = (3.4445, -4.775, 2.0315)
ROUNDS = 5
TINY = 1e-7

# What looks symbols up and what reads classes out; a matrix that is all there is does neither for another.
ENDS = (Role.EMBEDDING, Role.READOUT)


class Muon(Rule):
    """Muon for the matrices of a network, embeddings and readout among them where `ends` is on.

    The orthogonalization is done in theta's dtype; `torch.optim.Muon`, which this follows step by step
    otherwise, does it in bfloat16. What is no matrix is AdamW's, and so are the ends where `ends` is off.
    """

    slots = ("momentum_buffer", "exp_avg", "exp_avg_sq")

    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """Return those of both rules; AdamW's are called as its own."""
        adamw = {name: hyper[f"adamw_{name}"] for name in ("lr", "betas", "eps")}
        return {
            "momentum_intake": 1 - hyper["momentum"],
            "ahead": torch.where(hyper["nesterov"] > 0, hyper["momentum"], 1.0),
            "lr": hyper["lr"],
            "muon_shrink": 1 - hyper["lr"] * hyper["weight_decay"],
            "ends": hyper["ends"],
            "shrink": 1 - adamw["lr"] * hyper["adamw_weight_decay"],
            **moment_coefficients(adamw, step),
        }

    def update(self, theta: Theta, grad: Theta, state: Slots, c: Numbers) -> tuple[Theta, dict[str, Tensor]]:
        """Take both steps; each tensor keeps the one that is its own."""
        buffer = torch.lerp(state["momentum_buffer"], grad, c["momentum_intake"])
        direction = torch.lerp(grad, buffer, c["ahead"])
        by_adamw, moments = moment_step(theta * c["shrink"], grad, state, c)
        split = self.layout.split
        pieces = []
        for tensor, old, towards, other in zip(
            self.layout, split(theta), split(direction), split(by_adamw), strict=True
        ):
            shape = tensor.shape
            if len(shape) != 2:
                pieces.append(other)
                continue
            turned = orthogonalized(towards.reshape(-1, *shape)).reshape(old.shape)
            # The factor of Jordan et al. that makes one rate fit matrices of every shape.
            rate = -sqrt(max(1.0, shape[0] / shape[1]))
            by_muon = torch.addcmul(old * c["muon_shrink"], turned, c["lr"] * rate)
            pieces.append(torch.where(c["ends"] > 0, by_muon, other) if tensor.role in ENDS else by_muon)
        return torch.cat(pieces, -1), {"momentum_buffer": buffer, **moments}


def orthogonalized(matrices: Float[Tensor, "R m n"]) -> Float[Tensor, "R m n"]:
    """Return matrices with all singular values moved to about 1."""
    a, b, c = QUINTIC
    tall = matrices.shape[-2] > matrices.shape[-1]
    x: Tensor = matrices.mT if tall else matrices
    x = x / torch.linalg.vector_norm(x, dim=(-2, -1), keepdim=True).clamp(min=TINY)
    for _ in range(ROUNDS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.mT if tall else x
