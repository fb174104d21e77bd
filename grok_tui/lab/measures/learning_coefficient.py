"""The local learning coefficient of the training loss at theta."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ...catalog.llc import Sgld
from ..llc import Loss, estimate
from ..models.layers import ACTIVATIONS, Network
from ..models.mlp import EmbeddingMlp, Linear, Mlp
from ..tasks import Samples
from .margins import margin_min
from .probe import Probe

HOMOGENEOUS = ("relu", "leaky_relu", "identity")
"""Activations s with s(a x) = a s(x) for a > 0."""


def llc(probe: Probe) -> Tensor:
    """Return the estimate of Lau et al. 2023 (2308.12108) [R], with the default settings of `Sgld`.

    The random numbers are the same at every step and in every replica: what differs between two steps is the
    network.
    """
    settings = Sgld()
    return estimate(chain_loss(probe, settings.chains), probe.theta, sample_count(probe), settings).llc


def llc_rescaled(probe: Probe) -> Tensor:
    """Return the estimate for the network divided by its least training margin, which then is 1: [R].

    Scaling a homogeneous network changes how far a given noise moves its outputs, but not what it decides;
    this takes the scale out. NaN where the network is not homogeneous, or not all training samples are right.
    """
    margin = margin_min(probe)
    divided = divided_outputs(probe, margin)
    if divided is None or not (margin > 0).any():
        return torch.full_like(probe.theta[:, 0], torch.nan)
    return llc(replace(probe, theta=divided))


MEASURES = {"llc": llc, "llc_rescaled": llc_rescaled}


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
    powers = _powers(probe.network.module)
    if powers is None or probe.network.centered:
        return None
    root = divisor.where(divisor > 0, torch.nan).unsqueeze(-1) ** (1 / max(powers.values()))
    parts = torch.split(probe.theta, probe.network.sizes, -1)
    return torch.cat(
        [part / root ** powers[name] for name, part in zip(probe.network.shapes, parts, strict=True)], -1
    )


def _powers(network: Network) -> dict[str, int] | None:
    """Return the powers of a that parameters are to be multiplied by for outputs times a^L, L the largest.

    None where there are none, because the network is not homogeneous. Biases are listed, had or not.
    """
    if isinstance(network, Linear):
        return {"weight": 1}
    if not isinstance(network, Mlp):
        return None
    if not any(network.activation is ACTIVATIONS[name] for name in HOMOGENEOUS):
        return None
    embedding = ["embedding"] if isinstance(network, EmbeddingMlp) else []
    layers = [*embedding, "hidden", *(f"deeper.{i}" for i in range(len(network.deeper))), "readout"]
    biases = {f"{name}.bias": i for i, name in enumerate(layers, 1)}
    return {f"{name}.weight": 1 for name in layers} | biases
