"""What theta is made of: a network declares what its tensors are, and nothing reads it out of their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Flag, auto
from functools import cached_property
from math import prod

import torch
from torch import Tensor

from ..shapes import Float, Shaped


class Role(Flag):
    """What a tensor is; one that is the whole network has the roles of both ends."""

    EMBEDDING = auto()
    """Vectors of symbols [n or more, d], those of symbols first."""
    POSITION = auto()
    """Vectors of places [T, d], which are added to those of symbols."""
    INPUT = auto()
    """Weights [h, I] of a layer that reads the inputs themselves."""
    ATTENTION = auto()
    """Weights of queries, keys, values, and of what attention puts out."""
    HIDDEN = auto()
    """Weights of any other layer in between."""
    READOUT = auto()
    """Weights [O, h]: outputs = readout @ (the last h activations)."""
    BIAS = auto()
    """What a layer adds."""
    NORM = auto()
    """What a LayerNorm multiplies by."""


ENTRANCE = Role.EMBEDDING | Role.INPUT
"""What meets the inputs first."""

BETWEEN = ~(ENTRANCE | Role.READOUT)
"""What is at neither end."""


@dataclass(frozen=True)
class Piece:
    """A tensor in theta.

    Attributes:
        name: as the module calls it.
        shape: as in the module.
        start: where in theta its numbers begin.
        role: what it is.
        layer: how many layers come before its own on the way from inputs to outputs.
    """

    name: str
    shape: tuple[int, ...]
    start: int
    role: Role
    layer: int

    @cached_property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)

    @property
    def place(self) -> slice:
        """Where in theta its numbers are."""
        return slice(self.start, self.start + self.size)


@dataclass(frozen=True)
class Layout:
    """What each of the P numbers of theta belongs to.

    Attributes:
        pieces: the tensors, in the order in which they lie in theta, without gaps.
    """

    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, tensors: Iterable[tuple[str, Sequence[int], Role, int]]) -> Layout:
        """Return the layout of tensors one after the other, given as name, shape, role and layer."""
        pieces, start = [], 0
        for name, shape, role, layer in tensors:
            pieces.append(Piece(name, tuple(shape), start, role, layer))
            start += pieces[-1].size
        return cls(tuple(pieces))

    def __iter__(self) -> Iterator[Piece]:
        return iter(self.pieces)

    def __len__(self) -> int:
        return len(self.pieces)

    @cached_property
    def sizes(self) -> list[int]:
        """How many numbers of theta each tensor has."""
        return [piece.size for piece in self.pieces]

    @cached_property
    def size(self) -> int:
        """P."""
        return sum(self.sizes)

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return 1 + max(piece.layer for piece in self.pieces)

    def split(self, theta: Shaped[Tensor, "*R P"]) -> tuple[Shaped[Tensor, "*R _"], ...]:
        """Return the numbers of each tensor, views [..., size] of theta [..., P]."""
        return torch.split(theta, self.sizes, -1)

    def parameters(self, theta: Tensor) -> dict[str, Tensor]:
        """Return the tensors by name, views [..., *shape] of theta [..., P]."""
        leading = theta.shape[:-1]
        return {
            piece.name: numbers.view(*leading, *piece.shape)
            for piece, numbers in zip(self.pieces, self.split(theta), strict=True)
        }

    def means(self, values: Float[Tensor, "*R P"]) -> Float[Tensor, "*R T"]:
        """Return the mean over each tensor of values [..., P]: [..., tensors]."""
        return torch.stack([numbers.mean(-1) for numbers in self.split(values)], -1)

    def spread(self, values: Float[Tensor, "*R T"]) -> Float[Tensor, "*R P"]:
        """Return values [..., tensors] at all numbers of their tensors: [..., P]."""
        leading = values.shape[:-1]
        each = zip(torch.split(values, 1, -1), self.sizes, strict=True)
        return torch.cat([value.expand(*leading, size) for value, size in each], -1)


@dataclass(frozen=True)
class Weights:
    """The parameters of a network, and what they are.

    Attributes:
        parameters: by name, those of one replica [...] or of all [R, ...].
        layout: of the theta that they are from.
    """

    parameters: Mapping[str, Tensor]
    layout: Layout

    def of(self, role: Role) -> list[Tensor]:
        """Return the parameters that have this role, or one of several."""
        return [self.parameters[piece.name] for piece in self.layout if piece.role & role]

    def bias(self, layer: int) -> Tensor | None:
        """Return what a layer adds, where it adds something."""
        added = (piece.name for piece in self.layout if piece.role is Role.BIAS and piece.layer == layer)
        return next((self.parameters[name] for name in added), None)

    @property
    def first(self) -> Tensor:
        """The weights [..., h, I] of the layer that reads the inputs themselves."""
        return self.of(Role.INPUT)[0]

    @property
    def readout(self) -> Tensor:
        """The weights [..., O, h] of the layer that gives the outputs."""
        return self.of(Role.READOUT)[0]

    def symbol_vectors(self, symbols: int) -> Float[Tensor, "{symbols} _"]:
        """Return the vectors that the first operand's n symbols are mapped to, of one replica: [n, d].

        Networks that have an embedding share it between the operands; the others map a symbol to a column of
        their first weights.
        """
        shared = self.of(Role.EMBEDDING)
        return shared[0][:symbols] if shared else self.first[:, :symbols].T
