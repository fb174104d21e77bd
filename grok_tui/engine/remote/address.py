"""Where the socket of a run lies, and how to come by it. Free of torch."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import warnings
from contextlib import suppress
from pathlib import Path

from platformdirs import user_runtime_path

from grok_tui.engine.store.directory import SOCKET, RunDirectory, RunStatus
from grok_tui.engine.store.files import StoreError
from grok_tui.files import reason
from grok_tui.paths import runs_folder

from .channel import ChannelError, require_same_user

LONGEST_ADDRESS = 100  # bytes; systems allow 104 or 108


def socket_path(directory: RunDirectory) -> Path:
    """Return where the socket of a run lies: in its folder, or in the runtime folder if that is too long."""
    path = directory.path.absolute() / SOCKET
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        return path
    digest = hashlib.sha256(os.fsencode(directory.path.resolve())).hexdigest()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it is a folder in /tmp, which will do
        return user_runtime_path("grok-tui") / f"{digest[:16]}.sock"


def directory_named(name: str) -> RunDirectory:
    """Return the run that `RunDirectory.name` calls so."""
    return RunDirectory(Path(name) if os.sep in name else runs_folder() / name)


def listen(directory: RunDirectory) -> socket.socket:
    """Return a socket that listens for this run's owner alone; the caller holds the run's lock.

    Raises:
        OSError: there can be none.
    """
    path = socket_path(directory)
    if path.parent != directory.path.absolute():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.parent.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise PermissionError(f"{path.parent} is not this user's alone")
    with suppress(FileNotFoundError):  # left by a process that was killed, as the lock was free
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(f"{path} is not a socket")
        path.unlink()
    # Whoever finds the socket can connect to it: it has its name when somebody listens, not before.
    unheard = path.with_name(path.name[:-1] + "~")
    unheard.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listening.fileno(), 0o600)  # on Linux it is never there with other permissions
        listening.bind(str(unheard))
        unheard.chmod(0o600)
        listening.listen(4)
        unheard.rename(path)
    except OSError:
        listening.close()
        raise
    return listening


def forget(directory: RunDirectory) -> None:
    """Take the socket of a run away."""
    with suppress(OSError):
        socket_path(directory).unlink()


def connect(directory: RunDirectory) -> socket.socket:
    """Return a connection to the process of a run.

    Raises:
        StoreError: it is not running, cannot be attached to, or is another user's.
    """
    name = directory.name
    state = directory.state()
    if state is not RunStatus.RUNNING:
        how = "has crashed" if state is RunStatus.CRASHED else f"is not running ({state})"
        raise StoreError(f"run '{name}' {how}; 'grok-tui resume {name}' takes it up")
    path = socket_path(directory)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise StoreError(f"{path}: is not a socket")
        connection.connect(str(path))
        require_same_user(connection)
    except FileNotFoundError:
        connection.close()
        raise StoreError(f"run '{name}' is running, but not with --keep-running: nobody can attach") from None
    except OSError as error:
        connection.close()
        raise StoreError(f"run '{name}' is running, but {path} does not answer: {reason(error)}") from None
    except (ChannelError, StoreError) as error:
        connection.close()
        raise StoreError(f"run '{name}' cannot be attached to: {error}") from None
    return connection
