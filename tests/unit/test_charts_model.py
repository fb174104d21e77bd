import pickle

import numpy as np
import pytest

from grok_tui.charts import Bars, Cells, Heatmap, LineChart, Mark, Series


def test_series_of_different_lengths_are_refused_with_their_counts():
    with pytest.raises(ValueError, match=r"series 'val': lengths differ \(x 3, y 2\)"):
        Series("val", [1, 2, 3], [1, 2])


def test_a_band_needs_both_of_its_edges():
    with pytest.raises(ValueError, match="low and high"):
        Series("val", [1], [1], low=[0])


def test_a_band_of_another_length_is_refused():
    with pytest.raises(ValueError, match="low 1, high 2"):
        Series("val", [1, 2], [1, 2], low=[0], high=[1, 2])


def test_a_matrix_is_not_a_series():
    with pytest.raises(ValueError, match="2 dimensions"):
        Series("val", [[1]], [[1]])


def test_none_becomes_nan():
    assert np.isnan(Series("val", [1, 2], [None, 1]).y[0])


def test_a_series_does_not_follow_later_changes_of_its_source():
    source = np.zeros(3)
    series = Series("val", np.arange(3), source)
    source[:] = 1
    assert series.y.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="read-only"):
        series.y[0] = 1


@pytest.mark.parametrize(
    "make",
    [
        lambda end: LineChart("t", (Series("a", [0, 1], [np.nan, end]),), (Mark(3, "fit"),)),
        lambda end: Bars("t", [np.nan, end], roles=("memorizer", "generalizer")),
        lambda end: Heatmap("t", [[np.nan, end]], [0, 1]),
        lambda end: Cells("t", [[0, int(end) - 1]], (("wrong", "axis"), ("right", "series-1"))),
    ],
)
def test_charts_compare_and_hash_by_value_even_through_pickle(make):
    chart = make(1.0)
    assert chart == make(1.0)
    assert hash(chart) == hash(make(1.0))
    assert pickle.loads(pickle.dumps(chart)) == chart
    assert chart != make(2.0)
    assert hash(chart) != hash(make(2.0))


def test_charts_of_different_kinds_differ():
    assert Bars("t", [1.0]) != Series("t", [1.0], [1.0])


def test_series_that_differ_in_the_middle_only_are_unequal():
    assert Series("a", [0, 1, 2], [0, 1, 0]) != Series("a", [0, 1, 2], [0, 2, 0])


def test_a_bar_chart_wants_a_label_and_a_role_per_value():
    with pytest.raises(ValueError, match="1 labels for 2 values"):
        Bars("w", [1, 2], labels=("a",))
    with pytest.raises(ValueError, match="3 roles for 2 values"):
        Bars("w", [1, 2], roles=("memorizer",) * 3)


@pytest.mark.parametrize("bins", [(1.0, 1.0), (2.0, 1.0), (0.0, float("inf")), (float("nan"), 1.0)])
def test_bins_have_a_width(bins):
    with pytest.raises(ValueError, match="bins from"):
        Bars("w", [1, 2], bins=bins)


def test_a_heatmap_wants_a_step_per_column_and_a_label_per_row():
    with pytest.raises(ValueError, match="3 steps for 2 columns"):
        Heatmap("h", np.zeros((1, 2)), [1, 2, 3])
    with pytest.raises(ValueError, match="2 labels for 1 rows"):
        Heatmap("h", np.zeros((1, 2)), [1, 2], labels=("a", "b"))
