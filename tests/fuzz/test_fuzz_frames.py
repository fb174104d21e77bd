"""Whatever is said on the socket of a run, the run goes on, and is told of or hung up on."""

from __future__ import annotations

import atexit
import json
import random
import socket
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import made
import pytest
from fuzzing import CONTROL, PYDANTIC, WAITING, Case, check, parts
from mutating import TEXTS, mutated, mutated_bytes, strange, toml
from pydantic import ValidationError
from test_fuzz_commands import PRESET

from grok_tui.engine.remote import protocol as say
from grok_tui.engine.remote.channel import Channel, ChannelError
from grok_tui.engine.remote.mirror import Mirror
from grok_tui.engine.remote.server import Server
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.worker.runner import Runner
from grok_tui.errors import GrokTuiError
from grok_tui.presets import Preset, load

pytestmark = pytest.mark.timeout(600, method="thread")

EACH = 250

HELLO, LOOK = {"order": "hello", "format": say.FORMAT}, {"order": "look"}


class Live:
    """A tiny run that is served in this process, begun anew when it has ended."""

    def __init__(self) -> None:
        self.said: list[str] = []
        threading.excepthook = lambda given: self.said.append(f"{given.exc_type.__name__}: {given.exc_value}")
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def server(self) -> Server:
        if self._server is None or self._thread is None or not self._thread.is_alive():
            self._server = Server(Runner(small(), paused=True))
            self._thread = threading.Thread(target=self._server.serve, args=(lambda: False,), daemon=True)
            self._thread.start()
            wait(lambda: self._server.runner.snapshot.state is not State.LOADING)
        return self._server

    def end(self) -> None:
        """End the run: a thread that trains while Python shuts down may abort the process."""
        if self._server is not None and self._thread is not None:
            self._server.end()
            self._thread.join(WAITING)

    def connect(self) -> Channel:
        mine, its = socket.socketpair()
        mine.settimeout(WAITING)
        self.server.welcome(its)
        return Channel(mine, say.LONGEST_ANSWER)


@cache
def live() -> Live:
    served = Live()
    atexit.register(served.end)
    return served


@cache
def small() -> Preset:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.toml"
        path.write_text(toml(PRESET | {"training": {"steps": 1000, "loss": "mse"}}))
        return load(str(path))


def wait(condition: Any) -> None:
    """Wait for what comes soon.

    Raises:
        TimeoutError: it does not.
    """
    end = time.monotonic() + WAITING
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it never came to pass")
        time.sleep(0.001)


def order(rng: random.Random) -> dict[str, Any]:
    """Return something that may be said."""
    match rng.randrange(12):
        case 0:
            return {"order": rng.choice(["pause", "go on", "stay", "look"])}
        case 1:
            return {"order": "step", "steps": rng.choice([1, 2, 5])}
        case 2:
            return {"order": "pace", "pace": rng.choice([1e9, 1000.0, None])}
        case 3:
            return {"order": "rewind", "arm": rng.choice("ab"), "step": rng.choice([0, 1, 5, 10**6])}
        case 4:
            name = rng.choice(["a_2", "b", "c", "class", "a"])
            return {"order": "fork", "arm": "a", "step": rng.choice([0, 1, None]), "name": name}
        case 5:
            preset = small().model_dump(mode="json")
            return {"order": "restart", "preset": preset}
        case 6:
            return rng.choice([HELLO, {"order": "hello", "format": 0}, {"order": rng.choice(TEXTS)}, {}])
        case _:
            return {"order": "intervene", "intervention": made.intervention(rng, "a")}


def line(rng: random.Random) -> bytes:
    """Return a line that somebody says."""
    said = order(rng)
    if rng.random() < 0.3:
        said = mutated(said, rng)
    if rng.random() < 0.05:
        return json.dumps(strange(rng)).encode()
    content = json.dumps(said).encode()
    return mutated_bytes(content, rng).replace(b"\n", b"") if rng.random() < 0.2 else content


def attempt(rng: random.Random, folder: Path, case: Case) -> None:
    if rng.random() < 0.3:
        attempt_on_looker(rng, case)
    else:
        attempt_on_server(rng, case)


def attempt_on_server(rng: random.Random, case: Case) -> None:
    """Say some lines to a run."""
    attempt_lines([line(rng) for _ in range(rng.choice([1, 1, 2, 4]))], case, hello=rng.random() < 0.95)


def attempt_lines(lines: list[bytes], case: Case, hello: bool = True) -> list[str]:
    """Say some lines to a run; return what it refuses."""
    served = live()
    before = len(served.said)
    channel = served.connect()
    runner = served.server.runner
    case.shown += [repr(said) for said in lines]
    spoken = [json.dumps(HELLO).encode()] * hello + lines
    answers = exchange(channel, spoken)
    wait(lambda: not runner.waiting or runner.snapshot.state in (State.FAILED, State.CLOSED))
    # What an order comes to is told to whoever looks on then.
    again = exchange(served.connect(), [json.dumps(HELLO).encode()])
    told: list[str] = []
    for answer in answers + again:
        told += [answer.why] if isinstance(answer, say.Refusal) else getattr(answer, "refusals", [])
    told += list(runner.refusals)
    case.shown += told
    case.faults += [f"says {one!r}" for one in told if CONTROL.search(one) or PYDANTIC.search(one)]
    if not answers:
        case.faults.append("is hung up on without a word")
    if runner.snapshot.state is State.FAILED:
        case.faults.append(f"ends the run: {runner.snapshot.failure}")
        case.shown += (runner.snapshot.details or "").splitlines()[-5:]
    case.faults += [f"ends a thread: {one}" for one in served.said[before:]]
    return told


def exchange(channel: Channel, lines: list[bytes]) -> list[Any]:
    """Say lines and look; return all answers."""
    answers = []
    with suppress(OSError):  # who is hung up on cannot say more
        for said in [*lines, json.dumps(LOOK).encode()]:
            channel._connection.sendall(said + b"\n")
        channel._connection.shutdown(socket.SHUT_WR)
    with suppress(OSError):
        while (answer := channel.receive()) is not None:
            answers.append(say.ANSWERS.validate_json(answer))
    channel.close()
    return answers


@cache
def told() -> list[bytes]:
    """Return what a run says of itself to somebody who looks on for the first time."""
    channel = live().connect()
    for said in (HELLO, {"order": "step", "steps": 3}, LOOK):
        channel._connection.sendall(json.dumps(said).encode() + b"\n")
    channel._connection.shutdown(socket.SHUT_WR)
    answers = []
    while (answer := channel.receive()) is not None:
        answers.append(answer)
    channel.close()
    return answers


def attempt_on_looker(rng: random.Random, case: Case) -> None:
    """Tell somebody who looks on what no run says."""
    told()
    content = rng.choice(told())
    if rng.random() < 0.6:
        content = json.dumps(mutated(json.loads(content), rng)).encode()
    else:
        content = mutated_bytes(content, rng)
    case.shown.append(repr(content))
    try:
        answer = say.ANSWERS.validate_json(content)
        if isinstance(answer, say.Status):
            Mirror().take(answer)
    except (ValidationError, ChannelError, GrokTuiError) as error:
        case.shown.append(f"refused: {type(error).__name__}: {error}")
    except TimeoutError:
        raise
    except Exception as error:
        case.faults.append(f"{type(error).__name__}: {error}")


@pytest.mark.parametrize("part", parts())
def test_a_run_goes_on_whatever_is_said(part, tmp_path):
    check("frames", attempt, part, EACH, tmp_path)
