"""The few signs that the screen uses besides letters, in a set for each kind of font."""

from __future__ import annotations

from dataclasses import dataclass

from grok_tui.charts.style import ASCII_ELLIPSIS, ASCII_MARKERS, ASCII_MARKS, ELLIPSIS, MARKERS, MARKS


@dataclass(frozen=True)
class Glyphs:
    """One sign for each meaning, one cell wide each."""

    reproduced: str = "✓"
    refuted: str = "✗"
    undecided: str = "…"
    running: str = "●"
    paused: str = "‖"
    waiting: str = "○"
    event: str = MARKS["event"]
    intervention: str = MARKS["intervention"]
    now: str = "●"
    line: str = "─"
    upright: str = "│"
    corner: str = "└"
    left: str = "├"
    right: str = "┤"
    selected: str = "▸"
    restart: str = "↻"
    bar: str = "▌"
    ended: str = "·"
    past: str = "◂"
    cursor: str = MARKS["cursor"]
    ellipsis: str = ELLIPSIS
    switch: str = "→"
    arms: str = MARKERS
    ascii: bool = False
    """Whether texts may have no other letters than those of ASCII."""

    def verdict(self, verdict: str) -> str:
        """Return the sign of a verdict."""
        signs = {"reproduced": self.reproduced, "not reproduced": self.refuted, "undecided": self.undecided}
        return signs[verdict]


COLOURS = 8  # of series in every palette


def arm_look(place: int, signs: str) -> tuple[str, str]:
    """Return the colour of the charts and the sign of the arm in a place.

    No two of 32 arms, the most that a run forks to, have the same sign; no two of 256 share sign and colour.

    signs: 32, one an arm.
    """
    shift = place // COLOURS * (COLOURS // 2) + place // len(signs)
    return f"series-{(place + shift) % COLOURS + 1}", signs[place % len(signs)]


ASCII = Glyphs(
    reproduced="+",
    refuted="x",
    undecided="?",
    running="*",
    paused="=",
    waiting="o",
    event=ASCII_MARKS["event"],
    intervention=ASCII_MARKS["intervention"],
    now="*",
    line="-",
    upright="|",
    corner="+",
    left="|",
    right="|",
    selected=">",
    restart="r",
    bar="|",
    ended=".",
    past="<",
    cursor=ASCII_MARKS["cursor"],
    ellipsis=ASCII_ELLIPSIS,
    switch=">",
    arms=ASCII_MARKERS,
    ascii=True,
)
UNICODE = Glyphs()


def glyphs(charset: str) -> Glyphs:
    """Return the signs for a charset of the charts."""
    return ASCII if charset == "ascii" else UNICODE
