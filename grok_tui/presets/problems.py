"""What is wrong with a preset, in one line: the key as its author wrote it, and the nearest valid name."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from ..catalog.base import nearest
from ..numbers import plural

SHOULD_BE = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of at most 64 bits",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "string_unicode": "a text in UTF-8",
    "list_type": "a list",
    "tuple_type": "a list",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
}
"""What pydantic calls what it misses, in our words."""


def first_problem(error: ValueError) -> str:
    """Return one line for a validation error or any other ValueError."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    key, problem = explain(error, dict.fromkeys(first["loc"][-1:]))
    return f"{key}: {problem}" if key else problem


def problem_of_json(error: ValidationError, document: bytes | str) -> str:
    """Return one line for what is wrong with a document of JSON, whose whole text this is."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        return "is not JSON"
    key, problem = explain(error, from_json(document))
    return f"{key}: {problem}" if key else problem


def explain(error: ValidationError, raw: Any) -> tuple[str, str]:
    """Return the dotted key (as in `arms.adam.optimizer.lr`) and the problem of the first error.

    Args:
        error: what pydantic found.
        raw: the data it looked at, to tell the author's keys from pydantic's own path elements.
    """
    first = _most_telling(error.errors(include_url=False), raw)
    key = _author_key(first, raw)
    context = first.get("ctx", {})
    match first["type"]:
        case "name_unknown":
            problem = f"unknown {context['key']} '{context['name']}'{context['near']}"
            # A loss may be written as its name alone, which then is the value itself.
            return key if _is_text(first, raw) else f"{key}.{context['key']}", problem
        case "name_missing":
            return key, f"{context['key']} is missing"
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
        case "missing" if isinstance(first["loc"][-1], int):  # of a list of a given length
            return key, "has too few elements"
        case "missing":
            return key, "missing"
        case "extra_forbidden":
            return key, "unknown key"
        case "too_short" | "too_long":
            more, bound = ("least", "min") if first["type"] == "too_short" else ("most", "max")
            return key, f"should have at {more} {plural(context[f'{bound}_length'], 'element')}"
        case kind if kind in SHOULD_BE:
            return key, f"should be {SHOULD_BE[kind]}{_given(first['input'])}"
        case "string_pattern_mismatch":
            return key, f"'{first['input']}' is no name: lower-case letters, digits and _ only"
    problem = first["msg"].removeprefix("Value error, ")
    if problem.startswith("Input should be"):
        problem = "should be" + problem.removeprefix("Input should be") + _given(first["input"])
    return key, problem


def _most_telling(errors: list[ErrorDetails], raw: Any) -> ErrorDetails:
    """Of the branches of a union that all refuse a text, choose the one that lists the texts it takes."""
    same = [error for error in errors if _author_key(error, raw) == _author_key(errors[0], raw)]
    listing = (
        error for error in same if error["type"] == "literal_error" and isinstance(error["input"], str)
    )
    return next(listing, errors[0])


def _author_key(error: ErrorDetails, raw: Any) -> str:
    """Leave out of an error's path what pydantic adds to it: the names of a union's branches."""
    parts: list[str] = []
    value = raw
    for i, part in enumerate(error["loc"]):
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
        elif error["type"] == "missing" and i == len(error["loc"]) - 1 and isinstance(part, str):
            parts.append(str(part))
    return ".".join(parts)


def _is_text(error: ErrorDetails, raw: Any) -> bool:
    """Whether what the author wrote at the place of an error is a text."""
    value = raw
    for part in error["loc"]:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return False
    return isinstance(value, str)


def _quoted(names: str) -> list[str]:
    return [name.strip(" '") for name in names.replace(" or ", ", ").split(",")]


def _given(value: Any) -> str:
    text = repr(value)
    return f", not {text}" if len(text) <= 40 else ""
