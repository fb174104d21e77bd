"""Lets others look on at a run and give it orders, by a socket. Free of torch."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from pydantic import ValidationError

from grok_tui.engine.run.snapshot import State
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.worker.orders import End
from grok_tui.engine.worker.runner import Runner
from grok_tui.presets.problems import problem_of_json
from grok_tui.printable import printable, shortened

from . import protocol as say
from .address import directory_named, forget, listen
from .channel import Channel, ChannelError, require_same_user
from .news import Teller

BEAT = 0.2  # seconds between two looks at how the run stands

FAREWELL = 2.0  # seconds in which those who look on may learn that the run has ended

HELLO_SECONDS = 5.0  # in which a visitor has to say who they are, so that the silent keep nobody out

MOST_VISITORS = 8

MOST_WAITING = 1000  # orders

LONGEST_WHY = 300  # characters


class Server:
    """Serves a run until it is at its end and nobody looks on, or somebody ends it.

    Every visitor has a thread, and what is slow or wrong about one reaches neither training nor others.

    Args:
        runner: the run, which has not begun.
    """

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self._visitors: list[_Visitor] = []
        self._lock = threading.Lock()
        self._directory: RunDirectory | None = None
        self._listening: socket.socket | None = None
        self._ending = False

    def end(self) -> None:
        """Have the run kept and ended soon; from any thread."""
        self._ending = True

    def welcome(self, connection: socket.socket) -> None:
        """Let somebody look on who has come in another way than by the socket."""
        visitor = _Visitor(self, connection)
        with self._lock:
            refused = len(self._visitors) >= MOST_VISITORS
            if not refused:
                self._visitors.append(visitor)
        if refused:
            visitor.refuse(f"{MOST_VISITORS} look on already")
        else:
            visitor.thread.start()

    def serve(self, stopped: Callable[[], bool]) -> None:
        """Start the run, and serve it to its end.

        stopped: asked now and then whether to end it.
        """
        self.runner.start()
        while not (self._ending or stopped() or self._is_over()):
            self._follow()
            self._accept()
        while not self.runner.close(BEAT):  # the chunk at work may be long
            pass
        end = time.monotonic() + FAREWELL
        while self._watched and time.monotonic() < end:
            time.sleep(0.02)
        self._stop_listening()
        with self._lock:
            for visitor in self._visitors:
                visitor.channel.close()

    def left(self, visitor: _Visitor) -> None:
        """Forget a visitor."""
        with self._lock, suppress(ValueError):
            self._visitors.remove(visitor)

    def gather(self) -> None:
        """Hand out to all visitors what could not be done."""
        with self._lock, suppress(IndexError):
            while True:
                line = self.runner.refusals.popleft()
                for visitor in self._visitors:
                    visitor.refusals.append(line)

    @property
    def _watched(self) -> bool:
        with self._lock:
            return bool(self._visitors)

    def _is_over(self) -> bool:
        state = self.runner.snapshot.state
        return state in (State.FAILED, State.CLOSED, State.FINISHED) and not self._watched

    def _follow(self) -> None:
        """Listen in the folder of the run, which is another one when it has begun anew."""
        name = self.runner.snapshot.kept
        directory = directory_named(name) if name else None
        if directory == self._directory or directory is None:
            return
        self._stop_listening()
        self._directory = directory
        try:
            self._listening = listen(directory)
        except OSError as error:
            self.runner.refusals.append(f"nobody else can attach to the run: {error}")

    def _stop_listening(self) -> None:
        if self._listening is not None and self._directory is not None:
            forget(self._directory)
            self._listening.close()
        self._listening = None

    def _accept(self) -> None:
        """Let in who knocks within a beat."""
        if self._listening is None:
            time.sleep(BEAT)
            return
        self._listening.settimeout(BEAT)
        try:
            connection, _ = self._listening.accept()
        except TimeoutError:
            return
        except OSError:  # for want of file handles, for instance
            time.sleep(BEAT)
            return
        self.welcome(connection)


class _Visitor:
    """Somebody who looks on.

    Attributes:
        channel: the way to them.
        refusals: what they are still to be told of.
        thread: in which they are listened to; not started.
    """

    def __init__(self, server: Server, connection: socket.socket) -> None:
        self.channel = Channel(connection, say.LONGEST_ORDER)
        self.refusals: deque[str] = deque(maxlen=16)
        self.thread = threading.Thread(target=self._serve, name="visitor", daemon=True)
        self._connection = connection
        self._server = server
        self._teller = Teller()
        self._known = False

    def refuse(self, why: str) -> None:
        """Tell them why they cannot look on, and hang up."""
        with suppress(OSError):
            self.channel.send(say.Refusal(why=shortened(printable(why), LONGEST_WHY)))
        self.channel.close()

    def _serve(self) -> None:
        try:
            require_same_user(self._connection)
            while (line := self.channel.receive(None if self._known else HELLO_SECONDS)) is not None:
                self._obey(_understood(line))
        except ChannelError as error:
            self.refuse(str(error))
        except TimeoutError:
            self.refuse("it says nothing")
        except OSError:  # they are gone, or take nothing
            pass
        finally:
            self._server.left(self)
            self.channel.close()

    def _obey(self, order: say.Said) -> None:
        if isinstance(order, say.Hello):
            if order.format != say.FORMAT:
                raise ChannelError(f"it speaks format {say.FORMAT}, not {order.format}: another version")
            self._known = True
            with suppress(BrokenPipeError, ConnectionResetError):  # who has left may have left an order
                self.channel.send(say.Welcome())
        elif not self._known:
            raise ChannelError("'hello' comes first")
        elif isinstance(order, say.Look):
            self._server.gather()
            refusals = [self.refusals.popleft() for _ in range(len(self.refusals))]
            self.channel.send(self._teller.news(self._server.runner.snapshot, refusals))
        elif isinstance(order, End):
            self._server.end()
        elif self._server.runner.waiting >= MOST_WAITING:
            self.refusals.append(f"{MOST_WAITING} orders wait already")
        else:
            self._server.runner.give(order)


def _understood(line: bytes) -> say.Said:
    """Return what a line says.

    Raises:
        ChannelError: it says nothing that may be said.
    """
    try:
        return say.SAID.validate_json(line)
    except ValidationError as error:
        raise ChannelError(f"no order: {problem_of_json(error, line)}") from None
