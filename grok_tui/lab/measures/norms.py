"""Norms of the parts of a network: what reads the symbols, what gives the outputs, and all between."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from .probe import Probe


def parameter_count(probe: Probe) -> Tensor:
    """Return P, the number of parameters."""
    return torch.full_like(probe.theta[:, 0], probe.network.size)


def embedding_norm(probe: Probe) -> Tensor:
    """Return the L2 norm of the matrix that reads the inputs."""
    return _l2(probe, [probe.network.roles.entrance])


def hidden_norm(probe: Probe) -> Tensor:
    """Return the L2 norm of all parameters between embedding and readout; NaN where there are none."""
    return _l2(probe, _between(probe))


def unembedding_norm(probe: Probe) -> Tensor:
    """Return the L2 norm of the readout."""
    return _l2(probe, [probe.network.roles.readout])


def embedding_linf(probe: Probe) -> Tensor:
    """Return the largest absolute weight of the matrix that reads the inputs."""
    return _linf(probe, [probe.network.roles.entrance])


def hidden_linf(probe: Probe) -> Tensor:
    """Return the largest absolute parameter between embedding and readout; NaN where there are none."""
    return _linf(probe, _between(probe))


def unembedding_linf(probe: Probe) -> Tensor:
    """Return the largest absolute weight of the readout."""
    return _linf(probe, [probe.network.roles.readout])


def _between(probe: Probe) -> list[str]:
    return [
        name
        for name in probe.network.shapes
        if name not in (probe.network.roles.entrance, probe.network.roles.readout)
    ]


def _l2(probe: Probe, names: Iterable[str]) -> Tensor:
    norms = [torch.linalg.vector_norm(part, dim=-1) for part in _parts(probe, names)]
    if not norms:
        return torch.full_like(probe.theta[:, 0], torch.nan)
    total: Tensor = torch.linalg.vector_norm(torch.stack(norms), dim=0)
    return total


def _linf(probe: Probe, names: Iterable[str]) -> Tensor:
    largest = [part.abs().amax(-1) for part in _parts(probe, names)]
    if not largest:
        return torch.full_like(probe.theta[:, 0], torch.nan)
    return torch.stack(largest).amax(0)


def _parts(probe: Probe, names: Iterable[str]) -> list[Tensor]:
    """Return the named parameters of all replicas, each [R, ...] as [R, its size]."""
    return [probe.parameters[name].flatten(1) for name in names]
