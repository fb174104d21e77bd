import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from grok_tui.charts.picture import Grid, TextRun
from grok_tui.charts.style import COLORLESS, DARK, SIXTEEN, Ink, Style, blend
from grok_tui.charts.text import cell_width, fit, sanitize

RED, BLUE = Ink("#ff0000"), Ink("#0000ff")


@given(st.text())
def test_sanitized_text_is_as_wide_as_a_terminal_library_says(text):
    assert cell_width(sanitize(text)) == cell_len(sanitize(text))


@given(st.text())
def test_sanitized_text_is_printable_on_one_line(text):
    assert sanitize(text).isprintable()
    assert sanitize(text, ascii_only=True).isascii()


@given(st.text(), st.integers(0, 20))
def test_fitted_text_is_never_too_wide(text, width):
    assert cell_width(fit(sanitize(text), width)) <= width


def test_escape_sequences_lose_their_escape():
    assert sanitize("a\x1b[31mb\nc") == "a[31mb c"


def test_accents_are_composed_or_dropped():
    assert sanitize("grok\u0308") == "grok"
    assert sanitize("cafe\u0301") == "café"
    assert sanitize("café ∞", ascii_only=True) == "cafe ?"


def test_cut_text_ends_in_an_ellipsis():
    assert fit("generalizer", 6) == "gener…"
    assert fit("日本語", 4) == "日…"


def test_neighbours_of_one_look_become_one_run():
    grid = Grid(6, 1)
    grid.write(0, 1, "ab", RED)
    grid.write(0, 3, "cd", BLUE)
    assert grid.picture().rows == ((TextRun(" ab", "#ff0000"), TextRun("cd ", "#0000ff")),)


def test_spaces_join_the_run_before_them():
    grid = Grid(5, 1)
    grid.put(0, 0, "a", RED)
    grid.put(0, 4, "b", RED)
    assert grid.picture().rows == ((TextRun("a   b", "#ff0000"),),)


def test_spaces_on_a_background_are_a_run_of_their_own():
    grid = Grid(4, 1)
    grid.put(0, 0, "a", RED)
    grid.put(0, 1, " ", Ink(background="#333333"))
    assert grid.picture().rows == ((TextRun("a", "#ff0000"), TextRun(" ", None, "#333333"), TextRun("  ")),)


def test_an_empty_row_is_one_run():
    assert Grid(3, 2).picture().rows == ((TextRun("   "),), (TextRun("   "),))


def test_what_lies_outside_of_the_grid_is_ignored():
    grid = Grid(3, 1)
    grid.put(0, 3, "x")
    grid.put(-1, 0, "x")
    grid.write(0, 1, "long")
    assert grid.picture().lines == (" lo",)


def test_a_wide_character_takes_two_cells_or_none():
    grid = Grid(4, 1)
    assert grid.write(0, 1, "日本") == 3
    assert grid.picture().lines == (" 日 ",)


def test_text_is_written_on_the_paper_that_lies_there():
    grid = Grid(2, 1)
    grid.lay_paper(0, 0, "#222222")
    grid.write(0, 0, "ab", RED)
    assert grid.picture().rows == ((TextRun("a", "#ff0000", "#222222"), TextRun("b", "#ff0000")),)


@pytest.mark.parametrize("name", ["memorizer", "generalizer", "text", "axis", "mark", "muted", "series-3"])
def test_every_role_has_a_colour_and_without_colours_none(name):
    assert Style(DARK).ink(name).color.startswith("#")
    assert Style(COLORLESS).ink(name).color is None


def test_series_colours_repeat_after_the_last():
    assert DARK.color("series-9") == DARK.color("series-1")


def test_an_unknown_colour_name_is_drawn_as_text():
    assert DARK.color("background-noise") == DARK.text
    assert DARK.color("ramp") == DARK.text


def test_quiet_things_are_dim_where_they_have_no_colour():
    assert Style(COLORLESS).ink("axis").dim
    assert not Style(DARK).ink("axis").dim


def test_tints_lie_between_background_and_colour_and_need_true_colours():
    assert blend("#000000", "#ff8000", 0.5) == "#804000"
    assert Style(DARK).tint("series-1") not in (None, DARK.background, DARK.series[0])
    assert Style(SIXTEEN).tint("series-1") is None
