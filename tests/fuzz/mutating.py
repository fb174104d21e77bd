"""Mutations of tables, texts and bytes, and tables written as TOML."""

from __future__ import annotations

import json
import math
import random
import re
from copy import deepcopy
from typing import Any

NUMBERS = [
    *(
        0,
        1,
        -1,
        2,
        3,
        7,
        255,
        1024,
        1025,
        100_000,
        2**31 - 1,
        2**31,
        2**53,
        2**53 + 1,
        2**63 - 1,
        2**63,
        10**30,
    ),
    *(10**400, 0.0, -0.0, 0.5, 1.0, 1.5, -1e-3, 1e-320, 1e308, -1e308, math.inf, -math.inf, math.nan),
]
TEXTS = [
    *("", " ", "a", "x.y", "full", "auto", "none", "true", "0", "1e3", "nan", "sgd", "adam", "mlp", "linear"),
    *(
        "\x1b[2J\x1b]0;T\x07",
        "two\nlines",
        "nul\x00",
        "\u202egnirts",
        "é",
        "\U0001f600",
        "\x9b31m",
        "a" * 500,
    ),
    *("../up", "/", "a/b", "'", '"', "[", "{}", "%s", "${HOME}", "__class__", "end(a.bias) > 0", "1 < 2"),
]
BYTES = [
    b"\xff",
    b"\x00",
    b"\x1b[2J",
    b"\r",
    b"\n",
    b'"',
    b"'",
    b"=",
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b"\xc3",
    b"#",
]


def strange(rng: random.Random) -> Any:
    """Return a value of any kind."""
    match rng.randrange(10):
        case 0:
            return rng.choice([True, False])
        case 1:
            return []
        case 2:
            return {}
        case 3:
            return [strange(rng) for _ in range(rng.randrange(1, 4))]
        case 4:
            return {rng.choice([*TEXTS, "name", "lr"]): strange(rng)}
        case 5:
            return nested(rng.choice([2, 5, 15, 16, 17, 40]), rng.random() < 0.5)
        case 6 | 7:
            return rng.choice(TEXTS)
        case _:
            return rng.choice(NUMBERS)


def nested(depth: int, lists: bool) -> Any:
    """Return tables or lists within each other."""
    value: Any = 1
    for _ in range(depth):
        value = [value] if lists else {"a": value}
    return value


def near(value: Any, rng: random.Random) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        if rng.random() < 0.4:
            return rng.choice(NUMBERS)
        factor = rng.choice([-1, 0, 0.5, 2, 10, 1000])
        return type(value)(value * factor) if math.isfinite(value) else 0.1
    if isinstance(value, str):
        at = rng.randrange(len(value) + 1)
        return rng.choice(
            [value[:at], value[at:], value[:at] + rng.choice(TEXTS) + value[at:], value.upper()]
        )
    if isinstance(value, list):
        return rng.choice([value[1:], value + value[:1], [*value, strange(rng)], value[::-1]])
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if rng.random() < 0.7}
    return value


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in tables and lists: what holds it, and its key or index."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        found += [(one, key) for key in keys]
        waiting += [one[key] for key in keys]
    return found


def mutated(table: dict[str, Any], rng: random.Random, most: int = 3) -> dict[str, Any]:
    """Return a copy with one to `most` changes."""
    table = deepcopy(table)
    for _ in range(rng.randint(1, most)):
        known = places(table)
        if not known:
            break
        holder, key = rng.choice(known)
        match rng.randrange(8):
            case 0:
                holder[key] = strange(rng)
            case 1:
                del holder[key]
            case 2 if isinstance(holder, dict):
                holder[rng.choice([f"{key}x", key[:-1], key.upper(), *TEXTS])] = holder.pop(key)
            case 3 if isinstance(holder, dict):
                holder[rng.choice(["maximize", "namee", "lr", "steps", "full", *TEXTS])] = strange(rng)
            case 4:
                other, its = rng.choice(known)
                if its in other if isinstance(other, dict) else its < len(other):
                    holder[key] = deepcopy(other[its])
            case _:
                holder[key] = near(holder[key], rng)
    return table


def mutated_bytes(content: bytes, rng: random.Random, most: int = 3) -> bytes:
    """Return a copy with one to `most` bytes or spans changed."""
    for _ in range(rng.randint(1, most)):
        at = rng.randrange(len(content) + 1)
        end = min(len(content), at + rng.choice([1, 1, 2, 5, 20, 100]))
        match rng.randrange(7):
            case 0:
                content = content[:at] + rng.choice(BYTES) + content[at:]
            case 1:
                content = content[:at] + content[end:]
            case 2:
                content = content[:at] + content[at:end] * rng.choice([2, 3, 50]) + content[end:]
            case 3 if content:
                flipped = content[at - 1] ^ (1 << rng.randrange(8))
                content = content[: at - 1 if at else -1] + bytes([flipped]) + content[at or len(content) :]
            case 4:
                content = content[:at]
            case 5:
                content = content[:at] + rng.choice(TEXTS).encode() + content[at:]
            case _:
                found = list(re.finditer(rb"\d+", content))
                if found:
                    one = rng.choice(found)
                    number = rng.choice(
                        [b"0", b"-1", b"9" * 20, b"9" * 5000, b"1e999", b"nan", b"007", b"1_0"]
                    )
                    content = content[: one.start()] + number + content[one.end() :]
    return content


def toml(table: dict[str, Any]) -> str:
    """Write tables as TOML."""
    return "".join(f"{_text(key)} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return f"{{ {', '.join(f'{_text(key)} = {_value(inner)}' for key, inner in value.items())} }}"
    raise TypeError(type(value))


def _text(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found.group()):04X}", escaped)
