"""Ctrl-C, SIGTERM and a hang-up as a request to stop soon; the second one stops at once."""

from __future__ import annotations

import signal
from threading import current_thread, main_thread
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def exit_code(number: int) -> int:
    """Return what a process that a signal ended tells its caller."""
    return 128 + number


class Stopped(SystemExit):
    """The second signal to stop: the process ends at once."""


class Interrupts:
    """While it is entered, notes the first signal to stop; in a thread besides the first none arrives.

    Attributes:
        received: the number of the signal, or None.

    Raises:
        Stopped: from wherever the program is when a second signal arrives.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if current_thread() is not main_thread():
            return self
        # `nohup` has a hang-up ignored, and a shell Ctrl-C in the background: that is to stay so.
        heeded = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._note) for number in heeded}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  (a handler's signature)
        if self.received is not None:
            raise Stopped(exit_code(number))
        self.received = number
