"""The tables of Power et al. 2022 ("Grokking", appendix A.1.1), exact, in whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from ...catalog.tasks import BinaryOperation

Integers = NDArray[np.int64]

UNDEFINED = -1


def operation_table(spec: BinaryOperation) -> Integers:
    """Return x o y for all symbols x (rows) and y (columns) [n, n], -1 where it is not defined."""
    if spec.permuted:
        return _permuted(spec.operation.split("_")[1], spec.permuted)
    p = spec.p
    x, y = np.arange(p)[:, None], np.arange(p)[None, :]
    return MODULAR[spec.operation](x, y, p)


def _divided(x: Integers, y: Integers, p: int) -> Integers:
    """Return the z with z y = x mod p, a prime; -1 where y = 0."""
    inverses = np.array([UNDEFINED, *(pow(number, -1, p) for number in range(1, p))])
    return np.where(y == 0, UNDEFINED, x * inverses[y] % p)


MODULAR: dict[str, Callable[[Integers, Integers, int], Integers]] = {
    "add": lambda x, y, p: (x + y) % p,
    "subtract": lambda x, y, p: (x - y) % p,
    "multiply": lambda x, y, p: x * y % p,
    "divide": _divided,
    "x2+y": lambda x, y, p: (x**2 + y) % p,
    "x3+y": lambda x, y, p: (x**3 + y) % p,
    "x2+y2": lambda x, y, p: (x**2 + y**2) % p,
    "x2+xy+y2": lambda x, y, p: (x**2 + x * y + y**2) % p,
    "x2+xy+y2+x": lambda x, y, p: (x**2 + x * y + y**2 + x) % p,
    "x3+xy": lambda x, y, p: (x**3 + x * y) % p,
    "x3+xy2+y": lambda x, y, p: (x**3 + x * y**2 + y) % p,
    "odd_y_divide_else_subtract": lambda x, y, p: np.where(y % 2 == 1, _divided(x, y, p), (x - y) % p),
    "even_x_add_else_multiply": lambda x, y, p: np.where(x % 2 == 0, x + y, x * y) % p,
    "even_x_add_else_subtract": lambda x, y, p: np.where(x % 2 == 0, x + y, x - y) % p,
}


def permutation_list(things: int) -> Integers:
    """Return all permutations [n, things], where row x sends i to row[i]; symbol x is row x."""
    return np.array(list(permutations(range(things))))


def composition(things: int) -> Integers:
    """Return the permutation that does x, then y, for all x and y [n, n]."""
    elements = permutation_list(things)
    return _symbols(_then(elements[:, None], elements[None, :]))


def _permuted(name: str, things: int) -> Integers:
    xy = composition(things)
    symbols = np.arange(len(xy))[:, None]
    if name == "compose":
        return xy
    return xy[xy, inverses(xy)[:, None] if name == "conjugate" else symbols]


def inverses(composed: Integers) -> Integers:
    """Return the inverse of each element [n] of a group with this table; the identity comes first."""
    found: Integers = np.argmin(composed, axis=1)
    return found


def _then(first: Integers, second: Integers) -> Integers:
    """Return the permutations that do the first, then the second: i goes to second[first[i]]."""
    first, second = np.broadcast_arrays(first, second)
    return np.take_along_axis(second, first, axis=-1)


def _symbols(elements: Integers) -> Integers:
    """Return which symbol each permutation [..., things] is."""
    things = elements.shape[-1]
    digits = things ** np.arange(things)[::-1]
    # Written in base `things`, permutations in lexicographic order are numbers in ascending order.
    found: Integers = np.searchsorted(permutation_list(things) @ digits, elements @ digits)
    return found
