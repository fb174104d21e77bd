"""Where words go: results to stdout, narration to stderr, reports to files; and what if that fails."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from .errors import GrokTuiError
from .printable import printable, shortened

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

LONGEST_LINE = 400  # characters of an error; enough for a long path, a key, a value and a hint


class OutputClosed(GrokTuiError):
    """The reader of stdout went away, as `head` does."""


def complain(problem: str) -> None:
    """Say on stderr, in one line, what went wrong."""
    line = shortened(printable(problem), LONGEST_LINE)
    try:
        sys.stderr.write(f"grok-tui: {line}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass  # stderr is closed: nobody is there to read it


def write_result(text: str) -> None:
    """Write a result to stdout.

    Raises:
        OutputClosed: its reader went away.
        GrokTuiError: it cannot be written, for instance to a full disk.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        raise OutputClosed from None
    except (OSError, ValueError, AttributeError) as error:
        _silence_stdout()
        raise GrokTuiError(f"stdout: {_reason(error)}") from None


def print_result(*renderables: RenderableType) -> None:
    """Write tables to stdout: in colour on a terminal, plain elsewhere."""
    written = io.StringIO()
    console = result_console(written)
    for renderable in renderables:
        console.print(renderable)
    write_result(written.getvalue())


def result_console(written: TextIO) -> Console:
    """Return a console that renders as stdout would show it, but into a string."""
    from rich.console import Console

    tolerate_encoding()
    real = Console(file=sys.stdout)
    return Console(
        file=written,
        force_terminal=real.is_terminal,
        color_system=real.color_system,  # type: ignore[arg-type]  # rich types its own property as str
        width=real.width,
        highlight=False,
    )


def narration_console() -> Console:
    """Return the console of stderr."""
    from rich.console import Console

    tolerate_encoding()
    file = sys.stderr if sys.stderr is not None else io.StringIO()
    return Console(file=file, highlight=False)


def tolerate_encoding() -> None:
    """Let characters that the terminal's encoding lacks become question marks, not errors."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def plain_ascii() -> bool:
    """Tell whether stdout can show nothing but ASCII."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return not encoding.lower().startswith("utf")


def require_writable(path: Path, option: str) -> None:
    """Make sure, before any work is done, that a file can be written.

    Raises:
        GrokTuiError: it cannot.
    """
    existed = path.exists()
    try:
        with path.open("a", encoding="utf-8"):
            pass
        if not existed:
            path.unlink()
    except (OSError, ValueError) as error:
        raise GrokTuiError(f"{option}: {path}: {_reason(error)}") from None


def write_file(path: Path, text: str, option: str) -> None:
    """Write a report to the file that an option named.

    Raises:
        GrokTuiError: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise GrokTuiError(f"{option}: {path}: {_reason(error)}") from None


def _silence_stdout() -> None:
    """Keep Python from failing once more when it flushes stdout at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        pass  # stdout is no real file


def _reason(error: Exception) -> str:
    return ((error.strerror if isinstance(error, OSError) else None) or str(error)).lower()
