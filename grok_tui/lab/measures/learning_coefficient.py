"""The local learning coefficient of the training loss at theta."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ...catalog.llc import Sgld
from ..llc import Loss, estimate
from ..models import Role
from ..shapes import Float
from ..tasks import Samples
from .margins import margin_min
from .probe import Probe


def llc(probe: Probe, **settings: Any) -> Float[Tensor, " R"]:
    """Return the estimate of Lau et al. 2023 (2308.12108) [R]; settings: those of `Sgld`, by name.

    The random numbers are the same at every step and in every replica: what differs between two steps is the
    network.
    """
    sgld = Sgld(**settings)
    return estimate(chain_loss(probe, sgld.chains), probe.theta, sample_count(probe), sgld).llc


def llc_rescaled(probe: Probe, **settings: Any) -> Float[Tensor, " R"]:
    """Return `llc` of the network divided by its least training margin, which then is 1: [R].

    Scaling a homogeneous network changes how far a given noise moves its outputs, but not what it decides;
    this takes the scale out. NaN where the network is not homogeneous, or not all training samples are right.
    """
    margin = margin_min(probe)
    divided = divided_outputs(probe, margin)
    if divided is None or not (margin > 0).any():
        return torch.full_like(probe.theta[:, 0], torch.nan)
    return llc(replace(probe, theta=divided), **settings)


def chain_loss(probe: Probe, chains: int) -> Loss:
    """Return the training loss of every chain of every replica, theta [R, C, P] -> [R, C]."""
    inputs, targets, mask = probe.train.inputs, probe.train.targets, probe.mask
    if not probe.shared:
        inputs = inputs.repeat_interleave(chains, 0)
    if not probe.shared or mask is not None:
        targets = targets.repeat_interleave(chains, 0)
    many = replace(
        probe,
        theta_0=probe.theta_0.repeat_interleave(chains, 0),
        train=Samples(inputs, targets),
        mask=None if mask is None else mask.repeat_interleave(chains, 0),
    )

    def loss(theta: Tensor) -> Tensor:
        return replace(many, theta=theta.flatten(0, 1)).train_loss.view(theta.shape[:2])

    return loss


def sample_count(probe: Probe) -> int:
    """Return n, the training samples of a replica."""
    if probe.mask is not None:
        return int(probe.mask[0].sum())
    return len(probe.train.inputs) if probe.shared else probe.train.inputs.shape[1]


def divided_outputs(probe: Probe, divisor: Tensor) -> Tensor | None:
    """Return the theta [R, P] whose outputs are those at theta over a divisor [R]; None where there is none.

    The weights of all L layers are divided by the L-th root, the biases of layer l by its l-th power. It is
    NaN where the divisor is not positive.
    """
    network = probe.network
    if network.centered or not network.module.homogeneous:
        return None
    layout = network.layout
    root = divisor.where(divisor > 0, torch.nan).unsqueeze(-1) ** (1 / layout.depth)
    powers = [piece.layer + 1 if piece.role is Role.BIAS else 1 for piece in layout]
    parts = layout.split(probe.theta)
    return torch.cat([part / root**power for part, power in zip(parts, powers, strict=True)], -1)
