"""Singular values of a layer."""

from __future__ import annotations

import torch
from torch import Tensor

from grok_tui.catalog.measure import Part
from grok_tui.errors import GrokTuiError

from ..models import Role
from ..shapes import Float
from .probe import Probe

ROLES: dict[Part, Role] = {"readout": Role.READOUT, "first": Role.INPUT, "embedding": Role.EMBEDDING}


def singular_values(probe: Probe, part: Part) -> Float[Tensor, "R C"]:
    """Return the singular values of a matrix of weights, the largest first: [R, min(rows, columns)].

    Raises:
        GrokTuiError: the network has no such matrix.
    """
    matrices = probe.weights.of(ROLES[part])
    if not matrices:
        raise GrokTuiError(f"measure 'singular_values': the network has no part '{part}'")
    values: Tensor = torch.linalg.svdvals(matrices[0].flatten(2))
    return values
