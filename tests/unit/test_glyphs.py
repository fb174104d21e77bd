"""The signs of the screen: one for each meaning, and as the charts draw them."""

from dataclasses import fields

import pytest

from grok_tui.charts import COLORLESS, Style
from grok_tui.charts.style import ASCII_MARKS, MARKS
from grok_tui.claims import Verdict
from grok_tui.engine.arm.forks import MOST_ARMS
from grok_tui.frontend.glyphs import ASCII, UNICODE, arm_look, glyphs


@pytest.mark.parametrize("charset", ["braille", "blocks", "ascii"])
def test_text_is_cut_on_the_screen_as_on_charts(charset):
    style = Style(COLORLESS, charset)
    assert style.cut("a long text", 5).endswith(glyphs(charset).ellipsis)
    assert glyphs(charset).ascii == style.ascii


def test_signs_for_ascii_are_ascii():
    assert all(str(getattr(ASCII, field.name)).isascii() for field in fields(ASCII))


def test_marks_look_on_the_timeline_as_on_charts():
    for signs, marks in ((UNICODE, MARKS), (ASCII, ASCII_MARKS)):
        assert {"event": signs.event, "intervention": signs.intervention, "cursor": signs.cursor} == marks


@pytest.mark.parametrize("signs", [ASCII, UNICODE])
def test_every_verdict_and_every_arm_is_told_from_the_others(signs):
    assert len({signs.verdict(verdict) for verdict in Verdict}) == len(Verdict)
    assert len({arm_look(place, signs.arms)[1] for place in range(MOST_ARMS)}) == MOST_ARMS == len(signs.arms)
    assert len({arm_look(place, signs.arms) for place in range(200)}) == 200
