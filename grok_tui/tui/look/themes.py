"""Themes: how the program looks, and the palette that charts take from a theme and what a terminal can show.

The eight series colours of both designed themes were searched for so that any two of them differ by at least
0.085 in OKLab for normal, deuteranopic, protanopic and tritanopic sight (Machado et al. 2009), at a
contrast of at least 3.5 on their background.
"""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from textual.theme import Theme

from grok_tui.charts import COLORLESS, DARK, LIGHT, SIXTEEN, Palette, Style
from grok_tui.charts.style import Charset, blend

if TYPE_CHECKING:
    from textual.app import App

Colors = Literal["truecolor", "256", "16", "none"]


def _designed(
    name: str,
    colors: Mapping[str, Any],
    *,
    dark: bool,
    line: str,
    lines: tuple[str, str],
    marked: tuple[str, str],
    marked_blurred: str,
    key: str,
    muted: tuple[str, str, str],
) -> Theme:
    """Return a theme of true colours.

    Args:
        name: of the theme.
        colors: what Textual itself wants of a theme.
        dark: whether its background is.
        line: of borders without the focus.
        lines: scrollbars, at rest and under the mouse.
        marked: background and text of the marked row.
        marked_blurred: its background where the focus is elsewhere.
        key: of keys in the footer, and of the cursor in a field.
        muted: text of the footer, quiet text, and text of what is disabled.
    """
    background, primary, text = colors["background"], colors["primary"], colors["foreground"]
    scrollbar, hovered = lines
    variables = {
        "border": primary,
        "border-blurred": line,
        "block-cursor-background": marked[0],
        "block-cursor-foreground": marked[1],
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": marked_blurred,
        "block-cursor-blurred-foreground": text,
        "footer-background": colors["surface"],
        "footer-key-foreground": key,
        "footer-description-foreground": muted[0],
        "input-cursor-background": key,
        "input-cursor-foreground": background,
        "input-selection-background": f"{primary} 30%",
        "scrollbar": scrollbar,
        "scrollbar-hover": hovered,
        "scrollbar-active": primary,
        "scrollbar-background": background,
        "scrollbar-background-hover": background,
        "scrollbar-background-active": background,
        "scrollbar-corner-color": background,
        "text-muted": muted[1],
        "text-disabled": muted[2],
    }
    return Theme(name=name, dark=dark, variables=variables, **colors)


GROK_DARK = _designed(
    "grok-dark",
    {
        "primary": "#5c9fd6",
        "secondary": "#8f86c9",
        "accent": "#ffb454",
        "success": "#5fc08f",
        "warning": "#e2b45a",
        "error": "#ef7d80",
        "foreground": "#d6dae2",
        "background": "#131418",
        "surface": "#191b20",
        "panel": "#22252b",
    },
    dark=True,
    line="#2e323a",
    lines=("#2e323a", "#3d424c"),
    marked=("#274b78", "#f2f5fa"),
    marked_blurred="#262930",
    key="#ffb454",
    muted=("#9aa3b2", "#8b94a4", "#5d6472"),
)

GROK_LIGHT = _designed(
    "grok-light",
    {
        "primary": "#2f6db0",
        "secondary": "#6e5aa8",
        "accent": "#b45f06",
        "success": "#2c7a52",
        "warning": "#96690a",
        "error": "#b3313f",
        "foreground": "#23262d",
        "background": "#fbfaf7",
        "surface": "#f4f2ed",
        "panel": "#eae7e0",
    },
    dark=False,
    line="#d9d5cc",
    lines=("#d4d0c6", "#bdb8ac"),
    marked=("#cfe0f1", "#15181d"),
    marked_blurred="#e7e4dc",
    key="#a14f00",
    muted=("#5b616c", "#666c77", "#9a9fa8"),
)

# The terminal's own sixteen colours: they suit its background, whatever that is.
SIXTEEN_DARK = Theme(
    name="terminal-dark",
    ansi=True,
    dark=True,
    primary="ansi_bright_blue",
    secondary="ansi_bright_magenta",
    accent="ansi_bright_yellow",
    success="ansi_bright_green",
    warning="ansi_yellow",
    error="ansi_bright_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "border": "ansi_bright_blue",
        "border-blurred": "ansi_bright_black",
        "block-cursor-background": "ansi_blue",
        "block-cursor-foreground": "ansi_bright_white",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "ansi_bright_black",
        "block-cursor-blurred-foreground": "ansi_bright_white",
        "footer-key-foreground": "ansi_bright_yellow",
        "input-cursor-background": "ansi_bright_yellow",
        "input-cursor-foreground": "ansi_black",
        "input-cursor-text-style": "none",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_bright_white",
        "scrollbar": "ansi_bright_black",
        "scrollbar-hover": "ansi_white",
        "scrollbar-active": "ansi_bright_blue",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "text-muted": "ansi_white",
        "text-disabled": "ansi_bright_black",
    },
)

SIXTEEN_LIGHT = Theme(
    name="terminal-light",
    ansi=True,
    dark=False,
    primary="ansi_blue",
    secondary="ansi_magenta",
    accent="ansi_red",
    success="ansi_green",
    warning="ansi_magenta",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables=SIXTEEN_DARK.variables
    | {
        "ansi-background": "ansi_white",
        "ansi-foreground": "ansi_black",
        "border": "ansi_blue",
        "border-blurred": "ansi_white",
        "block-cursor-background": "ansi_white",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-blurred-background": "ansi_white",
        "block-cursor-blurred-foreground": "ansi_black",
        "footer-key-foreground": "ansi_red",
        "input-cursor-background": "ansi_blue",
        "input-cursor-foreground": "ansi_bright_white",
        "input-selection-background": "ansi_cyan",
        "input-selection-foreground": "ansi_black",
        "scrollbar": "ansi_white",
        "scrollbar-hover": "ansi_bright_black",
        "scrollbar-active": "ansi_blue",
        "text-muted": "ansi_bright_black",
    },
)

THEMES = {theme.name: theme for theme in (GROK_DARK, GROK_LIGHT, SIXTEEN_DARK, SIXTEEN_LIGHT)}

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
    series=("blue", "red", "magenta", "green", "cyan", "bright_magenta", "yellow", "bright_black"),
    memorizer="bright_blue",
    generalizer="black",
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

    With sixteen colours it is one made of those, dark or light as the chosen one. An unknown name means the
    default theme.
    """
    known = app.available_themes
    chosen = known.get(name, GROK_DARK)
    if colors_of(app) == "16" and not chosen.ansi:
        return SIXTEEN_DARK.name if chosen.dark else SIXTEEN_LIGHT.name
    return chosen.name


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
    """Return the characters that a setting stands for, ASCII where the terminal can be sent no others."""
    # Textual writes to stderr.
    encoding = getattr(sys.__stderr__, "encoding", None) or locale.getpreferredencoding(do_setlocale=False)
    try:
        "\N{BRAILLE PATTERN DOTS-12345678}\N{BLACK CIRCLE}".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "ascii"
    if setting != "auto":
        return setting
    return "ascii" if os.environ.get("TERM") == "linux" else "braille"


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
