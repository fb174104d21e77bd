"""Whatever is put into a chart, the picture has the right size and nothing raises."""

from itertools import cycle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import ASCII, STYLES, TEN, check, lines

from grok_tui.charts import Bars, Cells, Heatmap, LineChart, Mark, Series, canvas
from grok_tui.charts.draw import draw

NAN, INF = np.nan, np.inf
TORTURE = {
    "NaN": ([1, NAN, 3, NAN, NAN, 6, 7, 8, NAN, 10],),
    "None": ([1, None, 3, 4, 5, 6, 7, 8, None, 10],),
    "infinities": ([1, INF, 3, -INF, 5, 6, 7, 8, 9, 10],),
    "largest numbers": ([-1e308, 1e308] * 5,),
    "smallest numbers": (TEN * 5e-324,),
    "huge among ordinary": ([1, 2, 1e300, 4, 5, 6, -1e300, 8, 9, 1e-300],),
    "all NaN": ([NAN] * 10,),
    "zeros": ([0] * 10,),
    "negative": (-TEN,),
    "constant": ([5] * 10,),
    "band": (TEN, TEN - 1, TEN + 1),
    "band with gaps": (TEN, [NAN] * 5 + [0] * 5, [INF] * 2 + [9] * 8),
    "band across the largest numbers": (TEN, TEN - 1e308, TEN + 1e308),
}
RANGES = {
    "fitted": {},
    "log": {"log_x": True, "log_y": True},
    "log y": {"log_y": True},
    "one value": {"y_range": (2, 2), "x_range": (3, 3)},
    "tiny": {"x_range": (3.2, 3.4), "y_range": (0, 1e-5)},
    "not finite": {"x_range": (NAN, INF), "y_range": (-INF, INF)},
    "log of negative": {"log_x": True, "log_y": True, "x_range": (-1, 5), "y_range": (-2, 0)},
    "reversed": {"x_range": (9, 1), "y_range": (9, 1)},
}
MARKS = (
    Mark(3, "grök"),
    Mark(3, "sgd", "intervention"),
    Mark(NAN, "never"),
    Mark(INF, "later"),
    Mark(-5, "before"),
)
KINDS = (("wrong", "axis"), ("right", "generalizer"), ("trained", "memorizer"))
SIZES = ((0, 0), (1, 1), (3, 1), (7, 3), (10, 5), (16, 2), (20, 5), (23, 6), (40, 11), (60, 15), (250, 80))


@pytest.mark.parametrize("ranges", RANGES)
@pytest.mark.parametrize("name", TORTURE)
def test_bad_data_give_a_picture_of_the_right_size(name, ranges):
    series = Series("sérïes", TEN, *TORTURE[name])
    other = (Series("empty", [], []), Series("short", [0, 9], [1, 2]))
    chart = LineChart("title", (series, *other), MARKS, **RANGES[ranges])
    for (width, height), style in zip(SIZES, cycle(STYLES.values()), strict=False):
        check(chart, width, height, style)
    for style in STYLES.values():
        check(LineChart("title", (series,), **RANGES[ranges]), 40, 11, style)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([], []),
        ([0], [0]),
        ([3], [4]),
        ([NAN], [1]),
        ([NAN, 1, 2, INF, 4], [1, 2, 3, 4, 5]),
        ([5, 4, 3, 2, 1], [1, 2, 3, 4, 5]),
        ([2, 2, 2], [1, 2, 3]),
        ([-1e308, 1e308], [0, 1]),
    ],
)
def test_bad_steps_give_a_picture_of_the_right_size(x, y, log):
    for width, height in SIZES:
        check(LineChart("t", (Series("a", x, y),), MARKS, log_x=log), width, height, STYLES["braille"])


@pytest.mark.parametrize(
    "chart",
    [
        Bars("b", []),
        Bars("b", [NAN]),
        Bars("b", [INF, 1, -INF]),
        Bars("b", [0]),
        Bars("b", [-1, -2]),
        Bars("b", [1e308, -1e308]),
        Bars("b", [1, 2], y_range=(5, 5)),
        Bars("b", [1, 2], y_range=(NAN, 5)),
        Bars("b", np.sin(np.arange(1000))),
        Bars("b", np.arange(1000), bins=(-1e30, 1e-30), marks=MARKS),
        Bars(
            "b", [NAN, 1, 1e9], roles=("wrong", "wrong", "other"), bins=(-1, 2), marks=(*MARKS, Mark(0, "日"))
        ),
        Cells("c", np.zeros((0, 0), dtype=np.int8), KINDS),
        Cells("c", np.full((3, 2), -1), KINDS),
        Cells("c", np.arange(4).reshape(1, 4), (("x" * 300, "axis"), *KINDS), note="日本"),
        Cells("c", np.arange(1000).reshape(500, 2) % 3, KINDS),
        Heatmap("h", np.zeros((0, 0)), []),
        Heatmap("h", np.zeros((3, 0)), []),
        Heatmap("h", np.zeros((0, 3)), [1, 2, 3]),
        Heatmap("h", np.full((2, 2), NAN), [0, 1]),
        Heatmap("h", [[1]], [0], log_x=True),
        Heatmap("h", np.sin(np.arange(50_000)).reshape(100, 500), np.arange(500)),
        Heatmap("h", [[1e308, -1e308, INF]], [0, NAN, INF], labels=("日本",), z_range=(0, 0)),
    ],
    ids=lambda chart: f"{type(chart).__name__}",
)
def test_bars_and_heatmaps_of_anything_have_the_right_size(chart):
    for width, height in SIZES[:-1]:
        for style in STYLES.values():
            check(chart, width, height, style)
    check(chart, 250, 80, ASCII)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.text(max_size=30),
    width=st.integers(0, 70),
    height=st.integers(0, 20),
    data=st.lists(st.tuples(st.floats(), st.floats()), max_size=20),
    style=st.sampled_from(sorted(STYLES)),
    log=st.booleans(),
)
def test_any_text_and_any_numbers_fit_any_size(text, width, height, data, style, log):
    x, y = zip(*data, strict=True) if data else ((), ())
    series = (Series(text, x, y, marker=text[:1]), Series(text, x, y))
    chart = LineChart(text, series, (Mark(1, text),), log_x=log, log_y=log, y_label=text, empty=text)
    check(chart, width, height, STYLES[style])
    check(Bars(text, y, labels=(text,) * len(y)), width, height, STYLES[style])


def test_a_million_points_are_drawn_with_their_single_spike():
    y = np.zeros(1_000_000)
    y[654_321] = 1.0
    found = lines(LineChart("loss", (Series("a", np.arange(y.size), y),), y_range=(0, 1)), 60, 15)
    assert "." in found[1]


def test_an_error_inside_the_drawing_is_written_where_the_chart_would_be(monkeypatch):
    def fail(*_):
        raise RuntimeError("no\nluck")

    monkeypatch.setattr(canvas._figure_class, "build", fail)
    picture = draw(LineChart("t", (Series("a", TEN, TEN),)), 40, 9, style=ASCII)
    assert picture.error == "RuntimeError: no\nluck"
    assert "RuntimeError: no luck" in picture.lines[4]
    assert [len(line) for line in picture.lines] == [40] * 9


def test_a_terminal_smaller_than_the_chart_does_not_shrink_it(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "5")
    top = lines(LineChart("", (Series("a", [0, 1], [0, 1]),), y_range=(0, 1)), 100, 40)[1]
    assert top.rstrip().endswith(".")
    assert len(top.rstrip()) > 95
