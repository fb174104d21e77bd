"""What is learnt of a table: a picture with a cell for each pair of symbols."""

from __future__ import annotations

from enum import IntEnum

import torch
from torch import Tensor

from ..shapes import Float
from .probe import Probe


class PairState(IntEnum):
    """What is known of a pair; right means that the answer is the label, which of an outlier is wrong."""

    ABSENT = -1
    WRONG = 0
    RIGHT = 1
    TRAINED_RIGHT = 2
    TRAINED_WRONG = 3


def pairs(probe: Probe) -> Float[Tensor, "R n n"]:
    """Return what each replica knows of a table, a `PairState` for each pair [R, n, n].

    A sample that is withheld from the training set is one of those that are not trained on.
    """
    grids = []
    for replica in range(len(probe.theta)):
        train, validation = (
            samples.inputs if probe.shared else samples.inputs[replica]
            for samples in (probe.train, probe.validation)
        )
        right, val_right = probe.train_right[replica], probe.val_right[replica]
        if probe.mask is not None:
            own = probe.mask[replica]
            validation, val_right = torch.cat([validation, train[~own]]), torch.cat([val_right, right[~own]])
            train, right = train[own], right[own]
        grids.append(correctness_grid(train, right, validation, val_right))
    return torch.stack(grids).to(probe.theta.dtype)


def correctness_grid(
    train_inputs: Tensor, train_right: Tensor, validation_inputs: Tensor, validation_right: Tensor
) -> Tensor:
    """Return a `PairState` for each pair, int8 [n, n], rows for the first operand.

    Args:
        train_inputs: one-hot pairs [N, 2 n] of one replica's training samples.
        train_right: which of them the network gets right, bool [N].
        validation_inputs: likewise for the validation samples.
        validation_right: likewise.
    """
    n = train_inputs.shape[-1] // 2
    grid = torch.full((n, n), int(PairState.ABSENT), dtype=torch.int8, device=train_inputs.device)
    for inputs, right, if_right, if_wrong in (
        (train_inputs, train_right, PairState.TRAINED_RIGHT, PairState.TRAINED_WRONG),
        (validation_inputs, validation_right, PairState.RIGHT, PairState.WRONG),
    ):
        x, y = inputs[:, :n].argmax(-1), inputs[:, n:].argmax(-1)
        cells = torch.where(right, int(if_right), int(if_wrong)).to(grid.dtype)
        grid = grid.index_put((x, y), cells)
    return grid
