"""Ends a run that goes on in a process of its own. Free of torch."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from grok_tui.engine.store.directory import RunDirectory, RunStatus
from grok_tui.engine.store.files import StoreError
from grok_tui.engine.worker.orders import End
from grok_tui.files import reason

from . import protocol as say
from .address import connect
from .channel import Channel, ChannelError, process_of

LOOK_SECONDS = 0.1  # between two looks at whether the run has ended

ANSWER_SECONDS = 2.0  # in which a process that is not stopped answers


def end(directory: RunDirectory, timeout: float) -> None:
    """Have a run write its last checkpoint and end.

    The order stays with the run's process, which comes to it whenever it can.

    timeout: seconds that this may take.

    Raises:
        StoreError: it is not running, takes no orders, takes longer, or could not write its checkpoint.
    """
    deadline = time.monotonic() + timeout
    connection = connect(directory)
    process = process_of(connection)
    name = directory.name
    channel = Channel(connection, say.LONGEST_ANSWER)
    try:
        answered = _ask(channel, name, process, deadline)
    finally:
        channel.close()
    if not answered and _stopped(process):
        raise StoreError(
            f"run '{name}' has been told to end, but its process {process} is stopped:"
            f" it ends once it goes on (kill -CONT {process})"
        )
    while directory.state() is RunStatus.RUNNING:
        if time.monotonic() > deadline:
            raise StoreError(
                f"run '{name}' has not ended within {timeout:g} s; it does when its steps at work are done"
            )
        time.sleep(LOOK_SECONDS)
    if directory.state() is RunStatus.CRASHED:
        raise StoreError(f"run '{name}' has ended, but its last checkpoint could not be written")


def _ask(channel: Channel, name: str, process: int | None, deadline: float) -> bool:
    """Give the order, and return whether anything was answered before its process was stopped, or in time.

    Raises:
        StoreError: it is refused.
    """
    try:
        # Both at once: what lies in the socket is read even if nobody waits for the answer any more.
        with suppress(BrokenPipeError, ConnectionResetError):  # who refuses at once has said why and hung up
            channel.send(say.Hello(), End())
        line = _answer(channel, process, deadline)
        answer = None if line is None else say.ANSWERS.validate_json(line)
    except TimeoutError:
        return False
    except (ConnectionResetError, BrokenPipeError):  # it was at its end already
        return True
    except OSError as error:
        raise StoreError(f"run '{name}' cannot be told: {reason(error)}") from None
    except (ChannelError, ValidationError):
        raise StoreError(f"run '{name}' says what this version does not understand") from None
    if isinstance(answer, say.Refusal):
        raise StoreError(f"run '{name}' takes no order: {answer.why}")
    return True


def _answer(channel: Channel, process: int | None, deadline: float) -> bytes | None:
    """Return what is answered, for which a busy machine may need its time; None if the other side hung up.

    Raises:
        TimeoutError: nothing is, and nothing will be as long as the process is stopped.
    """
    while True:
        try:
            return channel.receive(ANSWER_SECONDS)
        except TimeoutError:
            if _stopped(process) or time.monotonic() > deadline:
                raise


def _stopped(process: int | None) -> bool:
    """Whether a process is stopped, as by SIGSTOP, where the system can tell."""
    try:
        line = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return line.rpartition(")")[2].split()[:1] == ["T"]
