"""The last resort: what nobody foresaw becomes one line, and a file with all there is to know of it."""

from __future__ import annotations

import platform
import shlex
import sys
import traceback
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import gettempdir

from .errors import told
from .paths import crashes_folder

PACKAGES = ("grok-tui", "torch", "textual", "pydantic", "numpy")


def put_on_record(error: BaseException) -> str:
    """Write down a fault of the program, in the state folder or else in the temporary one; return a line.

    Where neither can be written the line has the place of the fault instead of the file.
    """
    what = f"a fault of the program: {told(error)}"
    for folder in (crashes_folder(), Path(gettempdir())):
        try:
            return f"{what}; its traceback is in {_written(error, folder)}"
        except OSError:
            continue
    return f"{what}, {_place(error)}"


def _written(error: BaseException, folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"grok-tui-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.log"
    with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"command: {shlex.join(sys.argv)}\n")
        file.write(f"python {platform.python_version()}, {platform.platform()}\n")
        file.writelines(f"{package} {_version(package)}\n" for package in PACKAGES)
        file.writelines(["\n", *traceback.format_exception(error)])
    return path


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "is not installed"


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"at {frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
