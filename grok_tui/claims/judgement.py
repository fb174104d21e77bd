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

    def __str__(self) -> str:
        return f"{self.left_shown} {self.operator} {self.right_shown}"


@dataclass(frozen=True)
class Judgement:
    """Whether a claim holds in one replica (None: unknown), and its comparisons in source order."""

    holds: bool | None
    comparisons: tuple[Comparison, ...]

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
    holds in at least the share `holds_in` of the replicas; one that is unknown there does not hold.

    Raises:
        ValueError: `judgements` is empty or `holds_in` is not in (0, 1].
    """
    if not judgements:
        raise ValueError("a verdict needs the judgement of at least one replica")
    if not 0 < holds_in <= 1:
        raise ValueError(f"holds_in must be in (0, 1], got {holds_in}")
    if not complete:
        return Verdict.UNDECIDED
    share = sum(judgement.holds is True for judgement in judgements) / len(judgements)
    return Verdict.REPRODUCED if share >= holds_in else Verdict.NOT_REPRODUCED
