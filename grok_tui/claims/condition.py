"""A parsed claim: its names can be checked, and it can be evaluated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from grok_tui.catalog.base import nearest
from grok_tui.claims.evaluate import Curves, evaluate
from grok_tui.claims.judgement import Judgement
from grok_tui.claims.tree import ClaimError, Event, Measure, Truth


@dataclass(frozen=True)
class Condition:
    """The condition of a claim, made by `parse`; equal to one of the same text."""

    text: str
    root: Truth = field(repr=False, compare=False)
    references: tuple[Measure | Event, ...] = field(repr=False, compare=False)  # in source order

    def check(self, arms: Mapping[str, Collection[str]], events: Collection[str]) -> None:
        """Check the names used against the measures of each arm and the events that an arm can have.

        Raises:
            ClaimError: an arm, a measure or an event is unknown; the first in source order.
        """
        for reference in self.references:
            arm, name = reference.arm, reference.name
            if arm not in arms:
                raise ClaimError(f"unknown arm '{arm}'{nearest(arm, list(arms))}")
            if isinstance(reference, Measure) and name not in arms[arm]:
                if name in events:
                    raise ClaimError(
                        f"'{arm}.{name}' is an event, not a measure; write first_step({arm}.{name}),"
                        f" never({arm}.{name}) or count({arm}.{name})"
                    )
                raise ClaimError(f"unknown measure '{name}' of arm '{arm}'{nearest(name, list(arms[arm]))}")
            if isinstance(reference, Event) and name not in events:
                if name in arms[arm]:
                    raise ClaimError(
                        f"'{arm}.{name}' is a measure, not an event; compare it, as in {arm}.{name} < 1"
                    )
                raise ClaimError(f"unknown event '{name}' of arm '{arm}'{nearest(name, list(events))}")

    def arms(self) -> frozenset[str]:
        """Return the arms that the claim speaks of."""
        return frozenset(reference.arm for reference in self.references)

    def measures(self) -> frozenset[tuple[str, str]]:
        """Return the (arm, measure) pairs whose curves the claim reads."""
        return frozenset((ref.arm, ref.name) for ref in self.references if isinstance(ref, Measure))

    def evaluate(self, curves: Curves) -> Judgement:
        """Evaluate on one replica's recorded curves; the names must have passed `check`."""
        return evaluate(self.root, curves)
