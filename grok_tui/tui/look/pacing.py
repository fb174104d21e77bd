"""How often to draw: as often as asked, and seldom enough that drawing takes little of the machine."""

from __future__ import annotations

import time

SHARE = 0.015  # of wall time that the screen may take; a trainer of tiny steps loses as much
BEAT = 0.25  # seconds between looks at the run
SLOWEST = 6.0  # seconds between frames, however dear a frame is; a key hastens the next
EAGERNESS = 0.3  # how far one frame moves the interval to where it should be


class Pacer:
    """Decides when the next frame of charts is due, from what this thread has been doing between frames.

    Attributes:
        fps: the most frames a second.
        interval: seconds from one frame to the next.
    """

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self.interval = 1 / fps
        self._drawn = time.monotonic()
        self._spent = time.thread_time()
        self._due = 0.0

    def due(self) -> bool:
        """Whether a frame may be drawn now."""
        return time.monotonic() >= self._due

    def drawn(self) -> None:
        """Take note that a frame is being drawn; the busier the thread was, the later comes the next."""
        now, spent = time.monotonic(), time.thread_time()
        share = (spent - self._spent) / max(now - self._drawn, 1e-3)
        wanted = self.interval * min(share / SHARE, 2.0)
        self.interval += EAGERNESS * (wanted - self.interval)
        self.interval = min(max(self.interval, 1 / self.fps), SLOWEST)
        self._drawn, self._spent = now, spent
        self._due = now + self.interval

    def hasten(self) -> None:
        """Let the next frame come at once: somebody turned a knob and waits for it."""
        self._due = 0.0
