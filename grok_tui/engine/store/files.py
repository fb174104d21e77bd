"""A run's files, never reached through a link.

A run's folder may come from elsewhere. So every file in it is opened without following links and has to be a
regular one of a bounded size.
"""

from __future__ import annotations

import os
import stat
import zlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from grok_tui import reading
from grok_tui.errors import GrokTuiError
from grok_tui.files import reason

DAMAGED = ".damaged"
"""Ends the name of a log that was found to be damaged, of which another was begun."""


class StoreError(GrokTuiError):
    """A run's folder cannot be read or written as it should."""


def read_bounded(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes.

    Raises:
        StoreError: it is missing, a link, no regular file, too large, or cannot be read.
    """
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise StoreError(f"{path}: is larger than {limit} bytes")
        try:
            return file.read(limit + 1)
        except OSError as error:
            raise StoreError(f"{path}: {reason(error)}") from None


def text_of(path: Path, content: bytes) -> str:
    """Return the lines of a log as text, in which nothing is but what a terminal and any program may see.

    Raises:
        StoreError: something else is.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise StoreError(f"{path}: is not text") from None
    if not text.replace("\n", "").isprintable():
        raise StoreError(f"{path}: has control characters in it")
    return text


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read it.

    Raises:
        StoreError: it is missing, a link, no regular file, or cannot be opened.
    """
    try:
        return reading.open_regular(path, links=False)
    except OSError as error:
        raise StoreError(f"{path}: {_link_or_reason(path, error)}") from None


def make_folder(path: Path) -> None:
    """Make sure that a folder inside a run's folder is there and is no link.

    Raises:
        StoreError: something else is there.
        OSError: it cannot be made.
    """
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise StoreError(f"{path}: is not a folder of its own")


class AppendLog:
    """A text file that only grows, by whole lines.

    Attributes:
        size: bytes that are safely written.
        sum: the CRC-32 of these bytes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1
        self._longer = False  # whether something that was not written whole may lie behind its size
        self.size = self.sum = 0

    def open(self, size: int | None = None) -> int:
        """Open the file, cut what lies behind `size` bytes (by default behind the last whole line).

        Returns:
            How many bytes were cut.

        Raises:
            StoreError: it is a link, or no regular file.
            OSError: it cannot be opened.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._handle = os.open(self._path, flags, 0o600)
        except OSError as error:
            if not self._path.is_symlink():
                raise
            raise StoreError(f"{self._path}: {_link_or_reason(self._path, error)}") from None
        found = os.fstat(self._handle)
        if not stat.S_ISREG(found.st_mode):
            raise StoreError(f"{self._path}: is not a regular file")
        length = found.st_size
        self.size = self._whole_lines(length) if size is None else min(size, length)
        if self.size < length:
            os.ftruncate(self._handle, self.size)
        self.sum = self._summed()
        return length - self.size

    def set_aside(self) -> Path:
        """Begin anew, and leave what there is under another name beside it; return that.

        Raises:
            OSError: it cannot be.
        """
        aside = self._path.with_name(f"{self._path.name}{DAMAGED}")
        self.close()
        self._path.replace(aside)
        self.open()
        return aside

    def append(self, text: str) -> None:
        """Add whole lines and wait until they are on the disk.

        Raises:
            OSError: they cannot be written; then none of them is there.
            StoreError: a link or no regular file has come into its place.
        """
        if self._handle < 0:  # it could not be opened again when it was replaced
            self.open()
        content = memoryview(text.encode())
        at = self.size
        try:
            if self._longer:
                os.ftruncate(self._handle, at)
            self._longer = True
            while content:
                written = os.pwrite(self._handle, content, at)
                at, content = at + written, content[written:]
            os.fsync(self._handle)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._handle, self.size)
                self._longer = False
            raise
        self._longer = False
        self.size, self.sum = at, zlib.crc32(text.encode(), self.sum)

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _summed(self) -> int:
        found = at = 0
        while at < self.size:
            part = os.pread(self._handle, min(1 << 20, self.size - at), at)
            if not part:
                break
            found, at = zlib.crc32(part, found), at + len(part)
        return found

    def _whole_lines(self, length: int) -> int:
        """Return the length of the file up to its last line end, looking back a bounded way at a time."""
        end = length
        while end > 0:
            start = max(0, end - 65536)
            place = os.pread(self._handle, end - start, start).rfind(b"\n")
            if place >= 0:
                return start + place + 1
            end = start
        return 0


def _link_or_reason(path: Path, error: OSError) -> str:
    return "is a link, which is not followed" if path.is_symlink() else reason(error)
