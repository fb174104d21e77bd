"""Find preset files, read them, lay profile and command line over them, and validate the whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..catalog.base import nearest
from ..errors import PresetError
from ..files import reason
from ..paths import shipped_presets, user_presets
from ..printable import printable, shortened
from ..reading import read_toml
from .assigning import Table, assign, shorten
from .model import ELSEWHERE, Preset
from .problems import explain

LARGEST_FILE = 1_000_000  # bytes; a preset is a page of text

PROFILES = ("quick", "medium", "full")


def names() -> list[str]:
    """Return the names of all presets that can be asked for by name, sorted."""
    return sorted({path.stem for folder in _folders() for path in _files(folder)})


def find(name: str) -> Path:
    """Return the file of a preset given as a path or as a name.

    A path wins over the user's folder, and that over the shipped presets.

    Raises:
        PresetError: there is none.
    """
    if name.endswith(".toml") or os.sep in name:
        return Path(name)
    for folder in _folders():
        path = folder / f"{name}.toml"
        with suppress(OSError):  # of a name that no file can have
            if path.is_file():
                return path
    raise PresetError("", "", f"unknown preset '{shortened(printable(name), 60)}'{nearest(name, names())}")


def profiles_of(name: str) -> tuple[str, ...]:
    """Return the profiles that a preset tells apart: "quick", and those that it has a table for.

    Raises:
        PresetError: there is no such preset, or it cannot be read.
    """
    table = read(find(name))
    return tuple(profile for profile in PROFILES if profile == "quick" or profile in table)


def load(
    name: str | Table,
    *,
    profile: str = "quick",
    assignments: Sequence[str] = (),
    seed: int | None = None,
    replicas: int | None = None,
    steps: int | None = None,
) -> Preset:
    """Load and check a preset.

    Args:
        name: a path, the name of a preset in the user's folder or among the shipped ones, or its tables.
        profile: "quick" as the file's tables stand, "full" with its `[full]` laid over them, or "medium"
            with its `[medium]` laid over both, if it has one, and as "quick" if it has none.
        assignments: `key=value` texts laid over the file, e.g. `training.loss_dtype=float64`,
            `arms.adam.optimizer.lr=1e-2`, or `optimizer.lr=1e-2` for every arm.
        seed: replaces `training.seed`.
        replicas: replaces `training.replicas`.
        steps: replaces the steps of every arm; interventions after the new end fall away.

    Raises:
        PresetError: the file cannot be read, or something in it or on the command line is wrong.
    """
    if profile not in PROFILES:
        raise PresetError("--profile", "", f"unknown profile '{profile}'{nearest(profile, list(PROFILES))}")
    path = find(name) if isinstance(name, str) else None
    source = "the preset" if path is None else str(path)
    given = deepcopy(name) if isinstance(name, dict) else read(find(name))
    tables = _profiles(given, source)
    table = tables.get(profile, tables["quick"])
    if path is None or path.parent != shipped_presets():  # those are known to be sound under every profile
        for other, its in tables.items():
            if its is not table:
                _validated(its, f"{source} under --profile {other}", context=ELSEWHERE)
    preset = _validated(table, source)
    if not assignments and seed is None and replicas is None and steps is None:
        return preset
    for text in assignments:
        assign(table, text)
    for key, value in (("seed", seed), ("replicas", replicas)):
        if value is not None:
            assign(table, f"training.{key}={value}")
    if steps is not None:
        shorten(table, steps)
    return _validated(table, "command line")


def _profiles(table: Table, source: str) -> dict[str, Table]:
    """Return the tables of each profile that the file tells apart."""
    overs = {name: table.pop(name) for name in ("full", "medium") if name in table}
    for name, over in overs.items():
        if not isinstance(over, dict):
            raise PresetError(source, name, "should be a table: what this profile lays over the others")
    tables = {"quick": table}
    full = _merged(table, overs.get("full", {}))
    if "full" in overs:
        tables["full"] = full
    if "medium" in overs:
        tables["medium"] = _merged(full, overs["medium"])
    return tables


def read(path: Path) -> Table:
    """Read a preset file as plain tables.

    Raises:
        PresetError: it is missing, a folder, too large, not text, empty or not TOML.
    """
    source = str(path)
    try:
        if path.is_dir():
            raise PresetError(source, "", "is a folder, not a preset file")
        table = read_toml(path, LARGEST_FILE, "preset")
    except OSError as error:
        raise PresetError(source, "", reason(error)) from None
    except ValueError as error:
        raise PresetError(source, "", str(error)) from None
    if not table:
        raise PresetError(source, "", "is empty")
    return table


def _folders() -> Iterator[Path]:
    yield user_presets()
    yield shipped_presets()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.toml") if path.is_file()) if folder.is_dir() else []


def _merged(base: Any, over: Any) -> Any:
    """Lay one table over another: tables merge, and so do lists of named tables; the rest is replaced."""
    if isinstance(base, dict) and isinstance(over, dict) and over.get("name") in (None, base.get("name")):
        return base | {key: _merged(base.get(key), value) for key, value in over.items()}
    if _are_named(base) and _are_named(over):
        changes = {item["name"]: item for item in over}
        merged = [_merged(item, changes.pop(item["name"], {})) for item in base]
        return merged + list(changes.values())
    return over


def _are_named(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in value
    )


def _validated(table: Table, source: str, context: Mapping[str, bool] | None = None) -> Preset:
    complete = dict(table)
    arms = table.get("arms")
    if isinstance(arms, list):
        complete["arms"] = [_complete_arm(arm, table) for arm in arms]
    try:
        return Preset.model_validate(complete, context=context)
    except ValidationError as error:
        raise PresetError(source, *explain(error, complete)) from None


def _complete_arm(arm: Any, table: Table) -> Any:
    """Fill in what an arm takes from the preset's own tables."""
    if not isinstance(arm, dict):
        return arm
    training = table.get("training")
    shared = (
        {k: v for k, v in training.items() if k not in ("seed", "replicas")}
        if isinstance(training, Mapping)
        else {}
    )
    return {
        **arm,
        "task": _merged(table.get("task", {}), arm.get("task", {})),
        "training": _merged(shared, arm.get("training", {})),
        "model": _merged(table.get("model", {}), arm.get("model", {})),
        "modifiers": _merged(table.get("modifiers", {}), arm.get("modifiers", {})),
        "schedule": _merged(table.get("schedule", {}), arm.get("schedule", {})),
    }
