"""What the command line lays over a preset's tables: `--set key=value`, and how many steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..catalog.base import nearest
from ..catalog.optimizers import OPTIMIZERS
from ..errors import PresetError
from ..printable import printable, shortened
from ..reading import parse_toml
from .model import Preset

Table = dict[str, Any]

OPTION = "--set"


def assign(table: Table, text: str) -> None:
    """Carry out one `key=value` in a preset's tables, which need not be sound.

    Raises:
        PresetError: it is none, or there is no such place.
    """
    key, value = _taken_apart(text)
    path = key.split(".")
    if path[0] == "optimizer" and len(path) == 2:
        _assign_to_optimizers(table, key, path[1], value)
        return
    target: Any = table
    for part in path[:-1]:
        target = _step_into(target, part, key, whole=target is table)
    if not isinstance(target, dict):
        raise PresetError(OPTION, key, "names a list, not a value")
    target[path[-1]] = value


def shorten(table: Table, steps: int) -> None:
    """Give every arm that many steps; interventions after the new end fall away.

    Raises:
        PresetError: there is no place for it.
    """
    assign(table, f"training.steps={steps}")
    for arm in _tables(table.get("arms")):
        if isinstance(arm.get("training"), dict):
            arm["training"].pop("steps", None)
    late = [i for i in _tables(table.get("interventions")) if _is_after(steps, i.get("at_step"))]
    if late:
        table["interventions"] = [one for one in table["interventions"] if one not in late]


def _taken_apart(text: str) -> tuple[str, Any]:
    """Return key and value of an assignment; what is not TOML is a text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PresetError(OPTION, "", f"'{_shown(text)}' is not UTF-8") from None
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not all(key.split(".")):
        raise PresetError(OPTION, "", f"'{_shown(text)}' is not of the form key=value")
    try:
        found = parse_toml(f"value = {value}")
    except ValueError as error:
        if str(error).startswith("is not TOML"):
            return key, value
        raise PresetError(OPTION, key, str(error).removeprefix("value: ")) from None
    if set(found) != {"value"}:
        raise PresetError(OPTION, key, "is followed by a second line; give --set once for each")
    return key, found["value"]


def _step_into(target: Any, part: str, key: str, *, whole: bool) -> Any:
    """Return the table or list of a name in another one; a table that is not there yet is made."""
    if isinstance(target, list):
        named = {str(item["name"]): item for item in target if isinstance(item, dict) and "name" in item}
        if part not in named:
            raise PresetError(OPTION, key, f"unknown name '{part}'{nearest(part, list(named))}")
        inner: Any = named[part]
    else:
        if whole and part not in target and part not in Preset.model_fields:
            valid = list(Preset.model_fields)
            raise PresetError(OPTION, key, f"unknown key '{part}'{nearest(part, valid)}")
        if part == "frame" and isinstance(target.get(part), str):
            target[part] = {"name": target[part]}  # a name alone stands for its table
        inner = target.setdefault(part, {})
    if not isinstance(inner, (dict, list)):
        raise PresetError(OPTION, key, f"'{part}' is a value, not a table")
    return inner


def _assign_to_optimizers(table: Table, key: str, knob: str, value: Any) -> None:
    """Set a hyperparameter of every optimizer that has it."""
    fields = [(optimizer, OPTIMIZERS[optimizer["name"]].spec.model_fields) for optimizer in _known(table)]
    for optimizer, theirs in fields:
        if knob in theirs:
            optimizer[knob] = value
    valid = {field for _, theirs in fields for field in theirs}
    if knob not in valid:
        raise PresetError(OPTION, key, f"no arm has this{nearest(knob, sorted(valid - {'name'}))}")


def _known(table: Table) -> Iterator[Table]:
    """Yield the tables of those optimizers that an earlier assignment left as they should be."""
    for arm in _tables(table.get("arms")):
        optimizer = arm.get("optimizer")
        if isinstance(optimizer, dict) and str(optimizer.get("name")) in OPTIMIZERS:
            yield optimizer


def _tables(value: Any) -> list[Table]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _is_after(steps: int, at_step: Any) -> bool:
    return isinstance(at_step, int) and at_step >= steps


def _shown(text: str) -> str:
    return shortened(printable(text), 60)
