"""A preset that is carried out in a process of its own."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field
from typing import IO

from grok_tui.frontend.report import Failure, Report


@dataclass
class Job:
    """One preset on its way.

    Attributes:
        preset: its name or path.
        seed: of its first replica; None leaves it to the options.
        process: the process that carries it out, once started.
        started: `time.monotonic` then.
        seconds: that it has taken, as of the last look.
        result: what it left, once ended.
        stdout: where its report goes; open while it runs.
        stderr: where its narration goes; open while it runs.
    """

    preset: str
    seed: int | None = None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    seconds: float = 0.0
    result: Report | Failure | None = None
    stdout: IO[bytes] | None = field(default=None, repr=False)
    stderr: IO[bytes] | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """What it is called: the preset, and the seed if it has its own."""
        return self.preset if self.seed is None else f"{self.preset} seed {self.seed}"

    @property
    def waiting(self) -> bool:
        """Whether it has yet to be started."""
        return self.process is None and self.result is None

    @property
    def running(self) -> bool:
        """Whether its process is at work."""
        return self.process is not None and self.result is None

    def open_outputs(self) -> None:
        """Make the files that its process writes; only of those at work, as there may be hundreds of jobs."""
        self.stdout = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close_outputs`
        self.stderr = tempfile.TemporaryFile()  # noqa: SIM115

    def close_outputs(self) -> None:
        """Let them go."""
        for file in (self.stdout, self.stderr):
            if file is not None:
                file.close()
