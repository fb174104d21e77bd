"""What is wrong with a preset, in one line: the key as its author wrote it, and the nearest valid name."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ..catalog.base import nearest


def first_problem(error: ValueError) -> str:
    """Return one line for a validation error or any other ValueError."""
    if not isinstance(error, ValidationError):
        return str(error)
    key, problem = explain(error, None)
    return f"{key}: {problem}" if key else problem


def explain(error: ValidationError, raw: Any) -> tuple[str, str]:
    """Return the dotted key (as in `arms.adam.optimizer.lr`) and the problem of the first error.

    Args:
        error: what pydantic found.
        raw: the data it looked at, to tell the author's keys from pydantic's own path elements; or None.
    """
    first = error.errors(include_url=False)[0]
    key = _author_key(first["loc"], raw)
    context = first.get("ctx", {})
    match first["type"]:
        case "union_tag_invalid":
            discriminator = context["discriminator"].strip("'")
            tag = str(context["tag"])
            problem = f"unknown {discriminator} '{tag}'{nearest(tag, _quoted(context['expected_tags']))}"
            return f"{key}.{discriminator}", problem
        case "union_tag_not_found":
            return key, f"{context['discriminator']} is missing"
        case "literal_error":
            given = str(first["input"])
            return key, f"unknown value '{given}'{nearest(given, _quoted(context['expected']))}"
        case "missing":
            return key, "missing"
        case "string_pattern_mismatch":
            return key, f"'{first['input']}' is no name: lower-case letters, digits and _ only"
    problem = first["msg"].removeprefix("Value error, ")
    if problem.startswith("Input should be"):
        problem = "should be" + problem.removeprefix("Input should be") + _given(first["input"])
    return key, problem


def _author_key(location: tuple[int | str, ...], raw: Any) -> str:
    parts: list[str] = []
    value = raw
    for i, part in enumerate(location):
        last = i == len(location) - 1
        if isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
            name = value.get("name") if isinstance(value, dict) else None
            if isinstance(name, str):
                parts.append(name)
            elif parts:
                parts[-1] += f"[{part}]"
        elif isinstance(value, dict) and part in value:
            value = value[part]
            parts.append(str(part))
        elif last and not _is_inner(part):
            parts.append(str(part))
    return ".".join(parts)


def _is_inner(part: int | str) -> bool:
    """Tell whether a path element is pydantic's name for a branch of a union, such as `literal['full']`."""
    return isinstance(part, str) and (part in ("int", "float", "bool", "str") or "[" in part)


def _quoted(names: str) -> list[str]:
    return [name.strip(" '") for name in names.replace(" or ", ", ").split(",")]


def _given(value: Any) -> str:
    text = repr(value)
    return f", not {text}" if len(text) <= 40 else ""
