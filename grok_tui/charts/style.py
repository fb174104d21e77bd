"""How a chart looks: colours by role, and the characters that may be used."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

from grok_tui.charts.text import fit, sanitize

Charset = Literal["braille", "blocks", "ascii"]
MARKERS = "●▲■◆○△□◇★▽◈☆▷◉◐◁◎◧◑⊕◩◒⊗◨◓⊞◪⊠◭⊖◮⊡"
"""Signs that tell curves apart, as many as a run may have arms."""

ASCII_MARKERS = ".ox*#@%&abcdefhkmnpqrstuwyzABCDE"
ASCII_LINES: dict[str, str] = {"solid": ".", "dashed": "-", "dotted": "'"}
"""What lines are drawn with that need no sign."""

GENERALIZER, MEMORIZERS = "G", "M"
"""Signs of the selected arm's weights by role; no arm has them."""

MARKS = {"event": "▾", "intervention": "◆", "cursor": "▼"}
ASCII_MARKS = {"event": "v", "intervention": "!", "cursor": "V"}
ELLIPSIS, ASCII_ELLIPSIS = "…", "~"
DOTS: dict[Charset, tuple[int, int]] = {"braille": (2, 4), "blocks": (2, 2), "ascii": (1, 1)}  # across, down


class Ink(NamedTuple):
    """How a run of text is drawn; None is the terminal's own colour."""

    color: str | None = None
    background: str | None = None
    bold: bool = False
    dim: bool = False


PLAIN_INK = Ink()


@dataclass(frozen=True)
class Palette:
    """Colours by abstract name: "#rrggbb", an ANSI name such as "bright_blue", or None for the default.

    background: what the chart lies on; with it, bands are blended towards it, and without it they are dimmed.
    ramp: low to high, for heatmaps of one sign; diverging: negative to zero to positive. Either may be empty,
    and heatmaps then use the density of characters.
    """

    series: tuple[str | None, ...]
    memorizer: str | None
    generalizer: str | None
    text: str | None
    axis: str | None
    mark: str | None
    muted: str | None
    background: str | None
    ramp: tuple[str, ...]
    diverging: tuple[str, ...]

    def color(self, name: str) -> str | None:
        """Return the colour that an abstract name stands for; an unknown name is drawn as text."""
        if name.startswith("series-") and name[7:].isdecimal():
            return self.series[(int(name[7:]) - 1) % len(self.series)]
        return getattr(self, name) if name in _ROLES else self.text


_ROLES = {field.name for field in fields(Palette)} - {"series", "background", "ramp", "diverging"}
_TINT = 0.22  # how much of its colour a band keeps
_QUIET = {"axis", "mark", "muted"}


@dataclass(frozen=True)
class Style:
    """A palette and a set of characters.

    charset: "braille" (2 x 4 dots a cell), "blocks" (2 x 2 quadrants, for fonts without braille) or "ascii".
    """

    palette: Palette
    charset: Charset = "braille"

    @property
    def ascii(self) -> bool:
        """Whether only ASCII may be used."""
        return self.charset == "ascii"

    def clean(self, text: str) -> str:
        """Return `text` on one line, in characters that may be used."""
        return sanitize(text, ascii_only=self.ascii)

    def cut(self, text: str, width: int) -> str:
        """Return clean `text`, cut to at most `width` cells."""
        return fit(text, width, ellipsis=ASCII_ELLIPSIS if self.ascii else ELLIPSIS)

    def ink(self, name: str, *, bold: bool = False) -> Ink:
        """Return how text of an abstract colour is drawn; without a colour, quiet things are dim."""
        color = self.palette.color(name)
        return Ink(color, bold=bold, dim=color is None and name in _QUIET)

    def tint(self, name: str) -> str | None:
        """Return the colour of an area on which lines of a colour stand out, or None without true colours."""
        color, background = self.palette.color(name), self.palette.background
        if color is None or background is None or not (color.startswith("#") and background.startswith("#")):
            return None
        return blend(background, color, _TINT)


def blend(start: str, end: str, share: float) -> str:
    """Return the "#rrggbb" colour that lies at `share` of the way from `start` to `end`."""
    mixed = (
        round(int(start[i : i + 2], 16) * (1 - share) + int(end[i : i + 2], 16) * share) for i in (1, 3, 5)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


DARK = Palette(
    series=("#62a8ff", "#ffb454", "#5fd3a0", "#d59bff", "#ff8088", "#e4d36a", "#5fd4e0", "#b9c0cc"),
    memorizer="#7d9bc1",
    generalizer="#ffffff",
    text="#d6dae2",
    axis="#4c5361",
    mark="#9a8fc0",
    muted="#7b8494",
    background="#12141a",
    ramp=("#1b2236", "#233a5e", "#2a5680", "#2f7590", "#3f9590", "#6bb283", "#a6c877", "#dcd873", "#fff3b0"),
    diverging=(
        *("#6fb7ff", "#4f8fd6", "#38679f", "#26436a", "#1c2029"),
        *("#6a3a26", "#a55a32", "#d98343", "#ffb45f"),
    ),
)
LIGHT = Palette(
    series=("#1f62c4", "#b45f06", "#15795a", "#8a35b8", "#c0293a", "#7a6a00", "#08727f", "#59606d"),
    memorizer="#4f6f9a",
    generalizer="#000000",
    text="#23262d",
    axis="#b3b9c4",
    mark="#7a6aa8",
    muted="#6d7584",
    background="#fafafa",
    ramp=("#eef2f8", "#cfe0ee", "#a9cde0", "#7cb6cf", "#4f9bbb", "#337ea6", "#24618e", "#1b4572", "#142b52"),
    diverging=(
        *("#0f4c9a", "#3f78bd", "#80a9d6", "#c3d7ec", "#f4f4f4"),
        *("#f0d3b8", "#e0a678", "#c77440", "#a04a12"),
    ),
)
SIXTEEN = Palette(
    series=(
        *("bright_blue", "bright_yellow", "bright_green", "bright_magenta"),
        *("bright_red", "yellow", "bright_cyan", "white"),
    ),
    memorizer="cyan",
    generalizer="bright_white",
    text=None,
    axis="bright_black",
    mark="magenta",
    muted="bright_black",
    background=None,
    ramp=(),
    diverging=(),
)
COLORLESS = Palette(
    series=(None,),
    memorizer=None,
    generalizer=None,
    text=None,
    axis=None,
    mark=None,
    muted=None,
    background=None,
    ramp=(),
    diverging=(),
)
