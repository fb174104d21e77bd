"""Measures that every arm has: losses, accuracies, norms."""

from __future__ import annotations

import torch
from torch import Tensor

from ..shapes import Float
from .probe import Probe


def train_loss(probe: Probe) -> Float[Tensor, " R"]:
    """Return the mean loss over all training samples."""
    return probe.train_loss


def val_loss(probe: Probe) -> Float[Tensor, " R"]:
    """Return the mean loss over the validation samples."""
    return probe.loss(probe.val_outputs, probe.validation.targets).mean(-1)


def train_accuracy(probe: Probe) -> Float[Tensor, " R"]:
    """Return the share of training samples that are right."""
    return probe.train_mean(probe.train_right.to(probe.theta.dtype))


def val_accuracy(probe: Probe) -> Float[Tensor, " R"]:
    """Return the share of validation samples that are right."""
    return probe.val_right.to(probe.theta.dtype).mean(-1)


def l2_norm(probe: Probe) -> Float[Tensor, " R"]:
    """Return ||theta||_2."""
    norm: Tensor = torch.linalg.vector_norm(probe.theta, dim=-1)
    return norm


def l1_norm(probe: Probe) -> Float[Tensor, " R"]:
    """Return sum |theta_i|."""
    return probe.theta.abs().sum(-1)


def linf_norm(probe: Probe) -> Float[Tensor, " R"]:
    """Return max |theta_i|."""
    return probe.theta.abs().amax(-1)


def distance_from_init(probe: Probe) -> Float[Tensor, " R"]:
    """Return ||theta - theta_0||_2."""
    distance: Tensor = torch.linalg.vector_norm(probe.theta - probe.theta_0, dim=-1)
    return distance
