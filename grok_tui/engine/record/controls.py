"""Whether claims can fail: each judged under its control, and with the arms' records shuffled."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grok_tui import claims
from grok_tui.presets import Claim, Control

from .verdicts import Recorded, ReplicaCurves, all_is_there, curves_of

MOST_SHUFFLES = 200


@dataclass(frozen=True)
class JudgedControl:
    """A claim under its control."""

    claim: Claim
    control: Control
    judgements: tuple[claims.Judgement, ...]
    verdict: claims.Verdict

    @property
    def as_expected(self) -> bool:
        """Whether the control turns round the verdict that is expected of the claim."""
        return self.verdict not in (self.claim.expected, claims.Verdict.UNDECIDED)

    @property
    def telling(self) -> claims.Judgement:
        """The judgement to show: of the first replica that came out as the verdict did."""
        return claims.telling(self.judgements, self.verdict)


def judge_control(claim: Claim, arms: Mapping[str, Recorded], replicas: int) -> JudgedControl | None:
    """Judge a claim under its control; None where it has none.

    Args:
        claim: the claim.
        arms: what was recorded; of a control by other settings, under those.
        replicas: how many.
    """
    control = claim.control
    if control is None:
        return None
    seen = {name: arms[control.arms.get(name, name)] for name in claim.condition.arms()}
    condition = claims.parse(control.applied(claim.holds))
    judgements = condition.judge(curves_of(seen, replicas))
    complete = all_is_there(condition, seen)
    return JudgedControl(
        claim, control, judgements, claims.verdict(judgements, complete=complete, holds_in=claim.holds_in)
    )


def holds_shuffled(claim: Claim, arms: Mapping[str, Recorded]) -> float | None:
    """Return the share of shuffles of the arms' records under which a claim still holds, in replica 0.

    A shuffle gives the arms that the claim speaks of the records of as many arms, not all of them their own.
    Where there are more than `MOST_SHUFFLES`, as many are drawn, the same ones each time.

    Returns:
        The share, or None where there is nothing to shuffle.
    """
    condition = claim.condition
    outcomes = [
        condition.evaluate(ReplicaCurves(shuffled, 0)).holds is True
        for shuffled in _shuffles(sorted(condition.arms()), arms)
        if _has_all(condition, shuffled)
    ]
    return sum(outcomes) / len(outcomes) if outcomes else None


def _shuffles(used: list[str], arms: Mapping[str, Recorded]) -> Iterator[dict[str, Recorded]]:
    names = sorted(arms)
    if math.perm(len(names), len(used)) <= MOST_SHUFFLES + 1:
        drawn: Iterator[tuple[str, ...]] = itertools.permutations(names, len(used))
    else:
        source = random.Random(0)
        drawn = (tuple(source.sample(names, len(used))) for _ in range(MOST_SHUFFLES))
    for others in drawn:
        if list(others) != used:
            yield {name: arms[other] for name, other in zip(used, others, strict=True)}


def _has_all(condition: claims.Condition, arms: Mapping[str, Recorded]) -> bool:
    """Whether arms of other tasks, or with fewer costly measures, have what a claim reads."""
    return all(
        name in (*arms[arm].history.names, *arms[arm].looked_back.names) for arm, name in condition.measures()
    )
