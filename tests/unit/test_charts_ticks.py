import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_tui.charts.axis import Axis, fit_axis
from grok_tui.charts.ticks import short, ticks

numbers = st.floats(-1e308, 1e308)
positive = st.floats(1e-300, 1e300)


def labels(axis, most, **options):
    return [tick.label for tick in ticks(axis, most, **options)]


@st.composite
def axes(draw):
    log = draw(st.booleans())
    bounds = draw(st.tuples(positive, positive) if log else st.tuples(numbers, numbers))
    return fit_axis(bounds, log=log, rounded=draw(st.booleans()))


@given(axes(), st.integers(0, 12), st.booleans())
def test_ticks_are_few_increasing_within_the_axis_and_labelled_apart(axis, most, counts):
    found = ticks(axis, most, counts=counts)
    values = [tick.value for tick in found]
    assert len(found) <= most
    assert values == sorted(set(values))
    assert all(axis.low <= value <= axis.high for value in values)
    assert len({tick.label for tick in found}) == len(found)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(3, 12))
def test_an_ordinary_axis_always_has_a_tick(low, span, most):
    assert ticks(fit_axis((low, low + span)), most)


@given(axes())
def test_an_axis_is_finite_and_shows_the_ends_of_its_data(axis):
    assert math.isfinite(axis.low)
    assert math.isfinite(axis.high)
    assert axis.low < axis.high
    assert axis.units([axis.low, axis.high]).tolist() == pytest.approx([0, 1])


@given(st.tuples(numbers, numbers))
def test_rounding_an_axis_only_widens_it(bounds):
    axis, rounded = fit_axis(bounds), fit_axis(bounds, rounded=True)
    assert rounded.low <= axis.low
    assert rounded.high >= axis.high


def test_decades_of_steps_are_written_with_suffixes():
    axis = Axis(1, 1e6, log=True)
    assert labels(axis, 10, counts=True) == ["1", "10", "100", "1k", "10k", "100k", "1M"]


def test_decades_of_losses_are_written_as_powers_where_they_are_long():
    assert labels(Axis(1e-4, 10, log=True), 10) == ["1e-4", "1e-3", "0.01", "0.1", "1", "10"]


def test_many_decades_are_thinned_out_evenly():
    assert labels(Axis(1e-8, 1, log=True), 5) == ["1e-8", "1e-6", "1e-4", "0.01", "1"]


def test_a_log_axis_with_room_for_two_ticks_shows_its_widest_decades():
    assert labels(Axis(2e-5, 5, log=True), 2) == ["1e-4", "1"]


def test_less_than_a_decade_is_divided_finer():
    assert labels(Axis(2000, 5000, log=True), 5, counts=True) == ["2k", "5k"]
    assert labels(Axis(3.1, 4.4, log=True), 5) == ["3.5", "4.0"]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, ["0.0", "0.5", "1.0"]),
        (-0.4, 1.2, ["0.0", "0.5", "1.0"]),
        (0, 34_200, ["0", "10k", "20k", "30k"]),
        (0.002, 0.01, ["0.002", "0.004", "0.006", "0.008", "0.010"]),
        (1e-9, 5e-9, ["1e-9", "2e-9", "3e-9", "4e-9", "5e-9"]),
        (-1e300, 1e300, ["-1e300", "-5e299", "0", "5e299", "1e300"]),
        (250_000, 260_000, ["250k", "255k", "260k"]),
    ],
)
def test_linear_ticks_are_round_numbers(low, high, expected):
    assert labels(Axis(low, high), 5) == expected


def test_steps_are_whole_numbers():
    assert labels(Axis(0, 2), 8, counts=True) == ["0", "1", "2"]


@pytest.mark.parametrize("value", [0.0, 5.0, -3e-7, 1e300, -1e308, 5e-324])
def test_an_axis_around_a_constant_has_it_inside(value):
    axis = fit_axis((value, value), rounded=True)
    assert axis.low < max(min(value, 1e300), -1e300) < axis.high


def test_the_distance_of_the_largest_numbers_does_not_overflow():
    axis = fit_axis((-1e308, 1e308))
    assert np.isfinite(axis.units([-1e308, 0, 1e308])).all()
    assert axis.units(0) == pytest.approx(0.5)


def test_values_without_a_place_on_the_axis_are_nan():
    assert np.isnan(Axis(1, 10, log=True).units([0, -1, np.nan, np.inf])).all()
    assert np.isnan(Axis(1, 10).units([np.nan, -np.inf])).all()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1, "1.000"), (0.98333, "0.983"), (-12.3, "-12.30"), (99_999, "99999"), (1.2e-5, "1.2e-5")],
)
def test_values_are_written_shortly(value, text):
    assert short(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_written_values_are_short(value):
    assert len(short(value)) <= 9
