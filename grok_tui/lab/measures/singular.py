"""Singular values of a layer."""

from __future__ import annotations

import torch
from torch import Tensor

from grok_tui.catalog.measures import Part
from grok_tui.errors import GrokTuiError

from .probe import Probe


def singular_values(probe: Probe, part: Part) -> Tensor:
    """Return the singular values of a matrix of weights, the largest first: [R, min(rows, columns)].

    Raises:
        GrokTuiError: the network has no such matrix.
    """
    roles = probe.network.roles
    name = {"readout": roles.readout, "first": roles.first, "embedding": roles.embedding}[part]
    if name is None:
        raise GrokTuiError(f"measure 'singular_values': the network has no part '{part}'")
    values: Tensor = torch.linalg.svdvals(probe.parameters[name].flatten(2))
    return values
