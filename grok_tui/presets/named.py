"""What the claims and interventions of a preset name of its arms, and how many claims can be judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..catalog.interventions import AnyIntervention
from .claim import Claim

MOST_JUDGEMENTS = 1_000_000
"""Claims times replicas; each takes some 20 microseconds whenever all are judged."""


@dataclass(frozen=True)
class Named:
    """What claims, their controls and interventions that wait name of each arm."""

    claims: Sequence[Claim]
    interventions: Sequence[AnyIntervention]
    by_arm: Mapping[str, Collection[str]]


def gathered(claims: Sequence[Claim], interventions: Sequence[AnyIntervention]) -> Named:
    """Go once through all claims and interventions."""
    found: dict[str, set[str]] = {}
    for claim in claims:
        stand_ins = claim.control.arms if claim.control is not None else {}
        for reference in claim.condition.references:
            for arm in (reference.arm, stand_ins.get(reference.arm, reference.arm)):
                found.setdefault(arm, set()).add(reference.name)
    for plateau in filter(None, (one.since_plateau for one in interventions)):
        found.setdefault(plateau.arm, set()).add(plateau.name)
    return Named(claims, interventions, found)


def check_judgements(claims: int, replicas: int) -> None:
    """Make sure that claims can be judged in each replica while somebody waits.

    Raises:
        ValueError: there are too many of them.
    """
    if claims * replicas > MOST_JUDGEMENTS:
        raise ValueError(
            f"training.replicas: {claims:,} claims are judged in each replica;"
            f" of so many at most {MOST_JUDGEMENTS // claims:,} replicas, not {replicas:,}"
        )
