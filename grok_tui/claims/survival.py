"""Times of which some did not come: the estimate of Kaplan and Meier, and its median with an interval.

A time that did not come while somebody looked is *censored*: all that is known is that it is later. To leave
such times out, or to count them as the last step, would make every median too small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from grok_tui.claims.binomial import LEVEL
from grok_tui.claims.functions import Floats

NOT_REACHED = "not reached"


@dataclass(frozen=True)
class SurvivalCurve:
    """The share of cases to which it has not happened yet, after each time at which it happened to one.

    Attributes:
        times: `[n]`, strictly increasing.
        surviving: `[n]`, the estimate of Kaplan and Meier (J. Am. Stat. Assoc. 53, 1958).
        variance: `[n]`, that of the logarithm of `surviving`, after Greenwood; infinite where it is 0.
    """

    times: Floats
    surviving: Floats
    variance: Floats

    def first_below_half(self, levels: Floats) -> float | None:
        """Return the first time at which a curve over `times`, `[n]`, is 1/2 or less, or None."""
        below = np.flatnonzero(levels <= 0.5 + 1e-12)
        return float(self.times[below[0]]) if below.size else None


@dataclass(frozen=True)
class Median:
    """The median of times of which some are censored.

    Attributes:
        value: None where it was not reached: to more than half of the cases it did not happen.
        low: lower end of its confidence interval; None where there is none.
        high: upper end; None where the cases do not bound it.
        censored: of how many cases only a lower bound of the time is known.
        cases: how many there are.
    """

    value: float | None
    low: float | None
    high: float | None
    censored: int
    cases: int

    def __str__(self) -> str:
        """Show what is to be said besides the value: "[540, 700], not reached in 1 of 8", or less."""
        parts = []
        if self.value is not None and self.low is not None:
            parts.append(f"[{self.low:.5g}, {'...' if self.high is None else f'{self.high:.5g}'}]")
        if self.censored:
            parts.append(f"{NOT_REACHED} in {self.censored} of {self.cases}")
        return ", ".join(parts)


def kaplan_meier(times: Sequence[float], happened: Sequence[bool]) -> SurvivalCurve:
    """Estimate how many survive.

    Args:
        times: at which it happened, or until which it was looked for.
        happened: whether it did. At equal times those to which it did not were still at risk.

    Raises:
        ValueError: there are none, the two are not of the same length, or a time is not finite.
    """
    ends, seen = np.asarray(times, dtype=np.float64), np.asarray(happened, dtype=np.bool_)
    if not ends.size or ends.shape != seen.shape or not np.isfinite(ends).all():
        raise ValueError("a survival curve needs finite times, and of each whether it happened")
    at = np.unique(ends[seen])
    deaths: NDArray[np.int64] = np.array(
        [np.count_nonzero(seen & (ends == time)) for time in at], dtype=np.int64
    )
    at_risk: NDArray[np.int64] = np.array([np.count_nonzero(ends >= time) for time in at], dtype=np.int64)
    with np.errstate(divide="ignore"):
        variance: Floats = np.cumsum(deaths / (at_risk * (at_risk - deaths)), dtype=np.float64)
    surviving: Floats = np.cumprod(1 - deaths / at_risk, dtype=np.float64)
    return SurvivalCurve(at, surviving, variance)


def median_time(times: Sequence[float], happened: Sequence[bool], level: float = LEVEL) -> Median:
    """Return the median of times of which some are censored, with its interval.

    The median is the first time at which half survive or fewer; where exactly half do for a while, the middle
    of that while, so that without censoring it is the plain median. The interval holds the times at which a
    test does not tell the share of survivors from one half (Brookmeyer and Crowley, Biometrics 38, 1982), by
    log(-log) of it, which keeps to [0, 1] and is better for few cases. Of one case there is none.

    Args:
        times: as of `kaplan_meier`.
        happened: likewise.
        level: of confidence.

    Raises:
        ValueError: as of `kaplan_meier`.
    """
    curve = kaplan_meier(times, happened)
    cases, censored = len(times), len(times) - sum(map(bool, happened))
    value = curve.first_below_half(curve.surviving)
    if value is not None:
        index = int(np.searchsorted(curve.times, value))
        if math.isclose(curve.surviving[index], 0.5) and index + 1 < len(curve.times):
            value += (float(curve.times[index + 1]) - value) / 2
    if cases == 1:
        return Median(value, None, None, censored, cases)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(curve.surviving)
        spread = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(curve.variance) / np.abs(logs)
        lower, upper = (curve.surviving ** np.exp(sign * spread) for sign in (1, -1))
    told = curve.surviving > 0  # where none survive, there is no variance
    low, high = (curve.first_below_half(np.where(told, levels, np.inf)) for levels in (lower, upper))
    return Median(value, low, high, censored, cases)
