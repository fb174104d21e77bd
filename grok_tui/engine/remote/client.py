"""A run in another process, steered as one in this process is. Free of torch."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from pydantic import ValidationError

from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.engine.worker.orders import End, Order
from grok_tui.errors import GrokTuiError
from grok_tui.files import reason

from . import protocol as say
from .channel import Channel, ChannelError
from .mirror import Mirror, failed

if TYPE_CHECKING:
    from grok_tui.presets import Preset

LOOK_SECONDS = 0.05  # between two looks at a run that trains

CALM_SECONDS = 0.25  # at one that does not

EAGER_SECONDS = 0.01  # after an order, until what comes of it is seen

EAGER = 0.5  # seconds in which something usually comes of an order


class Attached:
    """A run that goes on in a process of its own when nobody looks.

    It is looked at in a thread, and nobody who looks at its `snapshot` or gives an order waits for it.

    Args:
        connect: makes the connection to it.
        preset: what it carries out, where that is known before.

    Attributes:
        refusals: orders that could not be carried out, in one line each.
    """

    def __init__(self, connect: Callable[[], socket.socket], preset: Preset | None = None) -> None:
        self.refusals: deque[str] = deque(maxlen=16)
        self._connect = connect
        self._snapshot = Snapshot(State.LOADING, preset=preset, lasting=True)
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._leaving = False
        self._eager_until = 0.0
        self._thread = threading.Thread(target=self._work, name="attached", daemon=True)

    @property
    def snapshot(self) -> Snapshot:
        """The latest snapshot."""
        return self._snapshot

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def give(self, order: Order) -> None:
        """Have an order carried out."""
        self._orders.put(order)

    def end(self, timeout: float) -> bool:
        """Have the run kept and ended; return whether it has within `timeout` seconds."""
        self.give(End())
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self, timeout: float = 0.8) -> bool:
        """Look no more, and leave the run as it is; return whether that was done within `timeout` seconds."""
        self._leaving = True
        self._orders.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        channel = None
        try:
            channel = Channel(self._connect(), say.LONGEST_ANSWER)
            self._ask(channel, say.Hello())
            mirror = Mirror()
            while not self._over:
                self._look(channel, mirror)
        except (OSError, ChannelError, ValidationError, GrokTuiError) as error:
            if not self._over:
                why = str(error) if isinstance(error, GrokTuiError) else _lost(error, self._snapshot)
                self._snapshot = failed(self._snapshot, why)
        finally:
            if channel is not None:
                channel.close()

    @property
    def _over(self) -> bool:
        """Whether nothing more will come; what has failed is let go of, and so its process ends."""
        return self._leaving or self._snapshot.state in (State.FAILED, State.CLOSED)

    def _look(self, channel: Channel, mirror: Mirror) -> None:
        """Ask what is new, and then pass orders on for as long as nothing need be asked."""
        status = self._ask(channel, say.Look())
        if isinstance(status, say.Status):
            snapshot = mirror.take(status)
            self.refusals.extend(status.refusals)
            if status.more:
                return
            self._snapshot = snapshot
        calm = self._snapshot.state not in (State.RUNNING, State.REPLAYING)
        self._pass_on(channel, CALM_SECONDS if calm else LOOK_SECONDS)

    def _pass_on(self, channel: Channel, seconds: float) -> None:
        """Pass orders on, and wait for one so long."""
        now = time.monotonic()
        end = now + (EAGER_SECONDS if now < self._eager_until else seconds)
        while not self._leaving:
            try:
                order = self._orders.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return
            if order is not None:
                channel.send(order)
                self._eager_until = time.monotonic() + EAGER
                end = min(end, time.monotonic() + EAGER_SECONDS)

    def _ask(self, channel: Channel, question: say.Hello | say.Look) -> say.Answer:
        with suppress(BrokenPipeError, ConnectionResetError):  # who refuses at once has said why and hung up
            channel.send(question)
        line = channel.receive()
        if line is None:
            raise ChannelError("its process has ended")
        answer = say.ANSWERS.validate_json(line)
        if isinstance(answer, say.Refusal):
            raise ChannelError(answer.why)
        return answer


def _lost(error: Exception, snapshot: Snapshot) -> str:
    """Return what to say of a run of which nothing more is heard."""
    why = reason(error) if isinstance(error, OSError) else str(error)
    if isinstance(error, ValidationError):
        why = "it says what this version does not understand"
    how = f"; 'grok-tui resume {snapshot.kept}' takes it up" if snapshot.kept else ""
    return f"the run cannot be reached: {why}{how}"
