"""Processes of an acceptance run: how they are started, what they answer, and how they are ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .effort import allowed

ANSWER = "ANSWER "
"""How the line begins in which a called function's result is written."""

NO_GPU_CODE = 2
"""The exit code of a check that finds no GPU."""

HERE = Path(__file__).parents[1]


def command(*arguments: str) -> list[str]:
    """Return the command of a process that begins in `gpu_checks.child`."""
    return [sys.executable, "-m", "gpu_checks.child", *arguments]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment, in which the checks can be imported, with more laid over it."""
    path = os.pathsep.join(part for part in (str(HERE), os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "PYTHONPATH": path, **(more or {})}


class Call:
    """A function of the checks at work in a process of its own.

    Args:
        target: "module:function" in `gpu_checks`; what it returns has to fit in JSON.
        more: laid over the environment.
        given: its keyword arguments, which have to fit in JSON.
    """

    def __init__(self, target: str, more: Mapping[str, str] | None = None, **given: Any) -> None:
        self._target = target
        self.process = subprocess.Popen(
            command("call", target, json.dumps(given)),
            env=environment(more),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answer(self) -> Any:
        """Wait for the end; return what the function returned.

        Raises:
            RuntimeError: it ended with an error.
        """
        said, _ = self.process.communicate()
        answers = [line for line in said.splitlines() if line.startswith(ANSWER)]
        if self.process.returncode != 0 or not answers:
            raise RuntimeError(f"{self._target} ended with {self.process.returncode}")
        return json.loads(answers[-1].removeprefix(ANSWER))

    def line(self) -> str:
        """Wait for the next line that the process writes and return it; empty at its end."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        """End it at once, with SIGKILL."""
        self.process.kill()
        self.process.communicate()


def together(target: str, given: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Call a function in several processes at once; return what each returned."""
    calls = [Call(target, **arguments) for arguments in given]
    return [call.answer() for call in calls]


@dataclass(frozen=True)
class Ended:
    """A `grok-tui` command that came to its end."""

    code: int
    out: str
    err: str
    seconds: float


def grok_tui(
    *arguments: str, more: Mapping[str, str] | None = None, ballast: int | None = None, seconds: float = 300.0
) -> Ended:
    """Carry out a `grok-tui` command.

    Args:
        arguments: its command line.
        more: laid over the environment.
        ballast: leave it that many bytes of the GPU's memory, if given.
        seconds: after which it is ended; later on an emulated device.
    """
    seconds = allowed(seconds)
    first = ["grok-tui"] if ballast is None else ["starve", str(ballast)]
    began = time.monotonic()
    try:
        done = subprocess.run(
            command(*first, *arguments),
            env=environment(more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(-1, "", f"it took more than {seconds:.0f} s", time.monotonic() - began)
    return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


def family(pid: int) -> list[int]:
    """Return a process and all that it and its children have started, sessions of their own included."""
    found, ahead = [], [pid]
    while ahead:
        found.append(ahead.pop())
        for task in Path(f"/proc/{found[-1]}/task").glob("*/children"):
            with suppress(OSError):
                ahead += map(int, task.read_text().split())
    return found


def kill_family(process: subprocess.Popen[Any]) -> None:
    """End a process and all that it has started, and wait for it."""
    for pid in family(process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
