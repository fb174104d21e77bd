"""A parsed claim: its names can be checked, and it can be evaluated."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from grok_tui.catalog.base import nearest
from grok_tui.claims.evaluate import Curves, evaluate
from grok_tui.claims.judgement import Judgement
from grok_tui.claims.tree import ClaimError, Event, EventNumber, Measure, Reference, Truth


@dataclass(frozen=True)
class Condition:
    """The condition of a claim, made by `parse`; equal to one of the same text."""

    text: str
    root: Truth = field(repr=False, compare=False)
    references: tuple[Reference, ...] = field(repr=False, compare=False)  # in source order
    pooled: bool = field(default=False, repr=False, compare=False)  # all it reads is taken over all replicas

    def check(
        self,
        arms: Mapping[str, Collection[str]],
        events: Collection[str],
        event_numbers: Mapping[str, Collection[str]] = {},
    ) -> None:
        """Check the names used against the measures of each arm and the events that an arm can have.

        Args:
            arms: the measures of each arm.
            events: the events.
            event_numbers: the numbers of the events that have some.

        Raises:
            ClaimError: an arm, a measure, an event or its number is unknown; the first in source order.
        """
        for reference in self.references:
            arm, name = reference.arm, reference.name
            if arm not in arms:
                raise ClaimError(f"unknown arm '{arm}'{nearest(arm, list(arms))}")
            match reference:
                case Measure() if name not in arms[arm]:
                    raise _not_a_measure(reference, arms[arm], events, event_numbers)
                case Event() | EventNumber() if name not in events:
                    raise _not_an_event(reference, arms[arm], events)
                case EventNumber(number=number) if number not in event_numbers.get(name, ()):
                    raise _not_a_number(reference, event_numbers.get(name, ()))

    def arms(self) -> frozenset[str]:
        """Return the arms that the claim speaks of."""
        return frozenset(reference.arm for reference in self.references)

    def measures(self) -> frozenset[tuple[str, str]]:
        """Return the (arm, measure) pairs whose curves the claim reads."""
        return frozenset((ref.arm, ref.name) for ref in self.references if isinstance(ref, Measure))

    def evaluate(self, curves: Curves) -> Judgement:
        """Evaluate on the recorded curves of a single replica; the names must have passed `check`."""
        return evaluate(self.root, [curves])[0]

    def judge(self, replicas: Sequence[Curves]) -> tuple[Judgement, ...]:
        """Evaluate on the recorded curves of all replicas; the names must have passed `check`.

        Returns:
            A judgement for each replica; one alone where all that the condition reads is taken over them.
        """
        return evaluate(self.root, replicas, once=self.pooled)


def _not_a_measure(
    reference: Measure,
    measures: Collection[str],
    events: Collection[str],
    event_numbers: Mapping[str, Collection[str]],
) -> ClaimError:
    name, text = reference.name, f"{reference.arm}.{reference.name}"
    if name not in events:
        return ClaimError(f"unknown measure '{name}' of arm '{reference.arm}'{nearest(name, list(measures))}")
    ways = [f"first_step({text})", f"never({text})", f"count({text})"]
    ways += [f"{text}.{number}" for number in list(event_numbers.get(name, ()))[:1]]
    return ClaimError(f"'{text}' is an event, not a measure; write {', '.join(ways[:-1])} or {ways[-1]}")


def _not_an_event(
    reference: Event | EventNumber, measures: Collection[str], events: Collection[str]
) -> ClaimError:
    name, text = reference.name, f"{reference.arm}.{reference.name}"
    if name not in measures:
        return ClaimError(f"unknown event '{name}' of arm '{reference.arm}'{nearest(name, list(events))}")
    if isinstance(reference, EventNumber):
        return ClaimError(f"'{text}' is a measure, not an event; it has no number '{reference.number}'")
    return ClaimError(f"'{text}' is a measure, not an event; compare it, as in {text} < 1")


def _not_a_number(reference: EventNumber, numbers: Collection[str]) -> ClaimError:
    if not numbers:
        return ClaimError(f"the event '{reference.name}' has no numbers, so no '{reference.number}'")
    return ClaimError(
        f"unknown number '{reference.number}' of event '{reference.name}'"
        f"{nearest(reference.number, list(numbers))}"
    )
