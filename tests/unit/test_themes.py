"""Themes: colours that can be told apart, on every theme and on every kind of terminal."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from rich.color import Color, ColorSystem
from textual.app import App
from textual.theme import BUILTIN_THEMES

from grok_tui.charts import COLORLESS, SIXTEEN
from grok_tui.tui.look import themes
from grok_tui.tui.look.themes import GROK_DARK, GROK_LIGHT, THEMES, contrast, palette

DESIGNED = (GROK_DARK, GROK_LIGHT)
TRUE = [theme for theme in (*THEMES.values(), *BUILTIN_THEMES.values()) if not theme.ansi]

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SIGHTS = {
    "normal": np.eye(3),
    "protanopic": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopic": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopic": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def oklab(color: str, sight: str) -> np.ndarray:
    """Ottosson 2020."""
    srgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(SIGHTS[sight]) @ linear, 0, 1)
    to_lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(to_lab) @ np.cbrt(np.array(to_lms) @ seen)


def difference(one: str, other: str, sight: str) -> float:
    return float(np.linalg.norm(oklab(one, sight) - oklab(other, sight)))


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", DESIGNED, ids=lambda theme: theme.name)
def test_eight_series_are_told_apart_whatever_the_sight(theme, sight):
    series = palette(theme).series
    assert len(series) == 8
    assert min(difference(*pair, sight) for pair in combinations(series, 2)) > 0.085


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", TRUE, ids=lambda theme: theme.name)
def test_memorizers_are_far_from_the_generalizer_whatever_the_sight(theme, sight):
    colors = palette(theme)
    assert difference(colors.memorizer, colors.generalizer, sight) > 0.12


@pytest.mark.parametrize("theme", TRUE, ids=lambda theme: theme.name)
def test_all_that_is_drawn_stands_out_from_the_background(theme):
    colors = palette(theme)
    assert colors.background.lower() == theme.to_color_system().generate()["background"].lower()
    lines = (*colors.series, colors.memorizer, colors.generalizer, colors.mark, colors.muted)
    assert min(contrast(color, colors.background) for color in lines) >= 3
    assert contrast(colors.text, colors.background) >= 4.5
    assert colors.ramp
    assert len(colors.diverging) % 2 == 1


@pytest.mark.parametrize("theme", DESIGNED, ids=lambda theme: theme.name)
def test_text_and_hints_of_the_designed_themes_are_easy_to_read(theme):
    for surface in (theme.background, theme.surface, theme.panel):
        assert contrast(theme.foreground, surface) >= 7
        assert contrast(theme.variables["text-muted"], surface) >= 4


@pytest.mark.parametrize("theme", DESIGNED, ids=lambda theme: theme.name)
def test_eight_series_stay_eight_with_256_colours(theme):
    numbers = {
        Color.parse(color).downgrade(ColorSystem.EIGHT_BIT).number for color in palette(theme, "256").series
    }
    assert len(numbers) == 8


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_with_sixteen_colours_or_none_charts_use_the_terminals_own(theme):
    sixteen = palette(theme, "16")
    names = {*SIXTEEN.series, "blue", "red", "green", "magenta", "cyan", "black", "bright_black"}
    assert set(sixteen.series) <= names
    assert len(set(sixteen.series)) == 8
    assert palette(theme, "none") == COLORLESS


def test_dark_and_light_terminals_have_sixteen_colours_of_their_own():
    assert palette(GROK_DARK, "16") == SIXTEEN
    assert not {"bright_yellow", "white", "bright_cyan"} & {*palette(GROK_LIGHT, "16").series}


@pytest.mark.parametrize(
    ("system", "chosen", "shown"),
    [
        ("truecolor", "grok-dark", "grok-dark"),
        ("truecolor", "nord", "nord"),
        ("truecolor", "no such theme", "grok-dark"),
        ("256", "grok-light", "grok-light"),
        ("standard", "grok-dark", "terminal-dark"),
        ("standard", "solarized-light", "terminal-light"),
        ("standard", "ansi-light", "ansi-light"),
    ],
)
def test_the_theme_that_is_shown_suits_the_terminal(monkeypatch, system, chosen, shown):
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", system)
    app = App()
    themes.register(app)
    assert themes.shown_theme(app, chosen) == shown


def test_no_color_leaves_no_colours(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert themes.colors_of(App()) == "none"


@pytest.mark.parametrize(
    ("term", "encoding", "expected"),
    [
        ("xterm", "UTF-8", "braille"),
        ("linux", "UTF-8", "ascii"),
        ("xterm", "ANSI_X3.4-1968", "ascii"),
        ("xterm", "ISO-8859-1", "ascii"),
        ("xterm", "no-such-encoding", "ascii"),
    ],
)
def test_characters_suit_the_terminal_unless_they_are_set(monkeypatch, term, encoding, expected):
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("sys.__stderr__", SimpleNamespace(encoding=encoding))  # Textual writes there
    assert themes.resolved_charset("auto") == expected
    # What is set holds where the terminal can be sent it.
    assert themes.resolved_charset("blocks") == ("blocks" if encoding == "UTF-8" else "ascii")
