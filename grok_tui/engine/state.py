"""What an arm is at one step, apart from what its preset says: numbers as arrays, and all else as a document.

There is no generator state in it: random numbers depend on seed, purpose and step alone (`lab.streams`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.catalog.modifiers import Modifiers
from grok_tui.catalog.optimizers import OptimizerSpec

from .backends import BackendSince
from .history import Event

Arrays = dict[str, NDArray[Any]]
"""Arrays by name; a slash leads from a part to its own parts."""

Count = Annotated[int, Field(ge=0, le=2**53)]

MORE_ROWS = -1
"""In a shape: any number."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ArmState(_Part):
    """An arm without its arrays."""

    step: Count
    end: Count
    optimizer: str
    since: Count
    optimizers: dict[str, OptimizerSpec]
    """Those that the arm has used, with the hyperparameters they had last."""
    modifiers: Modifiers = Modifiers()
    filter_steps: Count = 0
    """How many steps old the state of gradient filters is."""
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"]
    batches_since: Count
    backends: list[BackendSince] = []
    """What made which steps."""
    interventions: list[AnyIntervention]
    """All that was done to the arm, in order."""
    scheduled: Count
    """How many of the preset's own interventions are among them."""
    stride: Annotated[int, Field(ge=1, le=2**53)]
    version: Count
    events: list[Event]


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
