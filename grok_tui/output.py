"""Where words go: results to stdout, narration to stderr, reports to files; and what if that fails."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import GrokTuiError
from .files import put_out, reason
from .printable import leaving, printable, printable_json, shortened

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

LONGEST_LINE = 400  # characters of an error; enough for a long path, a key, a value and a hint


class StdoutClosedError(GrokTuiError):
    """The reader of stdout went away, as `head` does."""


def has_terminal() -> bool:
    """Whether there is a terminal to draw on and to read keys from; a dumb one has no screen to draw on."""
    if os.environ.get("TERM") == "dumb":
        return False
    streams = (sys.__stdin__, sys.__stderr__)
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)


def complain(problem: str) -> None:
    """Say on stderr, in one line, what went wrong."""
    line = shortened(printable(problem), LONGEST_LINE)
    with suppress(OSError, ValueError, AttributeError):  # stderr may be closed: nobody reads it then
        sys.stderr.write(f"grok-tui: {line}\n")
        sys.stderr.flush()


def write_result(text: str, *, coloured: bool = False) -> None:
    """Write a result to stdout; nothing in it but colours, where it is `coloured`, steers a terminal.

    Raises:
        StdoutClosedError: its reader went away.
        GrokTuiError: it cannot be written, for instance to a full disk.
    """
    if sys.stdout is None:
        raise GrokTuiError("stdout: closed")
    _tolerate_encoding()
    try:
        sys.stdout.write(leaving(text, coloured=coloured))
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        raise StdoutClosedError from None
    except (OSError, ValueError) as error:
        _silence_stdout()
        raise GrokTuiError(f"stdout: {reason(error)}") from None


def write_json(document: str) -> None:
    """Write a JSON document to stdout, with what no terminal should see as escapes, which mean the same.

    Raises:
        GrokTuiError: as `write_result`.
    """
    write_result(printable_json(document))


class _Page(io.TextIOWrapper):
    """A page in memory, which Rich lays out as for stdout."""

    def __init__(self) -> None:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        super().__init__(io.BytesIO(), encoding=encoding, errors="replace")

    def isatty(self) -> bool:
        return sys.stdout is not None and sys.stdout.isatty()


def print_result(*renderables: RenderableType) -> None:
    """Write tables to stdout: in colour on a terminal, plain elsewhere.

    Raises:
        GrokTuiError: as `write_result`.
    """
    from rich.console import Console

    page = _Page()
    console = Console(file=page, highlight=False)
    for renderable in renderables:
        console.print(renderable)
    page.seek(0)
    text = page.read()
    if not page.isatty():
        text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    write_result(text, coloured=page.isatty())


def narration_console() -> Console:
    """Return the console of stderr."""
    from rich.console import Console

    _tolerate_encoding()
    file = sys.stderr if sys.stderr is not None else io.StringIO()
    return Console(file=file, highlight=False)


def _tolerate_encoding() -> None:
    """Let characters that the terminal's encoding lacks become question marks, not errors."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def require_writable(path: Path, option: str) -> None:
    """Make sure, before any work is done, that a file can be written.

    Raises:
        GrokTuiError: it cannot.
    """
    try:
        existed = path.exists()
        with path.open("a", encoding="utf-8"):
            pass
        if not existed:
            path.unlink()
    except (OSError, ValueError) as error:
        raise GrokTuiError(f"{option}: {path}: {reason(error)}") from None


def write_file(path: Path, content: str | bytes, option: str) -> None:
    """Write a result or a report to the file that an option named.

    Raises:
        GrokTuiError: it cannot be written; what was there stays.
    """
    try:
        put_out(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise GrokTuiError(f"{option}: {path}: {reason(error)}") from None


def _silence_stdout() -> None:
    """Keep Python from failing once more when it flushes stdout at exit."""
    with suppress(OSError, ValueError, AttributeError):  # stdout may be no real file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
