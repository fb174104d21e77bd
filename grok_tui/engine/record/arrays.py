"""Arrays by name, as checkpoints hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
"""Arrays by name; a slash leads from a part to its own parts."""

MORE_ROWS = -1
"""In a shape: any number."""


class Kept(Protocol):
    """What keeps arrays of its own in a checkpoint."""

    def export_state(self) -> Arrays:
        """Return copies of them by name."""

    def layouts(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of each."""

    def restore_state(self, arrays: Arrays) -> None:
        """Become what `export_state` saw."""


def prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return the arrays under longer names."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return the arrays whose names have this prefix, without it."""
    start = f"{prefix}/"
    return {name[len(start) :]: array for name, array in arrays.items() if name.startswith(start)}


def check(arrays: Mapping[str, NDArray[Any]], like: Mapping[str, tuple[tuple[int, ...], str]]) -> None:
    """Make sure that arrays are the ones expected.

    Args:
        arrays: what there is.
        like: shape (with `MORE_ROWS` where any length will do) and dtype by name.

    Raises:
        ValueError: one is missing or too many, or has another shape or dtype.
    """
    if arrays.keys() != like.keys():
        raise ValueError(f"arrays missing or unknown: {sorted(arrays.keys() ^ like.keys())[:3]}")
    for name, (shape, dtype) in like.items():
        found = arrays[name]
        fits = len(found.shape) == len(shape) and all(
            there == wanted or wanted == MORE_ROWS for there, wanted in zip(found.shape, shape, strict=True)
        )
        if not fits or found.dtype != np.dtype(dtype):
            raise ValueError(f"'{name}' is {found.dtype} {list(found.shape)}, not {dtype} {list(shape)}")
