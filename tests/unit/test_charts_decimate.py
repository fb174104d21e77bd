import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grok_tui.charts.axis import Axis, finite_bounds
from grok_tui.charts.decimate import band, crop, decimate, in_order

values = st.floats(allow_nan=True, allow_infinity=True, width=32)


@st.composite
def curves(draw):
    size = draw(st.integers(0, 80))
    u = np.sort(draw(arrays(np.float64, size, elements=st.floats(0, 1))))
    return u, draw(arrays(np.float64, size, elements=values)), draw(st.integers(1, 12))


def column_of(u, columns):
    return np.minimum((u * columns).astype(int), columns - 1)


@given(curves())
def test_every_column_keeps_its_lowest_and_its_highest_value(curve):
    u, v, columns = curve
    good = np.isfinite(v)
    kept_u, kept_v = decimate(u, v, columns)
    drawn = np.isfinite(kept_v)
    before, after = column_of(u[good], columns), column_of(kept_u[drawn], columns)
    assert set(before) == set(after)
    for column in set(before):
        there, here = v[good][before == column], kept_v[drawn][after == column]
        assert (there.min(), there.max()) == (here.min(), here.max())


@given(curves())
def test_first_and_last_are_kept_and_points_stay_in_order(curve):
    u, v, columns = curve
    good = np.flatnonzero(np.isfinite(v))
    kept_u, kept_v = decimate(u, v, columns)
    if good.size:
        assert (kept_u[0], kept_v[0]) == (u[good[0]], v[good[0]])
        assert (kept_u[-1], kept_v[-1]) == (u[good[-1]], v[good[-1]])
        assert np.all(np.diff(kept_u) >= 0)
    else:
        assert kept_u.size == kept_v.size == 0


@given(curves())
def test_at_most_two_points_a_column_are_left_besides_the_ends(curve):
    u, v, columns = curve
    _, kept = decimate(u, v, columns)
    assert np.isfinite(kept).sum() <= 2 * columns + 2


@given(curves())
def test_two_points_are_joined_only_when_no_gap_lies_between_them(curve):
    u, v, columns = curve
    _, kept = decimate(u, v, columns)
    assert np.isnan(kept).any() <= (~np.isfinite(v)).any()
    drawn = np.isfinite(kept)
    assert not np.any(~drawn[1:] & ~drawn[:-1])
    gaps = np.isfinite(v)
    inner = np.flatnonzero(gaps)
    has_gap = inner.size and not gaps[inner[0] : inner[-1]].all()
    assert (~drawn).any() == bool(has_gap and len(kept) > 1)


def test_a_spike_of_one_sample_in_a_million_survives():
    v = np.zeros(1_000_000)
    v[123_456] = 7.0
    u = np.linspace(0, 1, v.size)
    assert decimate(u, v, 50)[1].max() == 7.0


def test_columns_of_a_log_axis_are_decades_and_not_steps():
    steps = np.arange(1.0, 100_001.0)
    u = Axis(1, 100_000, log=True).units(steps)
    kept, _ = decimate(u, np.sin(steps), 50)
    assert np.histogram(kept, bins=5, range=(0, 1))[0].min() >= 9


def test_nothing_finite_leaves_nothing():
    u, v = decimate(np.array([0.0, 1.0]), np.array([np.nan, np.inf]), 10)
    assert u.size == v.size == 0


def test_points_without_a_place_become_gaps_and_the_rest_is_sorted():
    u, v = in_order(np.array([np.nan, 0.5, np.nan, 0.2, 0.8]), np.array([9.0, 1.0, 9.0, 2.0, 3.0]))
    assert u.tolist() == [0.2, 0.5, 0.5, 0.8]
    assert np.array_equal(v, [2.0, 1.0, np.nan, 3.0], equal_nan=True)


def test_a_curve_that_leaves_the_axis_is_cut_where_it_leaves_it():
    u, v = crop(np.array([-1.0, 1.0, 2.0]), np.array([0.0, 2.0, 4.0]))
    assert u.tolist() == [0.0, 1.0, 1.0]
    assert v.tolist() == [1.0, 2.0, 2.0]


def test_a_curve_that_only_crosses_the_axis_is_drawn_across_it():
    u, v = crop(np.array([-1.0, 3.0]), np.array([0.0, 4.0]))
    assert u.tolist() == [0.0, 1.0]
    assert v.tolist() == [1.0, 2.0]


def test_a_curve_beside_the_axis_is_left_out():
    assert crop(np.array([2.0, 3.0]), np.array([1.0, 1.0]))[0].size == 0


def test_a_band_is_widest_where_points_share_a_place_and_interpolated_where_there_are_none():
    low, high = band(np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 2.0]), np.array([2.0, 1.0, 4.0]), 3)
    assert low.tolist() == [0.0, 1.0, 2.0]
    assert high.tolist() == [2.0, 3.0, 4.0]


def test_a_band_breaks_at_gaps_and_ends_with_its_points():
    u = np.linspace(0, 1, 5)
    values = np.array([1.0, np.nan, 1.0, 1.0, np.nan])
    low, _ = band(u, values, values, 9)
    assert np.isfinite(low).tolist() == [True, False, False, False, True, True, True, False, False]


def test_bounds_skip_what_is_not_finite_and_on_request_what_is_not_positive():
    data = [np.array([np.nan, -2.0, 0.0, 3.0, np.inf]), None, np.array([])]
    assert finite_bounds(data) == (-2.0, 3.0)
    assert finite_bounds(data, positive=True) == (3.0, 3.0)
    assert finite_bounds([np.array([np.nan])]) is None
