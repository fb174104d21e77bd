"""How often to draw: as often as asked, and seldom enough that drawing takes little of the machine."""

from __future__ import annotations

import time

SHARE = 0.05  # of wall time that the screen may take; a trainer of tiny steps loses as much
BEAT = 0.25  # seconds between looks at the run
SLOWEST = 2.0  # seconds between frames, however dear a frame is


class Pacer:
    """Decides when the next frame of charts is due, from what the frames so far have cost this thread.

    Attributes:
        fps: the most frames a second.
        cost: seconds of CPU time that this thread takes from one frame to the next, averaged.
    """

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self.cost = 0.0
        self._spent = time.thread_time()
        self._due = 0.0

    @property
    def interval(self) -> float:
        """Seconds from one frame to the next."""
        return min(SLOWEST, max(1 / self.fps, self.cost / SHARE))

    def due(self) -> bool:
        """Whether a frame may be drawn now."""
        return time.monotonic() >= self._due

    def drawn(self) -> None:
        """Take note that a frame is being drawn; what the thread did since the last one was its cost."""
        spent = time.thread_time()
        # All that the thread does counts; one long import or one key is no frame, and counts for little.
        self.cost += 0.2 * (min(spent - self._spent, SLOWEST * SHARE) - self.cost)
        self._spent = spent
        self._due = time.monotonic() + self.interval

    def hasten(self) -> None:
        """Let the next frame come at once: somebody turned a knob and waits for it."""
        self._due = 0.0
