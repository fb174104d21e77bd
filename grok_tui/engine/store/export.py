"""The logs of a kept run as others read them. Free of torch."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from typing import Any

from grok_tui.printable import leaving

from .directory import EVENTS, FORKS, INTERVENTIONS, MEASURES, RunDirectory
from .files import StoreError, read_bounded, text_of

LARGEST_LOG = 2**31  # bytes

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""What an arm may be called in a log."""


def csv_of(directory: RunDirectory) -> str:
    """Return the run's measures as CSV: columns `arm`, `step`, `replica` and one for each measure.

    Raises:
        StoreError: the folder cannot be read.
    """
    return leaving(_lines(directory, MEASURES))


def read_events(directory: RunDirectory) -> list[dict[str, Any]]:
    """Return the lines of the log of events.

    Raises:
        StoreError: it cannot be read, or is none.
    """
    return _documents(directory, EVENTS)


def read_interventions(directory: RunDirectory) -> list[dict[str, Any]]:
    """Return the lines of the log of interventions: `scheduled`, `intervention`.

    Raises:
        StoreError: it cannot be read, or is none.
    """
    return _documents(directory, INTERVENTIONS)


def read_forks(directory: RunDirectory) -> list[dict[str, Any]]:
    """Return the lines of the log of forks, in order.

    Raises:
        StoreError: it cannot be read, or is none.
    """
    return _documents(directory, FORKS) if os.path.lexists(directory.path / FORKS) else []


def _lines(directory: RunDirectory, name: str) -> str:
    """Return the whole lines of a log; a run at work may be writing one more."""
    content = read_bounded(directory.path / name, LARGEST_LOG)
    return text_of(directory.path / name, content[: content.rfind(b"\n") + 1])


def _documents(directory: RunDirectory, name: str) -> list[dict[str, Any]]:
    return [_parsed(directory, name, line) for line in _lines(directory, name).splitlines()]


def _parsed(directory: RunDirectory, name: str, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise StoreError(f"{directory.path / name}: a line of it is no JSON")
    found.pop("sum", None)  # a checksum, which what takes a run up again looks at
    return found


def read_measures(directory: RunDirectory, *, only_finite: bool = True) -> dict[str, dict[str, Any]]:
    """Return by arm: the recorded steps [n] as `step`, and each measure [n][R].

    Args:
        directory: the run's folder.
        only_finite: whether None stands for NaN and infinities, as in JSON.

    Raises:
        StoreError: the log cannot be read, or is none.
    """
    text = _lines(directory, MEASURES)
    found: dict[str, dict[str, Any]] = {}
    try:
        for row in csv.DictReader(io.StringIO(text)):
            arm = found.setdefault(row.pop("arm"), {"step": []})
            step, replica = int(row.pop("step")), int(row.pop("replica"))
            if replica == 0:
                arm["step"].append(step)
            for name, value in row.items():
                if value == "":  # another arm's measure
                    continue
                values = arm.setdefault(name, [])
                if replica == 0:
                    values.append([])
                number = float(value)
                values[-1].append(number if math.isfinite(number) or not only_finite else None)
        for name, arm in found.items():
            if not NAME.fullmatch(name):  # others name files by it
                raise ValueError(name)
            _make_whole(arm)
    except (ValueError, KeyError, IndexError, TypeError, csv.Error):
        raise StoreError(f"{directory.path / MEASURES}: is no table of measures") from None
    return found


def _make_whole(arm: dict[str, Any]) -> None:
    """Leave out a last step of which some replicas are not written yet.

    Raises:
        ValueError: columns or rows have different lengths besides.
    """
    columns = [values for name, values in arm.items() if name != "step"]
    replicas = {len(row) for values in columns for row in values[:1]}
    if len(arm["step"]) > 1 and any(len(row) not in replicas for values in columns for row in values[-1:]):
        for values in arm.values():
            values.pop()
    sizes = {len(row) for values in columns for row in values}
    if len({len(values) for values in arm.values()}) != 1 or len(sizes) != 1:
        raise ValueError("columns of different lengths")
