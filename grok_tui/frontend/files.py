"""Writing files so that none is lost: whole or not at all, and never over one that is there."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from grok_tui.errors import GrokTuiError

MOST_NUMBERS = 10_000


def present_folder() -> Path:
    """Return the folder that the program was started in.

    Raises:
        GrokTuiError: somebody has deleted it.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise GrokTuiError(f"cannot write to the present folder: {reason(error)}") from None


def replace_file(path: Path, text: str) -> None:
    """Write a file so that at any moment it is the old one or the new one, whole; make its folder if need be.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.resolve()  # a link stays a link
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def free_stem(folder: Path, name: str, suffixes: Collection[str]) -> str:
    """Return `name-1`, `name-2`...: the first under which the folder has a file with none of the suffixes.

    Characters that some file system does not take become "_".

    Raises:
        FileExistsError: there are ten thousand already.
    """
    base = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-")[:80] or "run"
    for number in range(1, MOST_NUMBERS):
        stem = f"{base}-{number}"
        if not any((folder / f"{stem}{suffix}").exists() for suffix in suffixes):
            return stem
    raise FileExistsError(f"{folder} holds {MOST_NUMBERS} files of this name")


def write_new(path: Path, parts: Iterable[str]) -> None:
    """Write a file that is not there yet; one that cannot be finished is taken away again.

    Raises:
        OSError: it is there, or cannot be written.
    """
    with path.open("x", encoding="utf-8", newline="") as file:
        try:
            _write(file, parts)
        except BaseException:
            with suppress(OSError):
                path.unlink()
            raise


def reason(error: Exception) -> str:
    """Return what went wrong with a file, in a few words."""
    return ((error.strerror if isinstance(error, OSError) else None) or str(error)).lower()


def _write(file: IO[str], parts: Iterable[str]) -> None:
    for part in parts:
        file.write(part)
    file.flush()
