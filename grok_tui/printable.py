"""Text from elsewhere, made safe to show: presets, paths and arguments may hold control characters."""

from __future__ import annotations

import json
import re

_UNSAID = re.compile(
    r"(?P<colour>\x1b\[[0-9;]*m)|\r(?=\n)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def printable(text: str) -> str:
    """Return the text as one line: white space as single spaces, other unprintable characters escaped."""
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)


def printable_json(document: str) -> str:
    """Return a JSON document in which unprintable characters, of more than ASCII too, are escaped."""
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in document)


def message_of(error: BaseException) -> str:
    """Return what an error says; "" where it fails to say it, as one from elsewhere may."""
    try:
        return str(error)
    except BaseException:  # its own words may raise anything, SystemExit too
        return ""


def shortened(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters: its head and its tail, which say most."""
    if len(text) <= limit:
        return text
    head = (limit - 3) * 2 // 3
    return f"{text[:head]}...{text[len(text) - (limit - 3 - head) :]}"


def leaving(text: str, *, coloured: bool = False) -> str:
    """Return a text of many lines as it may reach a terminal: what would steer one is escaped, as JSON does.

    coloured: whether codes of colours are the program's own, and stay.
    """

    def escaped(found: re.Match[str]) -> str:
        if found["colour"] is not None:
            return found[0] if coloured else found[0].replace("\x1b", "\\u001b")
        return found[0] if found[0] == "\r" else f"\\u{ord(found[0]):04x}"

    return _UNSAID.sub(escaped, text)
