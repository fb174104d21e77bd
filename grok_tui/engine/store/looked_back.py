"""`looked_back.csv`: the measures that look back, of the arms that have come to their end. Free of torch.

It is apart from `measures.csv`, which grows as the run goes on, because it is known at the end alone: it is
there whole or not at all, and goes away where an arm goes back or on.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping

import numpy as np

from grok_tui.engine.record.looked_back import LookedBack
from grok_tui.files import write_atomically

from .directory import LOOKED_BACK, RunDirectory
from .files import StoreError, read_bounded, text_of

KEYS = ("arm", "step", "replica")
"""The first columns, as of the table of measures."""

LARGEST_FILE = 2**31  # bytes


class LookedBackFile:
    """Keeps the file of a run's folder as the arms are."""

    def __init__(self, directory: RunDirectory) -> None:
        self._path = directory.path / LOOKED_BACK
        self._written: dict[str, LookedBack] | None = None

    def settle(self, arms: Mapping[str, LookedBack]) -> None:
        """Write what arms have, by name, or delete the file where that is nothing.

        Raises:
            OSError: it cannot be written; the next time it is tried again.
        """
        found = {name: one for name, one in arms.items() if len(one)}
        if self._written is not None and _same(found, self._written):
            return
        if found:
            write_atomically(self._path, _text(found).encode())
        else:
            self._path.unlink(missing_ok=True)
        self._written = found

    def delete(self) -> None:
        """Delete the file, to be written anew.

        Raises:
            OSError: that is not allowed.
        """
        self._path.unlink(missing_ok=True)
        self._written = None


def _same(found: Mapping[str, LookedBack], others: Mapping[str, LookedBack]) -> bool:
    return found.keys() == others.keys() and all(found[name] is others[name] for name in found)


def _text(arms: Mapping[str, LookedBack]) -> str:
    """Return a row for each arm, step and replica; what an arm does not have is left empty."""
    columns = list(dict.fromkeys(name for found in arms.values() for name in found.names))
    lines = [",".join((*KEYS, *columns))]
    for arm, found in arms.items():
        places = [found.names.index(name) if name in found.names else None for name in columns]
        for step, row in zip(found.steps.tolist(), found.rows.tolist(), strict=True):
            for replica in range(found.rows.shape[-1]):
                values = ("" if place is None else repr(row[place][replica]) for place in places)
                lines.append(",".join((arm, str(step), str(replica), *values)))
    return "".join(f"{line}\n" for line in lines)


def csv_of_looked_back(directory: RunDirectory) -> str:
    """Return the file's text; nothing where there is none.

    Raises:
        StoreError: it cannot be read.
    """
    path = directory.path / LOOKED_BACK
    if not os.path.lexists(path):
        return ""
    return text_of(path, read_bounded(path, LARGEST_FILE))


def read_looked_back(directory: RunDirectory) -> dict[str, LookedBack]:
    """Return what arms have, by name.

    Raises:
        StoreError: the file cannot be read, or is no such table.
    """
    table: dict[str, list[dict[str, str]]] = {}
    try:
        for row in csv.DictReader(io.StringIO(csv_of_looked_back(directory)), strict=True):
            table.setdefault(row["arm"], []).append(row)
        return {arm: _parsed(rows) for arm, rows in table.items()}
    except (ValueError, KeyError, TypeError, csv.Error):
        raise StoreError(f"{directory.path / LOOKED_BACK}: is no table of measures") from None


def _parsed(rows: list[dict[str, str]]) -> LookedBack:
    names = tuple(name for name, value in rows[0].items() if name not in KEYS and value != "")
    replicas = 1 + max(int(row["replica"]) for row in rows)
    steps = np.array([int(row["step"]) for row in rows[::replicas]], dtype=np.int64)
    if (np.diff(steps) <= 0).any():
        raise ValueError("steps go backwards")
    values = np.array([[float(row[name]) for name in names] for row in rows])
    return LookedBack(names, steps, values.reshape(len(steps), replicas, len(names)).swapaxes(1, 2))
