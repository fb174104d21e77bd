"""Measures of the task's coordinates: what memorizes against what generalizes."""

from __future__ import annotations

import torch
from torch import Tensor

from ..shapes import Float
from .probe import Probe


def coordinates(probe: Probe) -> Float[Tensor, "R C"]:
    """Return the coordinates [R, C]."""
    return probe.coordinates


def generalizes(probe: Probe) -> Float[Tensor, "R C"]:
    """Return 1 for each coordinate that generalizes and 0 for each that memorizes [R, C]."""
    return probe.generalizes.to(probe.theta.dtype)


def memorizer_mean(probe: Probe) -> Float[Tensor, " R"]:
    """Return the mean of the memorizing coordinates."""
    return _mean(probe.coordinates, ~probe.generalizes)


def memorizer_min(probe: Probe) -> Float[Tensor, " R"]:
    """Return the smallest memorizing coordinate."""
    chosen = ~probe.generalizes
    return _where_any(chosen, torch.where(chosen, probe.coordinates, torch.inf).amin(-1))


def memorizer_max(probe: Probe) -> Float[Tensor, " R"]:
    """Return the largest memorizing coordinate."""
    chosen = ~probe.generalizes
    return _where_any(chosen, torch.where(chosen, probe.coordinates, -torch.inf).amax(-1))


def memorizer_sd(probe: Probe) -> Float[Tensor, " R"]:
    """Return the standard deviation over the memorizing coordinates."""
    deviations = probe.coordinates - memorizer_mean(probe).unsqueeze(-1)
    return _mean(deviations.square(), ~probe.generalizes).sqrt()


def generalizer_mean(probe: Probe) -> Float[Tensor, " R"]:
    """Return the mean of the generalizing coordinates."""
    return _mean(probe.coordinates, probe.generalizes)


def bias(probe: Probe) -> Tensor:
    """Return the last coordinate, the weight that all samples share."""
    return probe.coordinates[:, -1]


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean of the chosen values [..., C]; NaN where none is chosen."""
    return torch.where(chosen, values, 0).sum(-1) / chosen.sum(-1)


def _where_any(chosen: Tensor, values: Tensor) -> Tensor:
    """Return values [...] where any [..., C] is chosen, else NaN."""
    return torch.where(chosen.any(-1), values, torch.nan)
