"""The program `grok-tui`: runs a command and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typer import TyperException


INTERRUPTED = 130
"""As `ExitCode.INTERRUPTED`, which may not be imported yet."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (by default the process's own) and return the exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # while something is imported, too
        return INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    from typer import TyperException

    from grok_tui.cli import app
    from grok_tui.errors import ExitCode, GrokTuiError
    from grok_tui.output import StdoutClosedError, complain

    try:
        code = app(arguments, prog_name="grok-tui", standalone_mode=False)
    except StdoutClosedError:
        return 128 + 13  # as a process that SIGPIPE ended
    except GrokTuiError as error:
        complain(str(error))
        return error.exit_code
    except TyperException as error:
        complain(_in_our_words(error))
        return ExitCode.USAGE
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may raise anything
        from grok_tui.catalog.blame import accounted, blamed

        if blamed(error) is not None:
            complain(accounted(error))
            return ExitCode.USAGE
        if not isinstance(error, Exception):
            raise
        if isinstance(error, ImportError) and not (error.name or "grok_tui").startswith("grok_tui"):
            complain(f"a library that is needed cannot be loaded: {accounted(error)}")
            return ExitCode.USAGE
        from grok_tui.crash import put_on_record

        complain(put_on_record(error))
        return ExitCode.CRASHED
    return int(code or 0)


def _in_our_words(error: TyperException) -> str:
    """Return what is wrong with an option as of a preset's key, if a value is."""
    from pydantic import ValidationError

    if isinstance(error.__cause__, ValidationError):
        from grok_tui.presets.problems import first_problem

        error.message = first_problem(error.__cause__)
    return error.format_message()


if __name__ == "__main__":
    sys.exit(main())
