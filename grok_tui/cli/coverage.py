"""`grok-tui coverage`: the statements of the sources, and which claims stand for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grok_tui.cli import options as opt
from grok_tui.errors import ExitCode

Page = Annotated[
    Path | None, typer.Option("--markdown", metavar="FILE", help="Write the page of Markdown too.")
]


def coverage(as_json: opt.Json = False, markdown: Page = None) -> int:
    """List the statements of the sources, and the claims that stand for them.

    Where none does, it says what the statement waits for, or why no claim can be made of it.
    """
    from grok_tui.frontend.coverage import coverage as covered
    from grok_tui.headless.coverage import page, tables
    from grok_tui.output import print_result, require_writable, write_file, write_json

    if markdown is not None:
        require_writable(markdown, "--markdown")
    found = covered()
    if markdown is not None:
        write_file(markdown, page(found), "--markdown")
    if as_json:
        write_json(found.to_json())
    else:
        print_result(tables(found))
    return ExitCode.AS_EXPECTED
