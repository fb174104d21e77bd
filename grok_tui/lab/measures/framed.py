"""Norms of the weights in the coordinates of the arm's frame, in which its optimizers work.

A frame maps each tensor by itself, so the parts of a network are in it what they are outside. A rotation
keeps every L2 norm; L1 and L-infinity norms are those along the axes that an optimizer like Adam sees.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..models import BETWEEN, ENTRANCE, Role
from ..shapes import Float
from .norms import linf_of
from .probe import Probe


def frame_l1_norm(probe: Probe) -> Float[Tensor, " R"]:
    """Return sum |theta_i| in the frame."""
    return probe.framed.abs().sum(-1)


def frame_l2_norm(probe: Probe) -> Float[Tensor, " R"]:
    """Return ||theta||_2 in the frame."""
    norm: Tensor = torch.linalg.vector_norm(probe.framed, dim=-1)
    return norm


def frame_linf_norm(probe: Probe) -> Float[Tensor, " R"]:
    """Return max |theta_i| in the frame."""
    return probe.framed.abs().amax(-1)


def frame_linf_distance_from_init(probe: Probe) -> Float[Tensor, " R"]:
    """Return max |theta_i - theta_0i| in the frame."""
    return probe.frame.there(probe.theta - probe.theta_0).abs().amax(-1)


def frame_embedding_linf(probe: Probe) -> Float[Tensor, " R"]:
    """Return the largest absolute weight, in the frame, of the matrix that reads the inputs."""
    return _linf(probe, ENTRANCE)


def frame_hidden_linf(probe: Probe) -> Float[Tensor, " R"]:
    """Return the same between embedding and readout; NaN where there are no parameters."""
    return _linf(probe, BETWEEN)


def frame_unembedding_linf(probe: Probe) -> Float[Tensor, " R"]:
    """Return the same of the readout."""
    return _linf(probe, Role.READOUT)


def _linf(probe: Probe, role: Role) -> Tensor:
    return linf_of(probe.network.weights(probe.framed), role, probe.framed)
