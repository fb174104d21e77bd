"""Find preset files, read them, lay profile and command line over them, and validate the whole."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..catalog.base import nearest
from ..catalog.optimizers import OPTIMIZERS
from ..errors import PresetError
from ..files import read_toml, reason
from ..paths import shipped_presets, user_presets
from ..printable import printable, shortened
from .model import Preset
from .problems import explain

Table = dict[str, Any]

LONGEST_NAME = 256  # characters; file systems take no longer one

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
        if len(path.name) < LONGEST_NAME and path.is_file():
            return path
    raise PresetError("", "", f"unknown preset '{shortened(printable(name), 60)}'{nearest(name, names())}")


def load(
    name: str,
    *,
    profile: str = "quick",
    assignments: Sequence[str] = (),
    seed: int | None = None,
    replicas: int | None = None,
    steps: int | None = None,
) -> Preset:
    """Load and check a preset.

    Args:
        name: a path, or the name of a preset in the user's folder or among the shipped ones.
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
    path = find(name)
    table = read(path)
    full, medium = table.pop("full", {}), table.pop("medium", None)
    if profile not in PROFILES:
        raise PresetError("--profile", "", f"unknown profile '{profile}'{nearest(profile, list(PROFILES))}")
    if profile == "full":
        table = _merged(table, full)
    elif profile == "medium" and medium is not None:
        table = _merged(_merged(table, full), medium)
    preset = _validated(table, str(path))
    if not assignments and seed is None and replicas is None and steps is None:
        return preset
    for text in assignments:
        _assign(table, text)
    training = table["training"]
    training.update({k: v for k, v in (("seed", seed), ("replicas", replicas)) if v is not None})
    if steps is not None:
        training["steps"] = steps
        for arm in table["arms"]:
            arm.get("training", {}).pop("steps", None)
        table["interventions"] = [i for i in table.get("interventions", []) if i["at_step"] < steps]
    return _validated(table, "command line")


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
    return sorted(folder.glob("*.toml")) if folder.is_dir() else []


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
    return isinstance(value, list) and all(isinstance(item, dict) and "name" in item for item in value)


def _validated(table: Table, source: str) -> Preset:
    complete = dict(table)
    arms = table.get("arms")
    if isinstance(arms, list):
        complete["arms"] = [_complete_arm(arm, table) for arm in arms]
    try:
        return Preset.model_validate(complete)
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
    }


def _assign(table: Table, text: str) -> None:
    """Carry out one `key=value` of the command line."""
    key, equals, value_text = text.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path):
        raise PresetError("--set", "", f"'{text}' is not of the form key=value")
    value = _parsed(value_text.strip())
    if path[0] == "optimizer" and len(path) == 2:
        holders = [a["optimizer"] for a in table["arms"]]
        holders = [o for o in holders if path[1] in OPTIMIZERS[o["name"]].spec.model_fields]
        if not holders:
            valid = {
                field for a in table["arms"] for field in OPTIMIZERS[a["optimizer"]["name"]].spec.model_fields
            }
            raise PresetError("--set", key, f"no arm has this{nearest(path[1], sorted(valid - {'name'}))}")
        for holder in holders:
            holder[path[1]] = value
        return
    target: Any = table
    for part in path[:-1]:
        if isinstance(target, list):
            named = {str(item["name"]): item for item in target if "name" in item}
            if part not in named:
                raise PresetError("--set", key, f"unknown name '{part}'{nearest(part, list(named))}")
            target = named[part]
        else:
            if part not in target and part not in Preset.model_fields and target is table:
                raise PresetError(
                    "--set", key, f"unknown key '{part}'{nearest(part, list(Preset.model_fields))}"
                )
            if part == "frame" and isinstance(target.get(part), str):
                target[part] = {"name": target[part]}  # a name alone stands for its table
            target = target.setdefault(part, {})
        if not isinstance(target, (dict, list)):
            raise PresetError("--set", key, f"'{part}' is a value, not a table")
    if not isinstance(target, dict):
        raise PresetError("--set", key, "names a list, not a value")
    target[path[-1]] = value


def _parsed(text: str) -> Any:
    """Read a value as TOML does, and what is not TOML as a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
