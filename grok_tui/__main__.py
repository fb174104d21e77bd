"""The program `grok-tui`: runs a command and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (by default the process's own) and return the exit code."""
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
        complain(
            error.format_message().replace(": Value error, ", ": ", 1)
        )  # as pydantic begins its sentence
        return ExitCode.USAGE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BaseException as error:  # a plugin may raise anything, and what it says may be anything
        from grok_tui.catalog.blame import accounted, blamed

        if blamed(error) is None:
            raise
        complain(accounted(error))
        return ExitCode.USAGE
    return int(code or 0)


if __name__ == "__main__":
    sys.exit(main())
