"""An arm as others see it. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grok_tui.catalog.base import Count
from grok_tui.engine.record.looked_back import LookedBack
from grok_tui.engine.record.verdicts import RecordedArm
from grok_tui.presets import Preset, Settings

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.engine.record.history import Event, History
    from grok_tui.engine.record.vectors import VectorHistory


@dataclass(frozen=True, kw_only=True)
class ArmFacts(Settings):
    """What is short of an arm as it stands: over a socket it is said whole each time."""

    name: str
    step: Count
    end: Count
    diverged: bool
    parent: str = ""
    """Of a fork: the arm that it comes from."""
    born: Count = 0
    """Of a fork: the step of its parent that it began with."""


@dataclass(frozen=True, kw_only=True)
class ArmStatus(ArmFacts):
    """One arm as it stands; any thread may read `history.curve` and the tables of vectors."""

    interventions: tuple[AnyIntervention, ...]
    events: tuple[Event, ...]
    history: History
    vectors: Mapping[str, VectorHistory] = field(default_factory=dict)
    """The measures that are vectors, by name; of those that nobody asked for, the first replica's."""
    looked_back: LookedBack = field(default_factory=LookedBack.nothing)
    """The measures that look back; over no steps before the arm has come to its end."""

    def network(self, replica: int, step: int | None = None) -> int:
        """Return how often the weights of a replica had been drawn anew before a step, or by now."""
        drawn = (one for one in self.interventions if one.draws_anew)
        own = (one for one in drawn if getattr(one, "replica", None) in (None, replica))
        return sum(step is None or one.at_step < step for one in own)

    def had(self, event: str) -> set[int]:
        """Return the replicas of which an event was seen since their weights were drawn."""
        return {
            one.replica
            for one in self.events
            if one.name == event and self.network(one.replica, one.step) == self.network(one.replica)
        }

    def recorded(self, preset: Preset) -> RecordedArm:
        """Return what a claim reads of the arm; done is all that the preset asks for, or all has diverged."""
        spec = next(spec for spec in preset.arms if spec.name == self.name)
        done = self.step >= spec.training.steps or len(self.had("divergence")) == len(preset.seeds)
        return RecordedArm(self.history, done, self.looked_back)
