"""One error type for everything a user can mend, and one table of exit codes."""

from __future__ import annotations

from enum import IntEnum

from .printable import message_of


class ExitCode(IntEnum):
    """What the process tells its caller."""

    AS_EXPECTED = 0
    """Every verdict is the expected one, or the preset has no claims."""
    NOT_AS_EXPECTED = 1
    """A verdict differs from what is expected."""
    USAGE = 2
    """The command line, the preset or the machine does not allow this run."""
    DIVERGED = 3
    """Training diverged or failed; what was recorded is kept."""
    TIME_LIMIT = 4
    """The time limit was reached before the last step."""
    CRASHED = 70
    """A fault of the program itself, as EX_SOFTWARE of sysexits.h; a file with the traceback is named."""
    INTERRUPTED = 130
    """Ctrl-C."""


def told(error: BaseException) -> str:
    """Return an error in one line: its type, and what it says, if that can be had."""
    return " ".join(f"{type(error).__name__}: {message_of(error)}".split()).rstrip(": ")


class GrokTuiError(Exception):
    """Something the user can mend, said in one line."""

    exit_code = ExitCode.USAGE


class PresetError(GrokTuiError):
    """A preset cannot be used: which file, which key, and what is wrong."""

    def __init__(self, source: str, key: str, problem: str) -> None:
        """Compose the line from the file (or option), the dotted key (or "") and the problem."""
        super().__init__(": ".join(part for part in (source, key, problem) if part))
        self.source, self.key, self.problem = source, key, problem
