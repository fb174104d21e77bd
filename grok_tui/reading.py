"""Files that people bring: opened, bounded and understood in one place, and never followed into a device.

Whatever stands in a file or on the command line goes through here before anything looks at it: a pipe or a
device does not hold the program up, a file has a size, and what TOML makes of it has a depth and numbers of
64 bits.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

DEEPEST = 16
"""Tables and lists within each other; a preset has five."""

LARGEST_NUMBER = 2**63 - 1
"""The largest whole number; steps, seeds and sizes are counted in 64 bits."""


class NotRegularError(OSError):
    """What is there is a folder, a pipe, a socket or a device."""


def open_regular(path: Path, *, links: bool = True) -> BinaryIO:
    """Open a regular file to read it, without waiting for anything that is none.

    Args:
        path: the file.
        links: whether it may be a link to one.

    Raises:
        NotRegularError: it is no regular file.
        OSError: it is missing, or cannot be opened.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW)
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotRegularError("is not a regular file")
    return os.fdopen(handle, "rb")


def read_toml(path: Path, largest: int, purpose: str) -> dict[str, Any]:
    """Read a TOML file as plain tables.

    Args:
        path: the file.
        largest: the most bytes that it may have.
        purpose: what it is read as, for what is said of one that is too large.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, no text, or refused by `parse_toml`; its message says so.
    """
    with open_regular(path) as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise ValueError(f"is larger than {largest // 1_000_000} MB, so no {purpose}")
    try:
        return parse_toml(content.decode())
    except UnicodeDecodeError:
        raise ValueError("is not a text file") from None


def parse_toml(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises:
        ValueError: it is not TOML, nests too deep, or has a whole number that does not fit into 64 bits.
    """
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is not TOML: {error}") from None
    except RecursionError:
        raise ValueError(f"nests deeper than {DEEPEST} tables and lists") from None
    except ValueError:  # Python's own bound on digits
        raise ValueError("has a whole number of thousands of digits") from None
    for key, value, depth in _values(table):
        if depth > DEEPEST:
            raise ValueError(f"{key[:40]}: nests deeper than {DEEPEST} tables and lists")
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise ValueError(f"{key}: a whole number of more than 64 bits")
    return table


def _values(table: dict[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """Yield all that a table holds, at any depth: its dotted key, the value, and how deep it lies."""
    waiting: list[tuple[str, Any, int]] = [("", table, 0)]
    while waiting:
        key, value, depth = waiting.pop()
        yield key, value, depth
        if depth > DEEPEST:
            continue
        if isinstance(value, dict):
            waiting += [(f"{key}.{name}".lstrip("."), inner, depth + 1) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{key}[{i}]", inner, depth + 1) for i, inner in enumerate(value)]
