"""The few signs that the screen uses besides letters, in a set for each kind of font."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Glyphs:
    """One sign for each meaning, one cell wide each."""

    reproduced: str = "✓"
    refuted: str = "✗"
    undecided: str = "…"
    running: str = "●"
    paused: str = "‖"
    waiting: str = "○"
    event: str = "▾"
    intervention: str = "◆"
    now: str = "●"
    line: str = "─"
    left: str = "├"
    right: str = "┤"
    selected: str = "▸"
    restart: str = "↻"
    bar: str = "▌"
    ended: str = "·"
    ellipsis: str = "…"
    switch: str = "→"
    arms: str = "●▲■◆○△□◇"


ASCII = Glyphs(
    reproduced="+",
    refuted="x",
    undecided="?",
    running="*",
    paused="=",
    waiting="o",
    event="v",
    intervention="!",
    now="*",
    line="-",
    left="|",
    right="|",
    selected=">",
    restart="r",
    bar="|",
    ended=".",
    ellipsis="~",
    switch=">",
    arms=".ox*#@%&",
)
UNICODE = Glyphs()


def glyphs(charset: str) -> Glyphs:
    """Return the signs for a charset of the charts."""
    return ASCII if charset == "ascii" else UNICODE
