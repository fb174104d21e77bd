"""Norms of the parts of a network: what reads the symbols, what gives the outputs, and all between."""

from __future__ import annotations

import torch
from torch import Tensor

from ..models import BETWEEN, ENTRANCE, Role, Weights
from ..shapes import Float
from .probe import Probe


def parameter_count(probe: Probe) -> Float[Tensor, " R"]:
    """Return P, the number of parameters."""
    return torch.full_like(probe.theta[:, 0], probe.network.layout.size)


def embedding_norm(probe: Probe) -> Float[Tensor, " R"]:
    """Return the L2 norm of the matrix that reads the inputs."""
    return _l2(probe, ENTRANCE)


def hidden_norm(probe: Probe) -> Float[Tensor, " R"]:
    """Return the L2 norm of all parameters between embedding and readout; NaN where there are none."""
    return _l2(probe, BETWEEN)


def unembedding_norm(probe: Probe) -> Float[Tensor, " R"]:
    """Return the L2 norm of the readout."""
    return _l2(probe, Role.READOUT)


def embedding_linf(probe: Probe) -> Float[Tensor, " R"]:
    """Return the largest absolute weight of the matrix that reads the inputs."""
    return _linf(probe, ENTRANCE)


def hidden_linf(probe: Probe) -> Float[Tensor, " R"]:
    """Return the largest absolute parameter between embedding and readout; NaN where there are none."""
    return _linf(probe, BETWEEN)


def unembedding_linf(probe: Probe) -> Float[Tensor, " R"]:
    """Return the largest absolute weight of the readout."""
    return _linf(probe, Role.READOUT)


def _l2(probe: Probe, role: Role) -> Tensor:
    norms = [torch.linalg.vector_norm(part, dim=-1) for part in _parts(probe, role)]
    if not norms:
        return torch.full_like(probe.theta[:, 0], torch.nan)
    total: Tensor = torch.linalg.vector_norm(torch.stack(norms), dim=0)
    return total


def _linf(probe: Probe, role: Role) -> Tensor:
    return linf_of(probe.weights, role, probe.theta)


def linf_of(weights: Weights, role: Role, like: Tensor) -> Float[Tensor, " R"]:
    """Return the largest absolute parameter with such a role; NaN where there are none.

    Args:
        weights: the parameters of all replicas.
        role: which.
        like: theta [R, P].
    """
    largest = [part.flatten(1).abs().amax(-1) for part in weights.of(role)]
    if not largest:
        return torch.full_like(like[:, 0], torch.nan)
    return torch.stack(largest).amax(0)


def _parts(probe: Probe, role: Role) -> list[Tensor]:
    """Return the parameters with such a role of all replicas, each [R, ...] as [R, its size]."""
    return [part.flatten(1) for part in probe.weights.of(role)]
