"""Ctrl-C and SIGTERM as a request to stop at the next good moment; the second one stops at once."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def exit_code(number: int) -> int:
    """Return what a process that a signal ended tells its caller."""
    return 128 + number


class Interrupts:
    """While it is entered, notes the first signal to stop.

    Attributes:
        received: the number of the signal, or None.

    Raises:
        SystemExit: from wherever the program is when a second signal arrives.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  (a handler's signature)
        if self.received is not None:
            raise SystemExit(exit_code(number))
        self.received = number
