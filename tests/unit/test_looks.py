"""No two curves of a run look alike: in every palette, in sixteen colours, without colours and in ASCII."""

from typing import get_args

import numpy as np
import pytest

from grok_tui.charts import COLORLESS, DARK, LIGHT, SIXTEEN, Style
from grok_tui.charts.line_chart import looks
from grok_tui.charts.model import Series
from grok_tui.charts.style import (
    ASCII_LINES,
    ASCII_MARKS,
    GENERALIZER,
    MARKS,
    MEMORIZERS,
    Charset,
    Palette,
)
from grok_tui.engine.arm.forks import MOST_ARMS
from grok_tui.frontend.glyphs import arm_look, glyphs
from grok_tui.tui.look import themes

PALETTES = {
    "dark": DARK,
    "light": LIGHT,
    "sixteen": SIXTEEN,
    "none": COLORLESS,
    **{f"theme {name}": themes.palette(theme) for name, theme in themes.THEMES.items()},
}
X = np.array([1.0, 2.0])


def shown(charset: Charset, palette: Palette, selected: int, main: str = "val") -> dict[str, tuple]:
    """Return how all curves of a chart with so many arms as there may be look, by what they are."""
    signs = glyphs(charset).arms
    series, names = [], []
    for place in range(MOST_ARMS):
        color, sign = arm_look(place, signs)
        if place == selected and main == "weights":
            continue
        series.append(Series(f"arm {place}", X, X, None, None, color, "solid", sign, "if room"))
        names.append(f"arm {place}")
        if place == selected:
            series.append(Series("train", X, X, None, None, color, "dotted", ""))
            names.append("train")
    if main == "weights":
        series += [
            Series("memorizers", X, X, None, None, "memorizer", "dashed", MEMORIZERS),
            Series("generalizer", X, X, None, None, "generalizer", "solid", GENERALIZER),
        ]
        names += ["memorizers", "generalizer"]
    style = Style(palette, charset)
    found = {}
    for name, look in zip(names, looks(series, style), strict=True):
        sign = look.char if style.ascii else look.marker
        found[name] = (sign, style.palette.color(look.color), look.line)
    return found


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("charset", get_args(Charset))
@pytest.mark.parametrize("main", ["val", "weights"])
@pytest.mark.parametrize("selected", [0, 8, 31])
def test_every_arm_role_and_split_has_a_sign_of_its_own(charset, palette, main, selected):
    found = shown(charset, PALETTES[palette], selected, main)
    signs = [sign for sign, _, _ in found.values()]
    assert len(set(signs)) == len(found), "without any colour they are the same"
    if main == "val":
        assert found["train"][2] != found[f"arm {selected}"][2]
    assert all(sign.isascii() for sign in signs) or charset != "ascii"


@pytest.mark.parametrize("palette", PALETTES)
def test_what_generalizes_has_a_colour_that_no_arm_has(palette):
    found = PALETTES[palette]
    if found is COLORLESS:
        return
    assert found.generalizer not in found.series
    assert found.memorizer != found.generalizer
    assert len(set(found.series)) == len(found.series) == 8
    for one in found.series:
        if str(one).startswith("#"):
            channels = [
                abs(int(one[i : i + 2], 16) - int(found.generalizer[i : i + 2], 16)) for i in (1, 3, 5)
            ]
            assert sum(channels) > 90, one


@pytest.mark.parametrize("charset", get_args(Charset))
def test_signs_of_arms_mean_nothing_else(charset):
    arms = glyphs(charset).arms
    assert len(set(arms)) == len(arms) == MOST_ARMS
    assert not set(arms) & {GENERALIZER, MEMORIZERS}
    if charset == "ascii":
        assert not set(arms) & (set(ASCII_LINES.values()) - {"."} | set(ASCII_MARKS.values()) | set("|:"))
    else:
        assert not set(arms) & {MARKS["event"], MARKS["cursor"]}
