"""Files that no crash leaves half written, and what to say of one that cannot be read or written."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from threading import get_native_id

from .errors import GrokTuiError

MOST_NUMBERS = 10_000


def reason(error: Exception) -> str:
    """Return what went wrong with a file, in a few words for the end of a line."""
    return ((error.strerror if isinstance(error, OSError) else None) or str(error)).lower()


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
    """Put a text in place whole, behind a link as well; make its folder if need be.

    Raises:
        OSError: it cannot be written; what was there stays, and nothing else is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _put(path.resolve(), text.encode())


def put_out(path: Path, content: bytes) -> None:
    """Write a file that a person named: whole or not at all, with the rights that it had or that others have.

    What is no file, such as `/dev/stdout`, is written to, and so is a file whose folder takes no other.

    Raises:
        OSError: it cannot be written; a file that was there stays as it was.
    """
    found = path.stat().st_mode if path.exists() else None
    if found is not None and not (stat.S_ISREG(found) and os.access(path.resolve().parent, os.W_OK)):
        path.write_bytes(content)
        return
    _put(path.resolve(), content, 0o666 if found is None else stat.S_IMODE(found))


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in place of whatever is there, link or not, so that it also lasts through a power cut.

    Raises:
        OSError: it cannot be written; what was there stays, and nothing else is left.
    """
    _put(path, content)
    sync_folder(path.parent)


def write_beside(path: Path, parts: Iterable[bytes], mode: int = 0o600) -> Path:
    """Write what is to take the place of a file into a file beside it, which is whole on the disk; return it.

    Args:
        path: the file.
        parts: its content.
        mode: the rights that it has, less what the process gives nobody (its umask).

    Raises:
        OSError: it cannot be written; then nothing is left of it.
    """
    beside = path.with_name(f".{path.name}.{get_native_id()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileNotFoundError):  # left by a thread of the same number that was killed
        beside.unlink()
    try:
        with os.fdopen(os.open(beside, flags, mode), "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    return beside


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last through a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
            file.writelines(parts)
            file.flush()
        except BaseException:
            with suppress(OSError):
                path.unlink()
            raise


def _put(path: Path, content: bytes, mode: int = 0o600) -> None:
    beside = write_beside(path, [content], mode)
    try:
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
