"""ASCII in the place of any other character, cell for cell, where a terminal can be sent no other."""

from __future__ import annotations

import unicodedata

HORIZONTAL = "─━┄┅┈┉╌╍═╴╶╸╺╼╾–—‒―−"  # noqa: RUF001
VERTICAL = "│┃┆┇┊┋╎╏║╵╷╹╻╽╿"
ALIKE = {
    "…": ".",
    "·": ".",
    "•": "*",
    "×": "x",  # noqa: RUF001
    "‘": "'",  # noqa: RUF001
    "’": "'",  # noqa: RUF001
    "“": '"',
    "”": '"',
    "←": "<",
    "→": ">",
    "↑": "^",
    "↓": "v",
    "◀": "<",
    "▶": ">",
    "▲": "^",
    "▼": "v",
    "◂": "<",
    "▸": ">",
    "▴": "^",
    "▾": "v",
    "╱": "/",  # noqa: RUF001
    "╲": "\\",
    "█": "#",
}


class _Table(dict[int, str]):
    """What `str.translate` asks for, worked out when it first is."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _alike(chr(code))
        return found


def _alike(char: str) -> str:
    if char.isascii():
        return char
    if char in ALIKE:
        return ALIKE[char]
    if char in HORIZONTAL:
        return "-"
    if char in VERTICAL:
        return "|"
    code = ord(char)
    if 0x2500 <= code < 0x2580:
        return "+"
    if 0x2580 <= code < 0x25A0 or char == "\N{NO-BREAK SPACE}":
        return " "  # a part of a cell, as at the ends of scroll bars
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return ""
    if unicodedata.east_asian_width(char) in "WF":
        return "??"
    decomposed = unicodedata.normalize("NFKD", char)[0]
    return decomposed if decomposed.isascii() else "?"


_TABLE = _Table()


def plain(text: str) -> str:
    """Return a text with ASCII alone, of the same width in cells."""
    return text if text.isascii() else text.translate(_TABLE)
