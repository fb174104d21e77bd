"""Measures of a circuit that computes x o y in its group (Nanda et al. 2023, 2301.05217, section 5).

Such a circuit's scores are functions of the product c = x o y. Frequency k of these, cos(w_k c) and
sin(w_k c), is what addition modulo p calls cos(w_k (x + y)); for permutations the matrix elements of an
irreducible representation take its place (Chughtai et al. 2023, 2302.03025). Frequencies count as key by
the rule for the embedding, at that step, or at the end for measures that look back, as the authors do; they
find them in its neurons. Where none stands out, there is no key frequency: if all of them counted then, a
mere table of the training pairs would pass for a circuit, since its scores, averaged over the pairs of a
product, are right. Under multiplication the products that are 0 lie outside the group and have no frequency.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..shapes import Float
from ..tasks import Basis
from .probe import Probe

Kept = Literal["key", "final", "all"]
"""Which frequencies count: those that stand out in the embedding, then or at the end, or all."""


def restricted_loss(probe: Probe, frequencies: Kept = "key") -> Float[Tensor, " R"]:
    """Return the loss over all pairs of the group when only the mean and these frequencies are kept.

    Where no frequency is key, what is kept is the mean alone: it is about log m.
    """
    mean = probe.products.mean((1, 2)).unsqueeze(1)
    kept = mean + _component(probe, frequencies)
    return probe.loss(kept, probe.basis.elements.to(kept.device)).mean(-1)


def excluded_loss(probe: Probe, frequencies: Kept = "key") -> Float[Tensor, " R"]:
    """Return the loss over the training samples when these frequencies are taken out of the scores.

    All at once, as the authors' text has it; their code takes them out one by one and adds up. Where no
    frequency is key, nothing is taken out: it is the training loss.
    """
    component = _component(probe, frequencies)
    outside = torch.zeros_like(component[:, :1])
    place = probe.product_places[:, : probe.train_outputs.shape[1]].unsqueeze(-1)
    removed = torch.cat([component, outside], 1).gather(1, place.expand_as(probe.train_outputs))
    return probe.train_mean(probe.loss(probe.train_outputs - removed, probe.train.targets))


def restricted_loss_final_keys(probe: Probe) -> Float[Tensor, " R"]:
    """Return the restricted loss with the frequencies that are key in the final network."""
    return restricted_loss(probe, "final")


def excluded_loss_final_keys(probe: Probe) -> Float[Tensor, " R"]:
    """Return the excluded loss with the frequencies that are key in the final network."""
    return excluded_loss(probe, "final")


def logit_formula_r2(probe: Probe) -> Float[Tensor, " R"]:
    """Return the share of the variance of the scores that sum_k A_k cos(w_k (x o y - c)) explains.

    The scores are those of the classes c of the group, centred for each pair; the A_k are fitted by least
    squares, over all frequencies k. For permutations the characters of x o y o c^-1 take the cosines' place.
    """
    basis = probe.basis
    elements = basis.elements.to(probe.theta.device)
    m, scores = len(elements), probe.products
    if scores.shape[-1] > m:
        scores = scores.index_select(-1, elements)
    total = scores.var(-1, correction=0).sum((1, 2)) * m
    by_product = probe.products.mean(2).index_select(-1, elements)
    vectors = _vectors(basis, by_product)
    # The formula's terms are projectors P_k of rank dim_k, as functions of product and class; they are
    # orthogonal to one another, and to what centring takes away.
    overlap = basis.by_component(((vectors.T @ by_product) * vectors.T).sum(-1))
    explained = m * (overlap.square() / basis.dimensions.to(overlap)).sum(-1)
    return explained / total


def _component(probe: Probe, frequencies: Kept) -> Float[Tensor, "R m O"]:
    """Return the part of the scores that is in these frequencies, for each product."""
    basis = probe.basis
    key = (probe.final if frequencies == "final" else probe).generalizes
    if frequencies == "all":
        key = torch.ones_like(key)
    by_product = probe.products.mean(2)
    vectors = _vectors(basis, by_product)
    kept = key[:, basis.component.to(key.device)].to(by_product.dtype).unsqueeze(-1)
    return vectors @ (kept * (vectors.T @ by_product))


def _vectors(basis: Basis, like: Tensor) -> Tensor:
    """Return the basis on the elements of the group alone [m, m - 1]."""
    return basis.vectors[basis.elements].to(like)
