"""Themes: how the program looks, and the palette that charts take from a theme and what a terminal can show.

The eight series colours of both designed themes were searched for so that any two of them differ by at least
0.085 in OKLab for normal, deuteranopic, protanopic and tritanopic sight (Machado et al. 2009), at a
contrast of at least 3.5 on their background.
"""

from __future__ import annotations

import locale
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from textual.theme import Theme

from grok_tui.charts import COLORLESS, DARK, LIGHT, SIXTEEN, Palette, Style
from grok_tui.charts.style import Charset, blend

if TYPE_CHECKING:
    from textual.app import App

Colors = Literal["truecolor", "256", "16", "none"]

DEFAULT_THEME = "grok-dark"

GROK_DARK = Theme(
    name="grok-dark",
    dark=True,
    primary="#5c9fd6",
    secondary="#8f86c9",
    accent="#ffb454",
    success="#5fc08f",
    warning="#e2b45a",
    error="#ef7d80",
    foreground="#d6dae2",
    background="#12141a",
    surface="#181b22",
    panel="#20242d",
    variables={
        "border": "#5c9fd6",
        "border-blurred": "#2c313c",
        "block-cursor-background": "#2b4a68",
        "block-cursor-foreground": "#f2f5fa",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#232833",
        "block-cursor-blurred-foreground": "#d6dae2",
        "footer-background": "#181b22",
        "footer-key-foreground": "#ffb454",
        "footer-description-foreground": "#9aa3b2",
        "input-cursor-background": "#ffb454",
        "input-cursor-foreground": "#12141a",
        "input-selection-background": "#5c9fd6 35%",
        "scrollbar": "#2c313c",
        "scrollbar-hover": "#3a4150",
        "scrollbar-active": "#5c9fd6",
        "scrollbar-background": "#12141a",
        "scrollbar-background-hover": "#12141a",
        "scrollbar-background-active": "#12141a",
        "scrollbar-corner-color": "#12141a",
        "text-muted": "#8b94a4",
        "text-disabled": "#5d6472",
    },
)

GROK_LIGHT = Theme(
    name="grok-light",
    dark=False,
    primary="#2f6db0",
    secondary="#6e5aa8",
    accent="#b45f06",
    success="#2c7a52",
    warning="#96690a",
    error="#b3313f",
    foreground="#23262d",
    background="#fbfaf7",
    surface="#f4f2ed",
    panel="#eae7e0",
    variables={
        "border": "#2f6db0",
        "border-blurred": "#d9d5cc",
        "block-cursor-background": "#cfe0f1",
        "block-cursor-foreground": "#15181d",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#e7e4dc",
        "block-cursor-blurred-foreground": "#23262d",
        "footer-background": "#f4f2ed",
        "footer-key-foreground": "#a14f00",
        "footer-description-foreground": "#5b616c",
        "input-cursor-background": "#2f6db0",
        "input-cursor-foreground": "#fbfaf7",
        "input-selection-background": "#2f6db0 25%",
        "scrollbar": "#d4d0c6",
        "scrollbar-hover": "#bdb8ac",
        "scrollbar-active": "#2f6db0",
        "scrollbar-background": "#fbfaf7",
        "scrollbar-background-hover": "#fbfaf7",
        "scrollbar-background-active": "#fbfaf7",
        "scrollbar-corner-color": "#fbfaf7",
        "text-muted": "#666c77",
        "text-disabled": "#9a9fa8",
    },
)

THEMES = {theme.name: theme for theme in (GROK_DARK, GROK_LIGHT)}

_DARK_PALETTE = replace(
    DARK,
    series=("#3dbbfe", "#d06b2a", "#feeb7a", "#9f77d3", "#189879", "#fd96b3", "#7ffafe", "#b3b533"),
    background=GROK_DARK.background,
)
_LIGHT_PALETTE = replace(
    LIGHT,
    series=("#4184db", "#cd6723", "#202d78", "#a12e44", "#0b6272", "#844ca9", "#563701", "#748675"),
    background=GROK_LIGHT.background,
)
_SIXTEEN_LIGHT = replace(
    SIXTEEN,
    series=("blue", "red", "magenta", "green", "cyan", "black", "yellow", "bright_black"),
    memorizer="blue",
    generalizer="red",
)
_SYSTEMS: dict[str | None, Colors] = {"truecolor": "truecolor", "256": "256", None: "none"}

