"""Vectors as an arm records them, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from grok_tui.engine.record.vectors import Axis, VectorHistory


def latest(values: ArrayLike, step: int = 0, axes: Sequence[str] = ()) -> VectorHistory:
    """The last record of the first replica alone; its axes are named, or numbered."""
    numbers = np.asarray(values)
    names = axes or [f"axis {place}" for place in range(numbers.ndim)]
    record = VectorHistory([Axis(name, size) for name, size in zip(names, numbers.shape, strict=True)], 1, 1)
    record.append(step, numbers[None])
    return record
