"""A real terminal for a program under test: what it writes, what it is sent, and how it leaves."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Self

PATIENCE = 60.0  # seconds, on a machine that may be busy


class Terminal:
    """A program in a pseudo-terminal of its own, as the leader of its session.

    Attributes:
        output: everything that it has written so far.
        before: the terminal's modes before it began.
    """

    def __init__(self, command: list[str], *, size: tuple[int, int], environment: dict[str, str]) -> None:
        self.output = b""
        self._ours, theirs = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._close()

    def hang_up(self, seconds: float = PATIENCE) -> int:
        """Take the terminal away, as a lost connection does; return the program's exit code."""
        self._close()
        return self.process.wait(seconds)

    def _close(self) -> None:
        for handle in (self._ours, self._theirs):
            if handle >= 0:
                os.close(handle)
        self._ours = self._theirs = -1

    @property
    def modes(self) -> list[object]:
        return termios.tcgetattr(self._theirs)

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", "replace")

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGWINCH)

    def send(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def read(self, seconds: float = 0.05) -> int:
        """Read what comes within some seconds; return the number of bytes."""
        before, end = len(self.output), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self._ours], [], [], left)
            if not ready:
                break
            try:
                self.output += os.read(self._ours, 65536)
            except OSError:  # the other end is closed
                break
        return len(self.output) - before

    def wait_for(self, *texts: str, since: int = 0, seconds: float = PATIENCE) -> int:
        """Read until all texts were written after the first `since` bytes; return the bytes so far."""
        end = time.monotonic() + seconds
        while not all(text.encode() in self.output[since:] for text in texts):
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"never saw {texts}: {self.text[since:][-3000:]!r}")
            self.read()
        return len(self.output)

    def wait_for_end(self, seconds: float = PATIENCE) -> int:
        """Read until the program ends; return its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"it does not end: {self.text[-3000:]!r}")
            self.read()
        self.read()
        return self.process.returncode


def explorer_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "grok_tui", *arguments]


def explorer_environment(home: Path) -> dict[str, str]:
    """Return an environment in which the explorer touches nobody's files."""
    folders = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "STATE", "DATA", "CACHE")}
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "SSH_CONNECTION")}
    return {**kept, **folders, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
