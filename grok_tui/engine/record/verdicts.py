"""What became of a claim: its judgements on the recorded curves of all replicas, and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from grok_tui import claims
from grok_tui.catalog.seen import ENVELOPE
from grok_tui.presets import Claim

from .history import Event, History
from .looked_back import LookedBack

AT_THE_END = "asked at the end"
"""What is said of a measure that looks back before its arm has come to its end."""


class Recorded(Protocol):
    """What a claim reads of an arm."""

    @property
    def history(self) -> History:
        """All that was recorded."""

    @property
    def complete(self) -> bool:
        """Whether all that the preset asked for is done."""

    @property
    def looked_back(self) -> LookedBack:
        """What was asked at the end about the way there."""


@dataclass(frozen=True)
class RecordedArm:
    """What a claim reads of an arm that was trained elsewhere."""

    history: History
    complete: bool
    looked_back: LookedBack = field(default_factory=LookedBack.nothing)


@dataclass(frozen=True)
class JudgedClaim:
    """A claim, what was seen of it in each replica, and its verdict."""

    claim: Claim
    judgements: tuple[claims.Judgement, ...]
    verdict: claims.Verdict

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the preset expects."""
        return self.verdict == self.claim.expected

    @property
    def held_in(self) -> int:
        """In how many replicas it holds."""
        return sum(judgement.holds is True for judgement in self.judgements)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of several replicas, the exact 95 % confidence interval of the share that it holds in."""
        replicas = len(self.judgements)
        return claims.clopper_pearson(self.held_in, replicas) if replicas > 1 else None

    @property
    def telling(self) -> claims.Judgement:
        """The judgement to show: of the first replica that came out as the verdict did."""
        return claims.telling(self.judgements, self.verdict)


def all_is_there(condition: claims.Condition, arms: Mapping[str, Recorded]) -> bool:
    """Whether the arms that a condition speaks of are done, and what it asks at their end is known.

    That is unknown again while an arm goes on beyond the end that its preset gives it.
    """
    done = all(arms[name].complete for name in condition.arms())
    seen = (
        arms[name].looked_back for name, measure in condition.measures() if _looks_back(arms[name], measure)
    )
    return done and all(map(len, seen))


def _looks_back(arm: Recorded, measure: str) -> bool:
    return measure in arm.looked_back.names


def judge(claim: Claim, arms: Mapping[str, Recorded], replicas: int) -> JudgedClaim:
    """Judge a claim as far as the arms it names have come."""
    condition = claim.condition
    complete = all_is_there(condition, arms)
    judgements = condition.judge(curves_of(arms, replicas))
    verdict = claims.verdict(judgements, complete=complete, holds_in=claim.holds_in)
    return JudgedClaim(claim, judgements, verdict)


Events = dict[str, dict[tuple[str, int], list[Event]]]
"""The events of arms that were asked for, by arm, and there by name and replica."""


def curves_of(arms: Mapping[str, Recorded], replicas: int) -> list[ReplicaCurves]:
    """Return all replicas, which share one look at the events: of those there are as many, or more."""
    events: Events = {}
    return [ReplicaCurves(arms, replica, events) for replica in range(replicas)]


class ReplicaCurves:
    """One replica of all arms, as the claim language reads it."""

    def __init__(self, arms: Mapping[str, Recorded], replica: int, events: Events | None = None) -> None:
        self._arms = arms
        self._replica = replica
        self._events: Events = {} if events is None else events

    def steps(self, arm: str) -> NDArray[np.int64]:
        """Return the recorded steps of an arm."""
        return self._arms[arm].history.steps

    def curve(self, arm: str, measure: str) -> claims.Curve:
        """Return a measure of an arm over the steps at which it is known."""
        record = self._arms[arm]
        if _looks_back(record, measure):
            seen = record.looked_back
            values = seen.values(measure, self._replica)
            return claims.Curve(seen.steps, values, *(() if len(seen) else (AT_THE_END,)))
        steps, values = record.history.steps, record.history.values(measure, self._replica)
        # The envelope is that of the steps since the last record, and there were none before step 0.
        if measure in ENVELOPE:
            steps, values = steps[steps > 0], values[steps > 0]
        return claims.Curve(steps, values)

    def cut_off(self, arm: str) -> bool:
        """Return whether this replica of an arm diverged, and never came back."""
        diverged = self.events(arm, "divergence")
        if not diverged.size:
            return False
        loss = self.curve(arm, "train_loss")
        return not np.isfinite(loss.values[loss.steps > diverged.max()]).any()

    def events(self, arm: str, event: str) -> NDArray[np.int64]:
        """Return the steps at which an event was seen in an arm."""
        return np.array([one.step for one in self._seen(arm, event)], dtype=np.int64)

    def event_numbers(
        self, arm: str, event: str, number: str
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the steps at which an event was seen in an arm, ascending, and one of its numbers there."""
        seen = sorted((one.step, one.numbers[number]) for one in self._seen(arm, event))
        steps, values = zip(*seen, strict=True) if seen else ((), ())
        return np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64)

    def _seen(self, arm: str, event: str) -> list[Event]:
        if arm not in self._events:
            self._events[arm] = self._arms[arm].history.events_by_replica()
        return self._events[arm].get((event, self._replica), [])
