"""One end of a socket on which bounded lines go to and fro."""

from __future__ import annotations

import os
import socket
import struct
import time
from contextlib import suppress

from pydantic import BaseModel

SEND_SECONDS = 10.0  # in which the other side has to take what it asked for

PIECE = 2**16


class ChannelError(Exception):
    """The other side says what it should not, or has no business here."""


class Channel:
    """Sends documents and receives lines; for one thread, but `close` may come from any.

    Args:
        connection: a connected stream socket.
        longest: bytes that a received line may have.
    """

    def __init__(self, connection: socket.socket, longest: int) -> None:
        self._connection = connection
        self._longest = longest
        self._held = bytearray()

    def send(self, *messages: BaseModel) -> None:
        """Send documents, all at once.

        Raises:
            OSError: the other side is gone, or takes nothing.
        """
        self._connection.settimeout(SEND_SECONDS)
        self._connection.sendall(b"".join(one.model_dump_json().encode() + b"\n" for one in messages))

    def receive(self, seconds: float | None = None) -> bytes | None:
        """Wait for a line and return it without its end; None when no more will come.

        seconds: in which all of it has to come; None waits for ever.

        Raises:
            ChannelError: it is longer than it may be.
            TimeoutError: it has not come.
            OSError: the connection has failed.
        """
        until = None if seconds is None else time.monotonic() + seconds
        searched = 0
        while (end := self._held.find(b"\n", searched)) < 0:
            searched = len(self._held)
            if searched > self._longest:
                raise ChannelError(f"a line of more than {self._longest} bytes")
            # Counted over the whole line, or one byte now and then would do.
            self._connection.settimeout(None if until is None else max(1e-3, until - time.monotonic()))
            piece = self._connection.recv(PIECE)
            if not piece:
                return None
            self._held += piece
        if end > self._longest:
            raise ChannelError(f"a line of more than {self._longest} bytes")
        line = bytes(self._held[:end])
        del self._held[: end + 1]
        return line

    def close(self) -> None:
        """Hang up; a thread that waits here is told that no more will come."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


def require_same_user(connection: socket.socket) -> None:
    """Make sure that a process of this user is at the other end, where the system can tell.

    Raises:
        ChannelError: it is another user's.
    """
    other = _other_end(connection)
    if other is not None and other[1] != os.geteuid():
        raise ChannelError("it is another user's")


def process_of(connection: socket.socket) -> int | None:
    """Return the process at the other end, as far as the system can tell."""
    other = _other_end(connection)
    return other and other[0]


def _other_end(connection: socket.socket) -> tuple[int, int] | None:
    """Return process and user at the other end, or None where the permissions of the socket have to do."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    process, user, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    )
    return process, user
