"""What came of a claim: both sides of each comparison in one replica, and the verdict over all replicas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Comparison:
    """One comparison with its values in one replica.

    It says what the claim needs: below a `not` it is the complement of what is written. `never` and `always`
    are compared where the curve comes nearest to breaking them: `never(x < c)` as `min(x) >= c`. `str` shows
    it on one line, as `end(sgd.bias) = 0.9901 in [0.989, 0.991]`, and a word for what is missing.
    """

    text: str
    left: float | None  # None: missing
    operator: str
    right: float | tuple[float, float] | None
    holds: bool | None  # None: unknown, because a side is missing
    left_shown: str
    right_shown: str
    never: bool = False  # it is unknown only because something did not come to be, in all that was seen

    def __str__(self) -> str:
        return f"{self.left_shown} {self.operator} {self.right_shown}"


@dataclass(frozen=True)
class Judgement:
    """Whether a claim holds in one replica (None: unknown), and its comparisons in source order."""

    holds: bool | None
    comparisons: tuple[Comparison, ...]

    @property
    def undecided(self) -> bool:
        """Whether it is unknown because something was not seen, and not because something never came."""
        unknown = [comparison for comparison in self.comparisons if comparison.holds is None]
        return self.holds is None and not all(comparison.never for comparison in unknown)

    @property
    def deciding(self) -> Comparison:
        """The first comparison that came out as the claim did; `and` and `or` always leave one."""
        return next(comparison for comparison in self.comparisons if comparison.holds is self.holds)


class Verdict(StrEnum):
    """What is said of a claim."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    UNDECIDED = "undecided"


def verdict(judgements: Sequence[Judgement], *, complete: bool, holds_in: float) -> Verdict:
    """Judge a claim over all replicas of a run.

    A run that is not complete leaves every claim undecided. Of a complete run, a claim is reproduced when it
    holds in at least the share `holds_in` of the replicas. Where it is unknown as something never came, it
    does not hold. Where it is unknown as something was not seen (NaN, steps not recorded, an arm that
    diverged), it may hold, and the claim is undecided if so many may that it would be reproduced.

    Raises:
        ValueError: `judgements` is empty or `holds_in` is not in (0, 1].
    """
    if not judgements:
        raise ValueError("a verdict needs the judgement of at least one replica")
    if not 0 < holds_in <= 1:
        raise ValueError(f"holds_in must be in (0, 1], got {holds_in}")
    if not complete:
        return Verdict.UNDECIDED
    hold = sum(judgement.holds is True for judgement in judgements)
    may_hold = hold + sum(judgement.undecided for judgement in judgements)
    if hold / len(judgements) >= holds_in:
        return Verdict.REPRODUCED
    return Verdict.UNDECIDED if may_hold / len(judgements) >= holds_in else Verdict.NOT_REPRODUCED


def telling(judgements: Sequence[Judgement], verdict: Verdict) -> Judgement:
    """Return the judgement to show of a claim: the first that came out as the verdict did."""
    kinds = {
        Verdict.REPRODUCED: lambda one: one.holds is True,
        Verdict.UNDECIDED: lambda one: one.undecided,
        Verdict.NOT_REPRODUCED: lambda one: one.holds is not True,
    }
    return next(filter(kinds[verdict], judgements), judgements[0])
