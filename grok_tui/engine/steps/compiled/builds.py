"""Who has steps compiled: one helper process at a time, and a folder that keeps what they made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import weakref
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import IO

from grok_tui.paths import compiled_folder

from .native import STEP_FILE, TRUSTING, compiler
from .program import Program

PROBLEM_LENGTH = 200  # characters of a compiler's complaint


class Build:
    """One program, compiled or on the way.

    Attributes:
        folder: where the code is, once `ready`.
        problem: why there will be none, in one line, or None.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problem: str | None = None

    @property
    def ready(self) -> bool:
        """Whether the code is there."""
        return (self.folder / STEP_FILE).is_file()


class Workshop:
    """Compiles programs in helper processes, so that nothing here waits or stalls.

    Args:
        cache: where compiled steps are kept; the user's cache folder if None.

    Attributes:
        started: how many compilations were started.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self.started = 0
        self._cache = cache or compiled_folder()
        self._builds: dict[str, Build] = {}
        self._waiting: deque[tuple[Build, bytes]] = deque()
        self._process: _Process | None = None

    def find(self, program: Program) -> Build:
        """Return a program's build; it may be ready from an earlier run."""
        key = program.key()
        return self._builds.setdefault(key, Build(self._cache / key))

    def order(self, build: Build, program: Program) -> None:
        """Have a program compiled after those that wait already; one that was ordered is not again."""
        if not build.ready and build.problem is None and not self._ordered(build):
            self._waiting.append((build, program.pickled()))
            self.poll()

    def poll(self) -> None:
        """Look after the helper process; costs next to nothing."""
        if self._process is not None and self._process.ended():
            self._process = None
        while self._process is None and self._waiting:
            build, program = self._waiting.popleft()
            if not build.ready:
                self._start(build, program)

    def wait(self, build: Build) -> None:
        """Wait until an ordered build is ready or has a problem."""
        while not build.ready and build.problem is None and self._process is not None:
            self._process.wait()
            self.poll()

    def _ordered(self, build: Build) -> bool:
        at_work = self._process is not None and self._process.build is build
        return at_work or any(build is waiting for waiting, _ in self._waiting)

    def _start(self, build: Build, program: bytes) -> None:
        if compiler() is None:
            build.problem = "no C++ compiler found"
            return
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            self._process = _Process(build, program)
            self.started += 1
        except OSError as error:
            build.problem = f"{self._cache}: {error.strerror or error}"


class _Process:
    """The helper process that compiles one build; it ends with this process."""

    def __init__(self, build: Build, program: bytes) -> None:
        self.build = build
        cache = build.folder.parent
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        with tempfile.TemporaryFile() as given:
            given.write(program)
            given.seek(0)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "grok_tui.engine.steps.compiled.build", str(build.folder)],
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                env=os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(cache / "torch"), TRUSTING: "1"},
                start_new_session=True,  # Ctrl-C is for this process, and compilers end with the helper
            )
        weakref.finalize(self, _end, self._process)

    def ended(self) -> bool:
        """Whether it has ended; if it made nothing, the build now has a problem."""
        if self._process.poll() is None:
            return False
        if not self.build.ready:
            self._complaints.seek(0)
            lines = self._complaints.read().decode(errors="replace").strip().splitlines()
            self.build.problem = lines[-1].strip()[:PROBLEM_LENGTH] if lines else "the compiler failed"
        self._complaints.close()
        return True

    def wait(self) -> None:
        """Wait for its end."""
        self._process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a helper and its compilers, if they are still at work."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
