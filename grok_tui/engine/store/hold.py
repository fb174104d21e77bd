"""Who holds a run: a lock of the system's, and where a file system has none, a heartbeat. Free of torch.

The file `lock` is locked by `flock` while a process has the run, and says which process that is. Its time of
change is set anew every few seconds, so that another process sees that the run is alive, on another host too.
"""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from grok_tui.files import reason

from .files import StoreError

HELD = frozenset({errno.EWOULDBLOCK, errno.EACCES})
"""What a system says of a lock that another process has."""

NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""What a system says where a file system has no locks."""

BEAT = 10.0  # seconds between two beats

FRESH = 60.0  # seconds for which a beat says that a process is alive

SETTLING = 0.3  # seconds after which of two that take hold at once, without locks, one sees the other

LARGEST = 1000  # bytes of the file


class Holder(BaseModel):
    """The content of `lock`: which process has the run, or had it when it was killed."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    host: str
    pid: int
    locked: bool
    """Whether the file is locked as well; then the system knows best whether that process is alive."""
    token: str
    """Drawn anew by each that takes hold."""

    def gone(self) -> bool:
        """Whether it was a process of this host that is no more."""
        if self.host != platform.node() or self.pid <= 0:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):
            return False
        return False


class Hold:
    """A hold on a run; however the process ends, the lock goes with it, and the heartbeat stops.

    Args:
        path: of the file.
        handle: of the file, which belongs to this from then on.
        holder: what the file says.
    """

    def __init__(self, path: Path, handle: int, holder: Holder) -> None:
        self._path, self._handle, self._holder = path, handle, holder
        self._guard, self._over = threading.Lock(), threading.Event()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def require(self) -> None:
        """Make sure that no other process has taken hold since, of a run that seemed dead.

        Raises:
            StoreError: one has.
        """
        if self._holder.locked:
            return
        try:
            handle = _opened(self._path, os.O_RDONLY)  # anew, as a server's files are looked at anew then
        except OSError:
            return
        found = _said(handle)
        os.close(handle)
        if found is not None and found.token != self._holder.token:
            raise StoreError(f"process {found.pid} on {found.host} has taken up this run meanwhile")

    def release(self) -> None:
        """Let go."""
        self._over.set()
        with self._guard:
            if self._handle < 0:
                return
            found = _said(self._handle)
            if found is not None and found.token == self._holder.token:
                with suppress(OSError):
                    os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = -1

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            with self._guard, suppress(OSError):
                if self._handle >= 0:
                    os.utime(self._handle)


def take_hold(path: Path, name: str) -> Hold:
    """Take hold of the run called so, whose lock has this path.

    Raises:
        StoreError: another process holds it, or its folder cannot be written.
    """
    try:
        handle = _opened(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise StoreError(f"{path.parent}: {reason(error)}") from None
    try:
        locked = _locked(handle, fcntl.LOCK_EX)
        alive = _alive(handle, locked, lambda: _file_systems_time(path))
        if alive:
            raise StoreError(f"run '{name}' is running in another process{alive}")
        holder = Holder(host=platform.node(), pid=os.getpid(), locked=locked, token=secrets.token_hex(8))
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, holder.model_dump_json().encode(), 0)
        except OSError:
            if not locked:  # else it is held all the same, to be deleted from a full disk for instance
                raise
        if not locked:
            time.sleep(SETTLING)
            found = _said(handle)
            if found != holder:
                raise StoreError(f"run '{name}' is being taken up by another process")
    except OSError as error:
        os.close(handle)
        if error.errno in HELD:
            raise StoreError(f"run '{name}' is running in another process") from None
        raise StoreError(f"{path.parent}: {reason(error)}") from None
    except BaseException:
        os.close(handle)
        raise
    return Hold(path, handle, holder)


def is_held(path: Path) -> bool:
    """Return whether a process has the run whose lock has this path; nothing is changed."""
    try:
        handle = _opened(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return bool(_alive(handle, _locked(handle, fcntl.LOCK_SH), time.time))
    except OSError as error:
        return error.errno in HELD
    finally:
        os.close(handle)


def _locked(handle: int, kind: int) -> bool:
    """Lock a file; return whether there are locks.

    Raises:
        OSError: another process has it locked, or something else is wrong.
    """
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise
    return True


def _alive(handle: int, locked: bool, now: Callable[[], float]) -> str:
    """Return which process has a run, in a few words, as far as its heartbeat tells; nothing if none does.

    Args:
        handle: of the lock.
        locked: whether it is locked by this process.
        now: returns seconds since 1970, by the clock that the file's times are of.
    """
    found = _said(handle)
    if found is None or (locked and found.locked) or found.gone():
        return ""
    age = now() - os.fstat(handle).st_mtime
    # A beat far in the future is one from before a clock was set back.
    return f": {found.pid} on {found.host}, {max(age, 0.0):.0f} s ago" if abs(age) < FRESH else ""


def _said(handle: int) -> Holder | None:
    """Return what a lock says, or None if that is nothing."""
    with suppress(OSError, ValidationError):
        return Holder.model_validate_json(os.pread(handle, LARGEST, 0))
    return None


def _file_systems_time(path: Path) -> float:
    """Return the present time as the file system has it, which on a server may have another clock."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return time.time()
    try:
        os.utime(handle)
        return os.fstat(handle).st_mtime
    except OSError:
        return time.time()
    finally:
        os.close(handle)
        with suppress(OSError):
            os.unlink(beside)  # noqa: PTH108  (as it was opened)


def _opened(path: Path, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
