"""Text that fits terminal cells: sanitizing, measuring and cutting, without a terminal library."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Categories that take no cell or draw something else than themselves: controls, formats, surrogates, private
# use, unassigned, line and paragraph separators, and marks that combine with their neighbour.
_UNSAFE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me", "Mc")
# Characters on whose width terminals disagree: conjoining Hangul, skin tones, and symbols that Unicode 16
# made wide.
_DISPUTED = (
    *(range(0x1160, 0x1200), range(0xD7B0, 0xD800), range(0x3164, 0x3165), range(0xFFA0, 0xFFA1)),
    *(range(0x1F3FB, 0x1F400), range(0x2630, 0x2638), range(0x268A, 0x2690), range(0x4DC0, 0x4E00)),
    range(0x1D300, 0x1D380),
)


def sanitize(text: str, *, ascii_only: bool = False) -> str:
    """Return `text` on one line, with accents composed and all characters of uncertain width dropped."""
    composed = unicodedata.normalize("NFKD" if ascii_only else "NFC", text)
    kept = "".join(" " if char.isspace() else char for char in composed if char.isspace() or _safe(char))
    return kept.encode("ascii", "replace").decode() if ascii_only else kept


@lru_cache(maxsize=4096)
def _safe(char: str) -> bool:
    return unicodedata.category(char) not in _UNSAFE and not any(ord(char) in codes for codes in _DISPUTED)


@lru_cache(maxsize=4096)
def _cells(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cell_width(text: str) -> int:
    """Return the number of terminal cells that sanitized `text` takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def fit(text: str, width: int, *, ellipsis: str = "…") -> str:
    """Cut sanitized `text` to at most `width` cells, ending in `ellipsis` where something was cut."""
    if cell_width(text) <= width:
        return text
    room = width - cell_width(ellipsis)
    if room < 1:
        return ""
    kept, used = [], 0
    for char in text:
        used += _cells(char)
        if used > room:
            break
        kept.append(char)
    return "".join(kept).rstrip() + ellipsis
