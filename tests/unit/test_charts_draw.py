"""Whatever is put into a chart, the picture has the right size; and what is put in can be seen."""

import warnings
from itertools import cycle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from grok_tui.charts import (
    COLORLESS,
    DARK,
    LIGHT,
    SIXTEEN,
    Bars,
    Heatmap,
    LineChart,
    Mark,
    Series,
    Style,
    canvas,
)
from grok_tui.charts.draw import draw

NAN, INF = np.nan, np.inf
TEN = np.arange(10.0)
STYLES = {
    "braille": Style(DARK),
    "light": Style(LIGHT),
    "blocks": Style(SIXTEEN, "blocks"),
    "colorless": Style(COLORLESS),
    "ascii": Style(COLORLESS, "ascii"),
}
ASCII = STYLES["ascii"]
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
SIZES = ((0, 0), (1, 1), (3, 1), (7, 3), (10, 5), (16, 2), (20, 5), (23, 6), (40, 11), (60, 15), (250, 80))


def check(chart, width, height, style):
    """Every row has its width in a terminal's own measure, and nothing went wrong on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = draw(chart, width, height, style=style)
    assert picture.error == ""
    assert (picture.width, picture.height) == (width, height)
    assert [cell_len(line) for line in picture.lines] == [width] * height
    if style.ascii:
        assert all(line.isascii() for line in picture.lines)
    return picture


def lines(chart, width, height, style=ASCII):
    return list(check(chart, width, height, style).lines)


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


@pytest.mark.parametrize("style", ["braille", "blocks", "ascii"])
@pytest.mark.parametrize("line", ["solid", "dashed", "dotted"])
def test_a_spike_survives_wherever_it_is_and_however_the_line_is_broken(line, style):
    for place in range(100):
        y = np.zeros(100)
        y[place] = 1.0
        chart = LineChart("", (Series("a", np.arange(100), y, line=line),), y_range=(0, 1))
        top = lines(chart, 40, 12, STYLES[style])[1]
        assert top[4:].strip()


def test_lines_events_and_axes_are_drawn_in_ascii():
    x = np.arange(0, 101, 10)
    train, val = Series("train", x, np.minimum(x / 20, 1)), Series("val", x, np.where(x < 60, 0, 1))
    chart = LineChart("Accuracy", (train, val), (Mark(20, "fit"), Mark(60, "grok")), y_range=(0, 1))
    assert lines(chart, 40, 11) == [
        "Accuracy      . train 1.000  o val 1.000",
        "         v fit          v grok          ",
        "1+       ...............oooooooooooooooo",
        " |      .|             o|               ",
        " |     . |             o|               ",
        " |    .  |            o |               ",
        " |   .   |            o |               ",
        " |  .    |           o  |               ",
        "0+oooooooooooooooooooo  |               ",
        " ++------------------+-----------------+",
        "  0                  50              100",
    ]


def test_a_power_law_is_straight_on_log_axes():
    series = Series("val", [1, 10, 100, 1000], [10, 1, 0.1, 0.01])
    assert lines(LineChart("Loss", (series,), log_x=True, log_y=True), 30, 9) == [
        "Loss               . val 0.010",
        "    |.                        ",
        "    | ....                    ",
        "   1+     ....                ",
        "    |         ........        ",
        "    |                 ....    ",
        "0.01+                     ....",
        "    ++---------------+--------",
        "     1              100   step",
    ]


def test_values_that_are_not_finite_are_gaps():
    series = Series("a", [0, 1, 2, 3, 4], [0, 1, np.nan, 1, 0])
    assert lines(LineChart("Gap", (series,), y_range=(0, 1)), 26, 6) == [
        "Gap                  . a 0",
        "1+      .          .      ",
        " |    ..            ..    ",
        " |  ..                ..  ",
        "0+..                    ..",
        "  0                   step",
    ]


def test_values_without_a_logarithm_are_gaps_on_a_log_axis():
    series = Series("a", [0, 1, 2, 3, 4], [1, 0, -1, 1, 1])
    assert lines(LineChart("", (series,), log_y=True), 26, 6)[2] == "1+.                ......."


def test_a_log_axis_without_positive_data_is_linear():
    linear = LineChart("", (Series("a", TEN, -TEN),))
    assert lines(LineChart("", (Series("a", TEN, -TEN),), log_y=True), 40, 10) == lines(linear, 40, 10)


def test_a_narrow_legend_gives_up_values_before_names_and_the_first_names_before_the_last():
    chart = LineChart("Train loss", (Series("train", TEN, TEN), Series("val", TEN, TEN)))
    headers = [lines(chart, width, 10)[0].split() for width in (40, 30, 22, 20)]
    assert headers == [
        ["Train", "loss", ".", "train", "9.000", "o", "val", "9.000"],
        ["Train", "loss", ".", "train", "o", "val"],
        ["Train", "loss", "o", "val"],
        ["Train", "loss", "o", "val"],
    ]


def test_without_data_a_quiet_line_says_so():
    assert lines(LineChart("Loss", (), empty="no data yet"), 24, 7) == [
        "Loss                    ",
        "                        ",
        "                        ",
        "      no data yet       ",
        "                        ",
        "                        ",
        "                        ",
    ]


def test_one_row_is_a_sparkline_with_name_and_last_value():
    x = np.arange(0, 101, 10)
    assert lines(LineChart("Loss", (Series("val", x, x),)), 24, 1) == ["val _...:--==+***# 100.0"]


def test_a_sparkline_shows_single_spikes_in_both_directions():
    y = np.zeros(1000)
    y[400], y[700] = 1.0, -1.0
    row = lines(LineChart("", (Series("a", np.arange(1000), y),), y_range=(-1, 1)), 15, 1)[0]
    assert "#" in row
    assert "_" in row


def test_bars_stand_on_zero_and_point_at_the_generalizer():
    chart = Bars("Weights", [1, -0.5, 0.25], ("a", "b", "c"), ("memorizer", "memorizer", "generalizer"))
    assert lines(chart, 44, 9) == [
        "Weights    # memorizers  ^ generalizer 0.250",
        "1+......                                    ",
        " |######                                    ",
        " |######                                    ",
        "0+######                      ######        ",
        " |              ######                      ",
        ' |              """"""                      ',
        " +------------------------------^-----------",
        "    a             b             c           ",
    ]


def test_a_generalizer_is_seen_among_more_bars_than_columns():
    for place in range(101):
        roles = ["memorizer"] * 101
        roles[place] = "generalizer"
        chart = Bars("w", np.where(np.arange(101) == place, 1.0, 0.01), roles=tuple(roles), y_range=(0, 1))
        picture = check(chart, 30, 10, STYLES["braille"])
        colors = {run.color for row in picture.rows[1:8] for run in row}
        assert DARK.generalizer in colors
        assert "▲" in picture.lines[-2]


def test_a_generalizer_does_not_get_the_height_of_a_memorizer_in_its_column():
    roles = ("memorizer", "generalizer") * 50
    chart = Bars("w", np.tile([1.0, 0.1], 50), roles=roles, y_range=(0, 1))
    assert lines(chart, 44, 12)[1][4:].strip() == ""


def test_the_lowest_and_the_highest_of_bars_that_share_a_column_are_seen():
    values = np.zeros(1000)
    values[500], values[501] = 1.0, -1.0
    found = lines(Bars("w", values), 40, 11)
    assert "#" in found[1]
    assert "#" in found[8]


def test_a_heatmap_without_colours_is_made_of_denser_and_thinner_characters():
    chart = Heatmap("Power", [[0, 1], [0.5, 0]], [0, 10], labels=("cos", "sin"))
    assert lines(chart, 24, 6) == [
        "Power                   ",
        "   |                   @",
        "cos+                   @",
        "   |+++++++++++++++++++ ",
        "sin++++++++++++++++++++ ",
        "    0                 10",
    ]


def test_a_heatmap_in_colours_goes_from_one_end_of_the_ramp_to_the_other():
    picture = check(Heatmap("h", [[0, 1, 2, 3]], [0, 1, 2, 3]), 40, 10, STYLES["braille"])
    backgrounds = [run.background for run in picture.rows[3] if run.background]
    assert (backgrounds[0], backgrounds[-1]) == (DARK.ramp[0], DARK.ramp[-1])


def test_a_heatmap_of_both_signs_has_zero_in_the_middle_of_its_ramp():
    picture = check(Heatmap("h", [[-1, 0, 0.5]], [0, 1, 2]), 40, 10, STYLES["braille"])
    backgrounds = [run.background for run in picture.rows[3] if run.background]
    assert backgrounds[:2] == [DARK.diverging[0], DARK.diverging[4]]


def test_a_hot_cell_is_seen_among_more_rows_and_columns_than_there_are():
    z = np.zeros((300, 1000))
    z[123, 456] = 5.0
    assert "@" in "".join(lines(Heatmap("h", z, np.arange(1000)), 40, 10)[1:-2])


def test_the_series_drawn_last_is_on_top():
    flat = [0.5] * 10
    chart = LineChart("", (Series("train", TEN, flat), Series("val", TEN, flat)), y_range=(0, 1))
    area = "".join(lines(chart, 40, 10)[1:8])
    assert "o" in area
    assert "." not in area.replace("0.", "")


@pytest.mark.parametrize("style", ["colorless", "ascii"])
def test_eight_series_without_colours_all_look_different_in_the_legend(style):
    flat = tuple(Series(f"s{i}", TEN, [i] * 10) for i in range(8))
    header = lines(LineChart("", flat), 120, 15, STYLES[style])[0]
    samples = [part.rsplit(" ", 1)[-1] for part in header.split(" s")[:-1]]
    assert len(set(samples)) == 8


def test_series_of_one_line_pattern_carry_their_markers_on_the_curve():
    pair = tuple(Series(f"s{i}", TEN, [i] * 10, line="solid") for i in range(2))
    found = lines(LineChart("", pair), 60, 12, STYLES["braille"])
    assert "●" in "".join(found[1:])
    assert "▲" in "".join(found[1:])


def test_colours_come_from_the_palette_by_name():
    series = (Series("a", TEN, TEN, color="generalizer"), Series("b", TEN, -TEN), Series("c", TEN, 0 * TEN))
    picture = check(LineChart("t", series), 60, 15, STYLES["braille"])
    colors = {run.color for row in picture.rows for run in row if run.text.strip()}
    assert {DARK.generalizer, DARK.series[1], DARK.series[2], DARK.axis, DARK.muted, DARK.text} == colors


def test_without_colours_nothing_is_coloured():
    chart = LineChart("t", (Series("a", TEN, TEN, TEN - 1, TEN + 1),), MARKS)
    picture = check(chart, 60, 15, STYLES["colorless"])
    assert all(run.color is run.background is None for row in picture.rows for run in row)


def test_a_band_reaches_from_low_to_high():
    series = Series("a", [0, 1], [0.5, 0.5], low=[0.25, 0.25], high=[0.75, 0.75])
    area = lines(LineChart("", (series,), y_range=(0, 1)), 40, 12)[1:10]
    assert [row[5] for row in area] == [" ", " ", ":", ":", ".", ":", ":", " ", " "]


def test_a_band_that_starts_at_zero_reaches_down_to_the_end_of_a_log_axis():
    series = Series("a", [0, 1], [1, 1], low=[0, 0], high=[10, 10])
    area = lines(LineChart("", (series,), log_y=True, y_range=(0.1, 10)), 40, 12)[1:10]
    assert [row[6] for row in area] == [*"::::.::::"]


def test_marks_that_crowd_keep_their_glyphs_and_lose_names_and_lines():
    crowd = tuple(Mark(step, "slingshot") for step in range(0, 100, 2))
    chart = LineChart("", (Series("a", [0, 99], [0, 0]),), crowd, y_range=(0, 1))
    found = lines(chart, 60, 15)
    assert found[1].count("v") > 40
    assert "slingshot" not in found[1]
    assert "|" not in found[5][4:]


def test_interventions_keep_their_lines_among_crowding_events():
    crowd = (*(Mark(step, "e") for step in range(0, 100, 2)), Mark(50, "sgd", "intervention"))
    chart = LineChart("", (Series("a", [0, 99], [0, 0]),), crowd, y_range=(0, 1))
    found = lines(chart, 60, 15)
    assert found[5][4:].count("|") == 1
    assert found[1].count("!") == 1


def test_tick_labels_are_never_cut_and_never_touch():
    low, high = 112_345_670, 112_345_770
    for width in range(20, 130):
        chart = LineChart("", (Series("a", [low, high], [0, 1]),), x_label="step")
        labels = lines(chart, width, 12)[-1].replace("step", "").split()
        assert labels
        assert all(low <= round(float(label.removesuffix("M")) * 1e6) <= high for label in labels)


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


def test_drawing_is_a_function_of_its_arguments():
    chart = LineChart("t", (Series("a", TEN, TEN), Series("b", TEN, TEN**2)), MARKS)
    style = STYLES["braille"]
    assert draw(chart, 60, 15, style=style) == draw(chart, 60, 15, style=style)
