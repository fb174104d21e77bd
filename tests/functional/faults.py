"""Counts the calls by which this process writes to a disk, and has something happen at one of them.

For processes that are about to end: nothing of it is ever undone.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

ENDED = 86
"""The exit code of a process that ended at a call."""

NAMES = ("open", "write", "pwrite", "fsync", "ftruncate", "replace", "rename", "unlink", "mkdir", "rmdir")
WITH_BYTES = ("write", "pwrite")
FAILURES = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)

At = Callable[[int, str, Callable[..., Any], tuple], Any]
"""Makes a call or something else: its number from 1, its name, the call itself and its arguments."""


def watch(at: At) -> None:
    """From now on have every call that writes go through `at`."""
    count = 0

    def around(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **more: Any) -> Any:
            nonlocal count
            if name == "open" and not args[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return call(*args, **more)
            count += 1
            return at(count, name, lambda *own: call(*own, **more), args)

        return counted

    for name in NAMES:
        setattr(os, name, around(name, getattr(os, name)))
    fcntl.flock = around("flock", fcntl.flock)
    written, opened = os.write, os.fdopen

    class Raw(io.FileIO):
        def write(self, content: Any) -> int:
            return written(self.fileno(), bytes(content))

    def fdopen(handle: int, mode: str = "r", *args: Any, **more: Any) -> Any:
        if mode == "wb":
            return io.BufferedWriter(Raw(handle, "wb"))
        return opened(handle, mode, *args, **more)

    os.fdopen = fdopen


def listing(names: list[str]) -> At:
    """Note the name of each call."""

    def at(_: int, name: str, call: Callable[..., Any], args: tuple) -> Any:
        names.append(name)
        return call(*args)

    return at


def ending(number: int, torn: bool = False) -> At:
    """End the process at a call, which is not made; if torn, half of its bytes are written."""

    def at(count: int, name: str, call: Callable[..., Any], args: tuple) -> Any:
        if count == number:
            if torn and name in WITH_BYTES:
                call(args[0], bytes(args[1])[: len(args[1]) // 2], *args[2:])
            os._exit(ENDED)
        return call(*args)

    return at


def power_cut(number: int, folder: Path) -> At:
    """End the process at a call, with all in a folder as it was last told to be on the disk, and no more.

    A file has the content of its last fsync; a folder the names of its last fsync, whatever was renamed,
    created or deleted in it since. A disk may keep more than that, but need not.
    """
    disk = _Disk(folder)

    def at(count: int, name: str, call: Callable[..., Any], args: tuple) -> Any:
        if count == number:
            disk.lose()
            os._exit(ENDED)
        if name in ("unlink", "replace", "rename"):
            disk.hold(Path(args[-1]))
        result = call(*args)
        if name == "fsync":
            disk.synced(args[0])
        return result

    return at


def failing(number: int, code: int, lasting: bool = False, short: bool = False) -> At:
    """Let a call fail, or each from that on if it is lasting; if short, a write writes half of its bytes.

    With code 0 a short write is no failure, and says how much it wrote.
    """

    def at(count: int, name: str, call: Callable[..., Any], args: tuple) -> Any:
        if count == number or (lasting and count > number):
            if short and name in WITH_BYTES and len(args[1]) > 1:
                written = call(args[0], bytes(args[1])[: len(args[1]) // 2], *args[2:])
                if not code:
                    return written
            if code:
                raise OSError(code, os.strerror(code))
        return call(*args)

    return at


class _Disk:
    """What of a folder is on the disk for certain; all that is there when this is made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open, self._write = os.open, os.write
        self._unlink, self._mkdir, self._rmdir = os.unlink, os.mkdir, os.rmdir
        self._contents: dict[int, bytes] = {}
        self._entries: dict[int, dict[str, tuple[int, bool]]] = {}
        self._held: list[int] = []
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                self._entries[path.stat().st_ino] = _names(path)
            else:
                self._contents[path.stat().st_ino] = path.read_bytes()

    def hold(self, path: Path) -> None:
        """Have no other file take the number of one that is about to lose its name."""
        if path.exists():
            self._held.append(self._open(path, os.O_RDONLY))

    def synced(self, handle: int) -> None:
        """Take a file's content, or a folder's names, for kept."""
        found = os.fstat(handle)
        path = Path(f"/proc/self/fd/{handle}")
        if stat.S_ISDIR(found.st_mode):
            self._entries[found.st_ino] = _names(path.resolve())
        else:
            self._contents[found.st_ino] = path.read_bytes()

    def lose(self) -> None:
        """Bring the folder back to what is kept."""
        number = self._folder.stat().st_ino
        for path in sorted(self._folder.rglob("*"), reverse=True):
            (self._rmdir if path.is_dir() else self._unlink)(path)
        self._lay(self._folder, number)

    def _lay(self, folder: Path, number: int) -> None:
        for name, (own, is_folder) in self._entries.get(number, {}).items():
            if is_folder:
                self._mkdir(folder / name, 0o700)
                self._lay(folder / name, own)
            else:
                handle = self._open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
                self._write(handle, self._contents.get(own, b""))
                os.close(handle)


def _names(folder: Path) -> dict[str, tuple[int, bool]]:
    return {path.name: (path.lstat().st_ino, path.is_dir()) for path in folder.iterdir()}
