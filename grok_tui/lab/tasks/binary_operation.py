"""Binary operations on a finite set (Power et al. 2022, "Grokking"), for networks that take one-hot pairs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ...catalog.tasks import BinaryOperation
from ..models import Weights
from ..streams import Purpose, stream
from .bases import Basis, basis_of
from .operations import operation_table
from .task import Coordinates, Samples, Symbols, Task


def build(spec: BinaryOperation, seed: int, dtype: torch.dtype) -> Task:
    """Build the task; inputs [N, 2 n], targets int64 [N].

    The seed sets the pairs that are trained on, and the outliers among them.
    """
    n, trained = spec.symbols, spec.shape.samples
    table = operation_table(spec)
    basis = basis_of(spec) if spec.spectral else None
    random = stream(seed, Purpose.DATA)
    pairs = random.permutation(np.flatnonzero(table.reshape(-1) >= 0))
    answers = table.reshape(-1)[pairs]
    others = random.integers(1, n, spec.outliers)
    answers[: spec.outliers] = (answers[: spec.outliers] + others) % n  # the order is random already
    x, y = torch.from_numpy(pairs // n), torch.from_numpy(pairs % n)
    inputs = torch.cat([one_hot(x, n), one_hot(y, n)], dim=1).to(dtype)
    targets = torch.from_numpy(answers)
    return Task(
        train=Samples(inputs[:trained], targets[:trained]),
        validation=Samples(inputs[trained:], targets[trained:]),
        outputs=n,
        correct=_correct,
        coordinates=_coordinates(basis, n) if basis else None,
        symbols=Symbols(torch.from_numpy(table), basis, spec.group),
        classes=True,
        axes={"frequency": basis.labels} if basis else {},
    )


def _coordinates(basis: Basis, symbols: int) -> Coordinates:
    """Return the norms of the embedding's components: the key frequencies generalize (Nanda et al. 2023).

    Coordinate k is the root of the sum of squares of component k over its basis vectors (a frequency's cosine
    and sine) and over the dimensions of the embedding.
    """

    def norms(weights: Weights) -> Tensor:
        return basis.powers(weights.symbol_vectors(symbols)).sqrt()

    return Coordinates(norms, lambda norms: basis.stands_out(norms.square()), basis.labels)


def _correct(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs.argmax(-1) == targets
