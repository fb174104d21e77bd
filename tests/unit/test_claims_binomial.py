"""Exact intervals of shares: published numbers, and what defines them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_tui.claims.binomial import clopper_pearson, incomplete_beta


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),  # 1 - 0.025 ** (1 / 10)
        (10, 10, 0.6915, 1.0),
        (1, 10, 0.0025, 0.4450),  # binom.test(1, 10) of R
        (7, 8, 0.4735, 0.9968),
        (5, 10, 0.1871, 0.8129),
        (15, 148, 0.0578, 0.1617),
    ],
)
def test_published_intervals(successes, trials, low, high):
    assert clopper_pearson(successes, trials) == pytest.approx((low, high), abs=6e-5)


def tail(successes: int, trials: int, share: float) -> float:
    """The probability of so many successes or more."""
    return sum(
        math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(successes, trials + 1)
    )


counts = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.floats(0.5, 0.99))
def test_at_each_end_what_was_seen_or_more_extreme_has_half_of_the_rest(count, level):
    successes, trials = count
    low, high = clopper_pearson(successes, trials, level)
    assert 0 <= low <= successes / trials <= high <= 1
    if successes:
        assert tail(successes, trials, low) == pytest.approx((1 - level) / 2, rel=1e-6)
    if successes < trials:
        assert 1 - tail(successes + 1, trials, high) == pytest.approx((1 - level) / 2, rel=1e-6)


@given(counts)
def test_failures_have_the_mirrored_interval(count):
    successes, trials = count
    low, high = clopper_pearson(successes, trials)
    assert clopper_pearson(trials - successes, trials) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(st.floats(0.001, 0.999), st.integers(1, 50), st.integers(1, 50))
def test_the_incomplete_beta_function_is_a_tail_of_the_binomial_distribution(x, a, b):
    assert incomplete_beta(x, a, b) == pytest.approx(tail(a, a + b - 1, x), rel=1e-9, abs=1e-12)


def test_many_trials_are_no_trouble():
    low, high = clopper_pearson(50_000, 100_000)
    assert (low, high) == pytest.approx((0.4969, 0.5031), abs=1e-4)


@pytest.mark.parametrize(
    ("successes", "trials", "level"), [(0, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1)]
)
def test_what_has_no_interval_is_refused(successes, trials, level):
    with pytest.raises(ValueError, match="got"):
        clopper_pearson(successes, trials, level)
