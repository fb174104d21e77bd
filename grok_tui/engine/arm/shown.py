"""What charts show of an arm's first replica besides curves; kept only once somebody looks."""

from __future__ import annotations

from grok_tui.engine.record.measuring import Measuring
from grok_tui.engine.record.vectors import CoordinateHistory


class Shown:
    """The first replica, as far as it is shown; all of it is on the host, so that a snapshot asks no device.

    Args:
        measuring: what takes its measures.

    Attributes:
        coordinates: over time, where the task has some.
        generalizes: which of them generalize.
    """

    def __init__(self, measuring: Measuring) -> None:
        count = measuring.coordinate_count
        self.coordinates = CoordinateHistory(count) if count else None
        self.generalizes: tuple[bool, ...] = ()

    def record(self, step: int, measuring: Measuring) -> None:
        """Keep what has just been measured at a recorded step."""
        if self.coordinates is not None:
            self.coordinates.append(step, measuring.coordinates(0))
        self.look(measuring)

    def look(self, measuring: Measuring) -> None:
        """Bring to the host what is shown as it is now."""
        self.generalizes = measuring.generalizes(0)
