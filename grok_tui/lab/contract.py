"""What the contracts of several kinds ask of what a plugin returns: tensors, tables and pairs of them.

Each raises ContractError with a line that says what is not as the engine takes it for granted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..catalog.plugins import require
from .pure import Draws


def is_a(kind: type, what: str, found: object) -> None:
    """Check the type of something that was returned."""
    require(isinstance(found, kind), f"{what} is {type(found).__name__}, not {kind.__name__}")


def is_like(what: str, found: object, before: Tensor) -> None:
    """Check that what becomes of a tensor has its shape and dtype, on its device."""
    require(isinstance(found, Tensor), f"{what} becomes {type(found).__name__}")
    assert isinstance(found, Tensor)
    require(found.shape == before.shape, f"{what} {list(before.shape)} becomes {list(found.shape)}")
    require(found.dtype == before.dtype, f"{what} of {before.dtype} becomes {found.dtype}")
    require(found.device == before.device, f"{what} on {before.device} becomes one on {found.device}")


def is_state(state: object, names: tuple[str, ...], theta: Tensor) -> None:
    """Check that fresh state has the names that were declared, and a row a replica of theta [R, P].

    Args:
        state: tensors by name.
        names: of what a step keeps.
        theta: whose dtype and device it has.
    """
    is_a(Mapping, "the state", state)
    assert isinstance(state, Mapping)
    require(set(state) == set(names), f"slots are {sorted(names)}, the state {sorted(map(str, state))}")
    for slot, value in state.items():
        what = f"state '{slot}'"
        is_a(Tensor, what, value)
        require(value.dtype == theta.dtype, f"{what} is {value.dtype} beside {theta.dtype}")
        require(value.device == theta.device, f"{what} is on {value.device} beside {theta.device}")
        rows = value.dim() > 0 and len(value) == len(theta)
        require(rows, f"{what} {list(value.shape)} has not one row a replica")


def is_kept(what: str, kept: object, state: Mapping[str, Tensor]) -> None:
    """Check that state after a step is what it was before, with other numbers."""
    is_a(Mapping, f"the state that {what} gives", kept)
    assert isinstance(kept, Mapping)
    require(set(kept) == set(state), f"{what} keeps {sorted(map(str, kept))} of the state {sorted(state)}")
    for slot, value in state.items():
        is_like(f"state '{slot}'", kept[slot], value)


def is_pair(what: str, found: object) -> tuple[Any, Any]:
    """Return the two things of a tuple."""
    pair = isinstance(found, tuple) and len(found) == 2
    require(pair, f"{what} gives {type(found).__name__}, not a tuple of two")
    assert isinstance(found, tuple)
    return found[0], found[1]


@contextmanager
def draws_nothing(otherwise: str, by: str = "it") -> Iterator[None]:
    """Check that what is done within draws no random numbers.

    Args:
        otherwise: where they come from instead.
        by: what might draw some.
    """
    with Draws() as draws:
        yield
    require(not draws.seen, f"{by} draws random numbers ({', '.join(draws.seen)}): {otherwise}")


def are_coefficients(found: object, replicas: int, steps: int = 1) -> None:
    """Check that coefficients of k steps are float64 tensors that fit [k, R, 1], by names.

    Args:
        found: what was returned.
        replicas: R.
        steps: k.
    """
    is_a(Mapping, "what coefficients gives", found)
    assert isinstance(found, Mapping)
    for name, value in found.items():
        require(isinstance(name, str), f"a coefficient is called {name!r}, not by a text")
        is_a(Tensor, f"coefficient '{name}'", value)
        require(value.dtype == torch.float64, f"coefficient '{name}' is {value.dtype}, not float64")
        shape = (1, 1, 1, *value.shape)[-3:]
        sizes = zip(shape, (steps, replicas, 1), strict=True)
        fits = value.dim() <= 3 and all(size in (1, most) for size, most in sizes)
        require(fits, f"coefficient '{name}' {list(value.shape)} does not fit [k, R, 1]")
