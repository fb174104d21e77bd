"""By how much the training samples are right, for outputs that are scores of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from ..shapes import Float
from .probe import Probe


def margin_mean(probe: Probe) -> Float[Tensor, " R"]:
    """Return the mean over the training samples of the right score less the best other one."""
    return probe.train_mean(probe.margins)


def margin_min(probe: Probe) -> Float[Tensor, " R"]:
    """Return the least margin of a training sample; all are right where it is positive."""
    if probe.mask is None:
        return probe.margins.amin(-1)
    return torch.where(probe.mask, probe.margins, torch.inf).amin(-1)


def margins(probe: Probe) -> Float[Tensor, "R N"]:
    """Return the margin of each training sample [R, N]; NaN where it is not in the training set."""
    if probe.mask is None:
        return probe.margins
    return torch.where(probe.mask, probe.margins, torch.nan)


def zero_loss_share(probe: Probe) -> Float[Tensor, " R"]:
    """Return the share of training samples whose loss is exactly 0, so that they no longer teach.

    With cross-entropy this is "softmax collapse" (Prieto et al. 2025, 2501.04697, section 3).
    """
    return probe.train_mean((probe.train_losses == 0).to(probe.theta.dtype))
