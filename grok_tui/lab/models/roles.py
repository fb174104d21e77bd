"""Where a network keeps what it knows of the symbols, whatever its family."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

# Parameters by their names in the modules: the first weights of a network, and the last.
EMBEDDING = "embedding.weight"
FIRST = ("hidden.weight", "weight")
LAST = ("readout.weight", "weight")


def embedding(parameters: Mapping[str, Tensor], symbols: int) -> Tensor:
    """Return the vectors that the first operand's n symbols are mapped to: [n, d].

    Networks that have an embedding share it between the operands; the others map a symbol to a column of
    their first weights.
    """
    if EMBEDDING in parameters:
        return parameters[EMBEDDING][:symbols]
    return first_weights(parameters)[:, :symbols].T


def first_weights(parameters: Mapping[str, Tensor]) -> Tensor:
    """Return the weights [h, I] of a network's first layer that reads the inputs themselves."""
    return _found(parameters, FIRST)


def unembedding(parameters: Mapping[str, Tensor]) -> Tensor:
    """Return the readout [O, h]: outputs = readout @ (the last h activations)."""
    return _found(parameters, LAST)


def _found(parameters: Mapping[str, Tensor], names: tuple[str, ...]) -> Tensor:
    return parameters[next(name for name in names if name in parameters)]
