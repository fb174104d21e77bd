"""What the tensors of a network are: each network declares it, and nothing reads it out of their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Roles:
    """The names of those parameters of a network that measures, tasks and optimizers ask for.

    Attributes:
        readout: weights [O, h]: outputs = readout @ (the last h activations).
        first: weights [h, I] of the layer that reads the inputs themselves, or their embedding.
        embedding: vectors [n or more, d] that symbols are mapped to, where there are such.
    """

    readout: str
    first: str | None = None
    embedding: str | None = None

    @property
    def ends(self) -> frozenset[str]:
        """What looks symbols up or reads classes out; a single layer does neither for another."""
        found = {self.embedding, self.readout if self.readout != self.first else None}
        return frozenset(name for name in found if name is not None)

    @property
    def entrance(self) -> str:
        """What meets the inputs: the embedding, or else the first layer."""
        name = self.embedding or self.first
        assert name is not None, "a network reads its inputs by one of them"
        return name

    def symbol_vectors(self, parameters: Mapping[str, Tensor], symbols: int) -> Tensor:
        """Return the vectors that the first operand's n symbols are mapped to: [n, d].

        Networks that have an embedding share it between the operands; the others map a symbol to a column of
        their first weights.
        """
        if self.embedding is not None:
            return parameters[self.embedding][:symbols]
        return self.first_weights(parameters)[:, :symbols].T

    def first_weights(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """Return the weights [h, I] of the layer that reads the inputs themselves."""
        assert self.first is not None, "the network has layers"
        return parameters[self.first]

    def unembedding(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """Return the readout [O, h]."""
        return parameters[self.readout]
