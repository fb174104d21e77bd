"""What is put into a chart can be seen in its picture."""

import numpy as np
import pytest
from pictures import STYLES, TEN, check, lines

from grok_tui.charts import DARK, Bars, Cells, Heatmap, LineChart, Mark, Series
from grok_tui.charts.draw import draw

MARKS = (Mark(3, "fit"), Mark(6, "sgd", "intervention"))


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
        "           v fit         v grok         ",
        "1.0+       ..............ooooooooooooooo",
        "   |      .|            o|              ",
        "   |     . |            o|              ",
        "0.5+    .  |           o |              ",
        "   |   .   |           o |              ",
        "   |  .    |          o  |              ",
        "0.0+ooooooooooooooooooo  |              ",
        "   ++-----------------+----------------+",
        "    0                 50             100",
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
    area = "".join(line[4:] for line in lines(chart, 40, 10)[1:8])
    assert "o" in area
    assert "." not in area


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


def test_drawing_is_a_function_of_its_arguments():
    chart = LineChart("t", (Series("a", TEN, TEN), Series("b", TEN, TEN**2)), MARKS)
    style = STYLES["braille"]
    assert draw(chart, 60, 15, style=style) == draw(chart, 60, 15, style=style)


def test_the_legend_names_what_may_be_left_out_only_where_there_is_room_for_all_of_it():
    x, y = np.arange(3), np.arange(3)
    others = tuple(Series(f"arm{i}", x, y + i, legend="if room") for i in range(4))
    chart = LineChart("Loss", (*others, Series("val", x, y), Series("ahead", x, y, legend="never")))
    wide, narrow = (lines(chart, width, 10)[0] for width in (90, 60))
    assert [name in wide for name in ("arm0", "arm3", "val", "ahead")] == [True, True, True, False]
    assert [name in narrow for name in ("arm", "val")] == [False, True]


KINDS = tuple((name, f"series-{i + 1}") for i, name in enumerate(("no", "yes", "old", "bad")))
KNOWN = Cells("Pairs", [[0, 1, 2], [1, -1, 2], [0, 1, 3]], KINDS)


def test_the_cells_of_a_table_are_squares_of_signs_with_their_shares():
    assert lines(KNOWN, 44, 7) == [
        "Pairs                    . no 25%  # yes 38%",
        "                ....####++++                ",
        "                ....####++++                ",
        "                ####    ++++                ",
        "                ####    ++++                ",
        "                ....####xxxx                ",
        "                ....####xxxx                ",
    ]


def test_with_colours_two_cells_share_a_character():
    rows = check(KNOWN, 30, 5, STYLES["braille"]).rows[1:]
    drawn = [[run for run in row if run.text.strip()] for row in rows]
    assert [[(run.text[0], run.background is not None) for run in row] for row in drawn if row] == [
        [("▀", True), ("▀", True), ("▀", True)],
        [("▀", True), ("▀", True)],
        [("▀", True), ("▀", True), ("▀", True)],
    ]


def test_a_small_table_says_how_much_is_of_each_kind():
    assert lines(KNOWN, 19, 3)[1].strip() == "25% no, 38% yes"
