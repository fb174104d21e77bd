"""How long a run took, where that says something about the machine and the preset."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grok_tui.engine.run.snapshot import Snapshot


class RunClock:
    """Looks at one run after the other and measures each from its first step to its last.

    Attributes:
        seconds: the wall time of the run that has ended, or None when it was paused or held back.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.seconds: float | None = None
        self._started: float | None = None
        self._held_back = False
        self._told = False
        self._steps = 0

    def look(self, snapshot: Snapshot) -> bool:
        """Take note of a run as it stands; return True once when it has ended."""
        steps = sum(arm.step for arm in snapshot.arms)
        if steps < self._steps:
            self._begin()
        self._steps = steps
        if snapshot.state == "running" and self._started is None:
            self._started = time.monotonic()
            self._held_back |= snapshot.lasting and steps > 0  # it may have begun long before
        self._held_back |= snapshot.state == "paused" or snapshot.pace is not None
        if snapshot.state != "finished" or self._told:
            return False
        self._told = True
        if self._started is not None and not self._held_back:
            self.seconds = time.monotonic() - self._started
        return True
