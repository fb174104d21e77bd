"""How well a share is known that held in so many of so many trials."""

from __future__ import annotations

import math
from functools import lru_cache

LEVEL = 0.95  # of every interval that is told

_HALVINGS = 60  # of [0, 1]: beyond the resolution of a float there
_TERMS = 100_000  # the fraction needs about sqrt(trials) of them
_TINY = 1e-300
_EPSILON = 1e-15


@lru_cache(maxsize=1024)
def clopper_pearson(successes: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact confidence interval of a share: Clopper and Pearson, Biometrika 26 (1934).

    It holds the true share in at least `level` of all repetitions, however few the trials are.

    Args:
        successes: in how many trials it held.
        trials: how many there were.
        level: of confidence.

    Raises:
        ValueError: there are no trials, more successes than trials, or `level` is not in (0, 1).
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(
            f"an interval needs 0 <= successes <= trials and a trial, got {successes} of {trials}"
        )
    if not 0 < level < 1:
        raise ValueError(f"a level of confidence must be in (0, 1), got {level}")
    outside = (1 - level) / 2
    failures = trials - successes
    low = 0.0 if successes == 0 else _beta_quantile(outside, successes, failures + 1)
    high = 1.0 if failures == 0 else 1 - _beta_quantile(outside, failures, successes + 1)
    return low, high


def _beta_quantile(probability: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if incomplete_beta(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function I_x(a, b) for 0 <= x <= 1, a and b positive.

    By its continued fraction (Abramowitz and Stegun 26.5.8), evaluated as Lentz does.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly, that of the other tail is fast
        return 1 - incomplete_beta(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for coefficient in (even, odd):
            d = 1 / _nonzero(1 + coefficient * d)
            c = _nonzero(1 + coefficient / c)
            fraction *= c * d
        if abs(c * d - 1) < _EPSILON:
            break
    return fraction


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
