"""Random numbers that depend on what they are for, and on nothing else.

Every draw names its seed, its purpose and where in the run it stands. So it is the same whatever was drawn
before, on whatever device, in chunks of whatever size; and going back in time needs no generator state.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What random numbers are drawn for."""

    INIT = 0
    DATA = 1
    BATCHES = 2
    JUMP = 3
    WEIGHT_NOISE = 4
    UPDATE_NOISE = 5
    DROPOUT = 6
    SGLD = 7
    FRAME_ORDER = 8
    FRAME_MATRIX = 9
    POOL = 10
    SAMPLES = 11
    LABELS = 12
    RESTART = 13
    MODIFIER = 14


def stream(seed: int, purpose: Purpose, *position: int) -> np.random.Generator:
    """Return the generator of one purpose at one position, e.g. of the batches of epoch 7."""
    return np.random.default_rng([seed, int(purpose), *position])
