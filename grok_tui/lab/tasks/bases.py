"""Bases of the functions on a task's symbols, sorted into what the symbols' group does not mix.

For numbers modulo n these are the Fourier modes by frequency; for the nonzero numbers modulo a prime, under
multiplication, the Fourier modes of the discrete logarithm; for permutations the isotypic components, one for
each irreducible representation. The constant function is left out of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from math import pi

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...catalog.tasks import BinaryOperation
from ..shapes import Bool, Float, Int
from .operations import composition, permutation_list

STANDS_OUT = 2.0
"""A component stands out when it has this many times the power that it has in a random matrix."""

TINY = 1e-30  # where all powers are 0, none stands out


@dataclass(frozen=True)
class Basis:
    """An orthonormal basis of the functions on a group of m elements, but for the constants.

    Attributes:
        elements: which symbols are the elements of the group, int64 [m].
        vectors: float64 [n, m - 1]; a column is a function on all n symbols, 0 outside the group.
        component: to which of the C components each column belongs, int64 [m - 1].
        labels: one short label a component.
    """

    elements: Int[Tensor, " m"]
    vectors: Float[Tensor, "n k"]
    component: Int[Tensor, " k"]
    labels: tuple[str, ...]

    @cached_property
    def dimensions(self) -> Float[Tensor, " C"]:
        """How many basis vectors each component has, float64 [C]."""
        return torch.bincount(self.component, minlength=len(self.labels)).double()

    def powers(self, matrix: Float[Tensor, "n d"]) -> Float[Tensor, " C"]:
        """Return the sum of squares of each component [C] of a matrix [n, d] that has a row for each symbol.

        By Parseval they add up to the sum of squares of the rows of the group, less their mean.
        """
        squares = (self.vectors.to(matrix).T @ matrix).square().sum(-1)
        return self.by_component(squares)

    def by_component(self, values: Float[Tensor, "*R k"]) -> Float[Tensor, "*R C"]:
        """Add up values [..., m - 1], one a basis vector, by component: [..., C]."""
        member = self.component.unsqueeze(-1) == torch.arange(len(self.labels))
        return (values.unsqueeze(-2) @ member.to(values)).squeeze(-2)

    def stands_out(self, powers: Float[Tensor, "*R C"]) -> Bool[Tensor, "*R C"]:
        """Tell which of the components with these powers [..., C] stand out: bool [..., C].

        In a random matrix the power of a component is in proportion to its dimension, so where all have the
        same dimension, those stand out that have at least twice the mean.
        """
        fair = (self.dimensions / self.dimensions.sum()).to(powers)
        return powers >= STANDS_OUT * fair * powers.sum(-1, keepdim=True).clamp(min=TINY)


def basis_of(spec: BinaryOperation) -> Basis:
    """Return the basis that goes with an operation that has one (`spec.spectral`)."""
    if spec.permuted:
        return representations(spec.permuted)
    return multiplicative_fourier(spec.p) if spec.multiplicative else fourier(spec.p)


@cache
def fourier(n: int) -> Basis:
    """Return the Fourier modes of the numbers modulo n, frequencies 1 to n // 2."""
    return _fourier(n, np.arange(n))


@cache
def multiplicative_fourier(p: int) -> Basis:
    """Return the Fourier modes of the nonzero numbers modulo a prime p, in powers of its primitive root."""
    return _fourier(p, _powers_of_the_primitive_root(p))


def _fourier(symbols: int, elements: NDArray[np.int64]) -> Basis:
    """Return the Fourier modes on a cyclic group whose k-th element is the symbol elements[k]."""
    m = len(elements)
    frequencies = np.arange(1, m // 2 + 1)
    angles = 2 * pi * (np.outer(np.arange(m), frequencies) % m) / m
    modes = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    component = np.concatenate([frequencies, frequencies]) - 1
    if m % 2 == 0:  # the sine of the highest frequency is 0 everywhere
        modes, component = modes[:, :-1], component[:-1]
    vectors = np.zeros((symbols, m - 1))
    vectors[elements] = modes / np.linalg.norm(modes, axis=0)
    return _basis(elements, vectors, component, tuple(f"k={k}" for k in frequencies))


def _powers_of_the_primitive_root(p: int) -> NDArray[np.int64]:
    """Return all nonzero numbers modulo a prime p > 2, each the one before times the least primitive root."""
    for root in range(1, p):
        powers = [1]
        while (following := powers[-1] * root % p) != 1:
            powers.append(following)
        if len(powers) == p - 1:
            break
    return np.array(powers)


@cache
def representations(things: int) -> Basis:
    """Return the isotypic components of the functions on the permutations of 4 or 5 things.

    The sum of all transpositions commutes with the group, so it acts on each component as a number, which is
    the content sum of the representation's partition (Jucys 1974); for 4 and 5 things no two are equal.
    """
    elements = permutation_list(things)
    transpositions = np.flatnonzero((elements != np.arange(things)).sum(1) == 2)
    acted = np.zeros((len(elements), len(elements)))
    for transposition in transpositions:
        acted[np.arange(len(elements)), composition(things)[:, transposition]] += 1
    values, vectors = np.linalg.eigh(acted)
    contents = {_content_sum(partition): partition for partition in _partitions(things, things)}
    trivial = len(transpositions)
    kept = [content for content in sorted(contents, reverse=True) if content != trivial]
    values = values.round().astype(np.int64)
    order = [i for content in kept for i in np.flatnonzero(values == content)]
    component = np.array([kept.index(values[i]) for i in order])
    labels = tuple("(" + ",".join(map(str, contents[content])) + ")" for content in kept)
    return _basis(np.arange(len(elements)), vectors[:, order], component, labels)


def _partitions(total: int, largest: int) -> list[tuple[int, ...]]:
    """Return the partitions of a number into parts that do not grow and are no larger than `largest`."""
    if total == 0:
        return [()]
    return [
        (first, *rest)
        for first in range(min(total, largest), 0, -1)
        for rest in _partitions(total - first, first)
    ]


def _content_sum(partition: tuple[int, ...]) -> int:
    """Return the sum of column less row over the cells of a partition's diagram."""
    return sum(column - row for row, length in enumerate(partition) for column in range(length))


def _basis(
    elements: NDArray[np.int64],
    vectors: NDArray[np.float64],
    component: NDArray[np.int64],
    labels: tuple[str, ...],
) -> Basis:
    return Basis(
        torch.from_numpy(elements), torch.from_numpy(vectors.copy()), torch.from_numpy(component), labels
    )
