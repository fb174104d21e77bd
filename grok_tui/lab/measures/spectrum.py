"""How the spectrum of the embedding and of the readout is spread: over all components, or over a few.

A component is a frequency, or an irreducible representation; its power is the sum of squares of the matrix
over it (`Basis.powers`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..shapes import Float
from ..tasks import Basis
from .probe import Probe


def embedding_power(probe: Probe) -> Float[Tensor, "R C"]:
    """Return the embedding's power by component [R, C]."""
    return _embedding_powers(probe)


def key_frequencies(probe: Probe) -> Float[Tensor, " R"]:
    """Return how many components of the embedding stand out."""
    return probe.generalizes.sum(-1).to(probe.theta.dtype)


def embedding_gini(probe: Probe) -> Float[Tensor, " R"]:
    """Return the Gini coefficient of the embedding's norms by component."""
    return gini(_embedding_powers(probe), probe.basis)


def embedding_ipr(probe: Probe) -> Float[Tensor, " R"]:
    """Return the inverse participation ratio of the embedding's power."""
    return inverse_participation_ratio(_embedding_powers(probe))


def unembedding_gini(probe: Probe) -> Float[Tensor, " R"]:
    """Return the Gini coefficient of the readout's norms by component."""
    return gini(_unembedding_powers(probe), probe.basis)


def unembedding_ipr(probe: Probe) -> Float[Tensor, " R"]:
    """Return the inverse participation ratio of the readout's power."""
    return inverse_participation_ratio(_unembedding_powers(probe))


def gini(powers: Tensor, basis: Basis) -> Tensor:
    """Return the Gini coefficient of the norms that go with powers [..., C] (Hurley & Rickard 2009).

    It is over the basis vectors, as in Nanda et al. 2023; each counts with the norm that it has if all of its
    component have the same: 0 where power is in proportion to dimension, as in a large random matrix, and
    close to 1 where a single component of many has it all.
    """
    norms = (powers / basis.dimensions.to(powers)).sqrt()
    values, _ = norms[..., basis.component.to(powers.device)].sort(-1)
    count = values.shape[-1]
    ranks = torch.arange(1, count + 1, dtype=values.dtype, device=values.device)
    return ((2 * ranks - count - 1) * values).sum(-1) / (count * values.sum(-1))


def inverse_participation_ratio(powers: Tensor) -> Tensor:
    """Return the sum of squares of the shares of powers [..., C].

    It is 1 where one component has all, and 1 / C where all have the same.
    """
    return powers.square().sum(-1) / powers.sum(-1).square()


def _embedding_powers(probe: Probe) -> Float[Tensor, "R C"]:
    return probe.coordinates.square()


def _unembedding_powers(probe: Probe) -> Float[Tensor, "R C"]:
    basis = probe.basis
    return probe.each(lambda weights: basis.powers(weights.readout))
