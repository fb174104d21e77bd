"""Measures of the task's coordinates: what memorizes against what generalizes."""

from __future__ import annotations

from torch import Tensor

from .probe import Probe


def memorizer_mean(probe: Probe) -> Tensor:
    """Return the mean of the memorizing coordinates."""
    return probe.memorizers.mean(-1)


def memorizer_min(probe: Probe) -> Tensor:
    """Return the smallest memorizing coordinate."""
    return probe.memorizers.amin(-1)


def memorizer_max(probe: Probe) -> Tensor:
    """Return the largest memorizing coordinate."""
    return probe.memorizers.amax(-1)


def memorizer_sd(probe: Probe) -> Tensor:
    """Return the standard deviation over the memorizing coordinates."""
    return probe.memorizers.std(-1, correction=0)


def generalizer_mean(probe: Probe) -> Tensor:
    """Return the mean of the generalizing coordinates."""
    return probe.generalizers.mean(-1)


MEASURES = {
    "memorizer_mean": memorizer_mean,
    "memorizer_min": memorizer_min,
    "memorizer_max": memorizer_max,
    "memorizer_sd": memorizer_sd,
    "generalizer_mean": generalizer_mean,
}