_LEAST_CONTRAST = 3.0  # of a line on its background (WCAG 2.1, 1.4.11)


def register(app: App[Any]) -> None:
    """Make the designed themes known to an app."""
    for theme in THEMES.values():
        app.register_theme(theme)


def colors_of(app: App[Any]) -> Colors:
    """Return how many colours the terminal of an app shows; none under NO_COLOR."""
    return "none" if app.no_color else _SYSTEMS.get(app.console.color_system, "16")


def shown_theme(app: App[Any], name: str) -> str:
    """Return the theme to show for a theme that a user chose.

    With 16 colours or none the terminal's own do best: `ansi-dark` or `ansi-light`, by the chosen theme. An
    unknown name means the default theme.
    """
    known = app.available_themes
    chosen = known.get(name, GROK_DARK)
    if colors_of(app) in ("16", "none") and not chosen.ansi:
        return "ansi-dark" if chosen.dark else "ansi-light"
    return chosen.name if chosen.name in known else next(iter(known))


def palette(theme: Theme, colors: Colors = "truecolor") -> Palette:
    """Return the colours of charts that lie on a theme's background."""
    if colors == "none":
        return COLORLESS
    if colors == "16" or theme.ansi:
        return SIXTEEN if theme.dark else _SIXTEEN_LIGHT
    if theme.name in THEMES:
        return _DARK_PALETTE if theme.dark else _LIGHT_PALETTE
    return _derived(theme)


def style(theme: Theme, colors: Colors = "truecolor", charset: Charset = "braille") -> Style:
    """Return how charts are drawn under a theme."""
    return Style(palette(theme, colors), charset)


def resolved_charset(setting: Literal["auto"] | Charset) -> Charset:
    """Return the characters that a setting stands for; auto looks at the locale and the terminal."""
    if setting != "auto":
        return setting
    unicode = "utf" in locale.getpreferredencoding(do_setlocale=False).lower()
    return "braille" if unicode and os.environ.get("TERM") != "linux" else "ascii"


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two "#rrggbb" colours: 1 (the same) to 21 (WCAG 2.1)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _derived(theme: Theme) -> Palette:
    """Return the designed palette of the same lightness, fitted to another theme's background and text."""
    variables = theme.to_color_system().generate()
    background, text = variables["background"], variables["foreground"]
    base = _DARK_PALETTE if theme.dark else _LIGHT_PALETTE

    def legible(color: str | None) -> str:
        color, share = color or text, 0.0
        extreme = "#ffffff" if theme.dark else "#000000"
        fitted = color
        while contrast(fitted, background) < _LEAST_CONTRAST and share < 1:
            share += 0.1
            fitted = blend(color, extreme, share)
        return fitted

    primary, middle = variables["primary"], blend(background, text, 0.08)
    cold, warm = legible(base.memorizer), legible(base.generalizer)
    return Palette(
        series=tuple(legible(color) for color in base.series),
        memorizer=cold,
        generalizer=warm,
        text=text,
        axis=blend(background, text, 0.3),
        mark=legible(variables["secondary"]),
        muted=legible(blend(background, text, 0.6)),
        background=background,
        ramp=(
            *(blend(middle, primary, share) for share in (0.0, 0.25, 0.5, 0.75)),
            *(blend(primary, text, share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)),
        ),
        diverging=(
            *(blend(cold, middle, share) for share in (0.0, 0.25, 0.5, 0.75)),
            middle,
            *(blend(middle, warm, share) for share in (0.25, 0.5, 0.75, 1.0)),
        ),
    )


def _luminance(color: str) -> float:
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
