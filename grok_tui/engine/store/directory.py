"""A run's folder: where it lies, what it says of itself, and who holds it. Free of torch."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from grok_tui.engine.steps.backends import CompileMode
from grok_tui.files import reason, sync_folder, write_atomically
from grok_tui.paths import runs_folder
from grok_tui.presets import PluginUsed, Preset, missing
from grok_tui.presets.problems import explain, problem_of_json

from .files import DAMAGED, StoreError, make_folder, read_bounded
from .hold import Hold, is_held, take_hold

FORMAT = 1

RUN_FILE, STATUS_FILE, LOCK_FILE = "run.json", "status.json", "lock"
MEASURES, EVENTS, INTERVENTIONS = "measures.csv", "events.jsonl", "interventions.jsonl"
FORKS = "forks.jsonl"
LOOKED_BACK = "looked_back.csv"
SOCKET = "socket"
CHECKPOINTS, CHECKPOINT_SUFFIX = "checkpoints", ".safetensors"

LARGEST_DOCUMENT = 4_000_000  # bytes of run.json and status.json; a preset has at most one million

NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")

Ended = Literal["finished", "diverged", "failed", "time limit", "interrupted"]


MOST_THREADS = 2**16


def _moment(text: str) -> str:
    if text:
        datetime.fromisoformat(text)
    return text


Moment = Annotated[str, AfterValidator(_moment)]
"""A time in UTC, ISO 8601; "" is none."""


Steps = Annotated[int, Field(ge=0, le=2**62)]

Document = TypeVar("Document", bound=BaseModel)


class RunStatus(StrEnum):
    """How a run stands, as seen from outside."""

    RUNNING = "running"
    STOPPED = "stopped"
    CRASHED = "crashed"
    FINISHED = "finished"


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RunFile(_Document):
    """`run.json`: what was asked for and what began to compute it; never changed."""

    format: int
    label: str
    """The preset's name."""
    profile: str
    created: Moment
    preset: dict[str, JsonValue]
    """The preset with everything filled in."""
    versions: dict[str, str]
    device: str
    device_name: str
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)]
    tf32: bool = False
    """Whether a GPU may have rounded the factors of float32 products to 10 bits."""
    compile: CompileMode = "off"
    """Whether and when steps are compiled; which ones were is in the checkpoints."""
    start: dict[str, str]
    """SHA-256 of each arm's theta at step 0."""
    plugins: list[PluginUsed] = []
    """What of it comes from plugins; left out where nothing does."""


class StatusFile(_Document):
    """`status.json`: how far the run had come at its newest checkpoint."""

    ended: Ended | None = None
    """Why it ended; null while it goes on, and after it was killed."""
    steps: Steps = 0
    """Steps of all arms together, of `total`."""
    total: Steps = 0
    verdicts: dict[str, int] = {}
    """How many claims have each verdict."""
    saved: Moment = ""


def now() -> str:
    """Return the time of day for a document; nothing depends on it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class RunDirectory:
    """A folder that holds a run."""

    path: Path

    @property
    def name(self) -> str:
        """What the run is called on the command line."""
        return self.path.name if self.path.parent == runs_folder() else str(self.path)

    def describe(self) -> RunFile:
        """Return `run.json`.

        Raises:
            StoreError: it is missing or not what it should be.
        """
        found = _read(self.path / RUN_FILE, RunFile)
        if found.format != FORMAT:
            raise StoreError(f"{self.path}: written in format {found.format}; this version reads {FORMAT}")
        return found

    def status(self) -> StatusFile:
        """Return `status.json`, or what can be said without it."""
        try:
            return _read(self.path / STATUS_FILE, StatusFile)
        except StoreError:
            return StatusFile()

    def write_status(self, status: StatusFile) -> None:
        """Replace `status.json`.

        Raises:
            OSError: it cannot be written.
        """
        write_atomically(self.path / STATUS_FILE, status.model_dump_json(indent=2).encode())

    def state(self) -> RunStatus:
        """Return how the run stands: from its lock, then from what its process last said."""
        if is_held(self.path / LOCK_FILE):
            return RunStatus.RUNNING
        ended = self.status().ended
        if ended in ("finished", "diverged"):
            return RunStatus.FINISHED
        return RunStatus.CRASHED if ended in (None, "failed") else RunStatus.STOPPED

    def checkpoints(self) -> list[tuple[int, Path]]:
        """Return steps and files of all checkpoints, oldest first."""
        folder = self.path / CHECKPOINTS
        if not _is_folder(folder):
            return []
        found = [p for p in folder.iterdir() if p.suffix == CHECKPOINT_SUFFIX and p.stem.isdecimal()]
        return sorted((int(path.stem), path) for path in found if len(path.stem) <= 18)

    def checkpoint_path(self, step: int) -> Path:
        """Return the file of the checkpoint at `step`."""
        return self.path / CHECKPOINTS / f"{step:012}{CHECKPOINT_SUFFIX}"

    def files(self) -> list[Path]:
        """Return all files that the program itself puts there."""
        names = (
            SOCKET,
            MEASURES,
            LOOKED_BACK,
            EVENTS,
            INTERVENTIONS,
            FORKS,
            STATUS_FILE,
            LOCK_FILE,
            RUN_FILE,
        )
        damaged = (f"{name}{DAMAGED}" for name in (MEASURES, EVENTS))
        own = [path for path in (self.path / name for name in (*names, *damaged)) if os.path.lexists(path)]
        return [path for _, path in self.checkpoints()] + self._half_written() + own

    def tidy(self) -> None:
        """Delete what processes left half written that were killed; by whoever holds the run."""
        for path in self._half_written():
            with suppress(OSError):
                path.unlink()

    def _half_written(self) -> list[Path]:
        folders = [self.path, self.path / CHECKPOINTS]
        return [path for folder in folders if _is_folder(folder) for path in folder.glob(".*.tmp")]

    def size(self) -> int:
        """Return how many bytes its files take."""
        total = 0
        for path in self.files():
            with suppress(OSError):
                total += path.lstat().st_size
        return total

    def lock(self) -> Hold:
        """Take hold of the run, so that no other process writes it.

        Raises:
            StoreError: another process holds it, or the folder cannot be written.
        """
        return take_hold(self.path / LOCK_FILE, self.name)

    def remove(self) -> bool:
        """Delete the run: the program's own files, and the folder if nothing else is in it.

        Returns:
            Whether the folder went too.

        Raises:
            StoreError: it is running, or something cannot be deleted.
        """
        held = self.lock()
        try:
            for path in self.files():
                path.unlink(missing_ok=True)
            with suppress(FileNotFoundError, NotADirectoryError):
                (self.path / CHECKPOINTS).rmdir()
            self.path.rmdir()
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise StoreError(f"{self.path}: {reason(error)}") from None
        finally:
            held.release()
        return True


def create_directory(label: str, at: Path | None = None) -> RunDirectory:
    """Make the folder of a new run.

    Args:
        label: the preset's name, the first part of the folder's.
        at: the folder to make; it may be there if it is empty. None makes one in the state folder.

    Raises:
        StoreError: it holds something, or cannot be made.
    """
    path = at
    parent = runs_folder()
    try:
        if path is None:
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            stem = NOT_IN_A_NAME.sub("-", label)[:60].strip(".-") or "run"
            moment = time.strftime("%Y%m%d-%H%M%S")
            path = parent / f"{stem}-{moment}-{secrets.token_hex(2)}"
            path.mkdir(mode=0o700)
        else:
            path = path.absolute()
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.path.lexists(path / RUN_FILE):
                raise StoreError(f"{path}: holds a run already; 'grok-tui resume {path}' goes on with it")
            # What a process leaves that was killed before its run began is no reason to refuse.
            left = (LOCK_FILE, CHECKPOINTS)
            if any(p.name not in left and p.suffix != ".tmp" for p in path.iterdir()):
                raise StoreError(f"{path}: is not empty")
        make_folder(path / CHECKPOINTS)
    except OSError as error:
        raise StoreError(f"{path or parent}: {reason(error)}") from None
    return RunDirectory(path)


def write_run_file(directory: RunDirectory, document: RunFile) -> None:
    """Write `run.json`, with which the folder becomes a run's.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        left_out = set() if document.plugins else {"plugins"}
        text = document.model_dump_json(indent=2, exclude=left_out)
        write_atomically(directory.path / RUN_FILE, text.encode())
        sync_folder(directory.path.parent)
    except OSError as error:
        raise StoreError(f"{directory.path}: {reason(error)}") from None


def note_plugins(directory: RunDirectory, used: Sequence[PluginUsed]) -> None:
    """Write in `run.json` that a run uses these plugins as well.

    Raises:
        StoreError: it cannot be read or written.
    """
    document = directory.describe()
    noted = {(one.kind, one.name) for one in document.plugins}
    more = [one for one in used if (one.kind, one.name) not in noted]
    if more:
        plugins = [*document.plugins, *more]
        write_run_file(directory, document.model_copy(update={"plugins": plugins}))


def preset_of(document: RunFile, directory: RunDirectory) -> Preset:
    """Return the preset of a run.

    Raises:
        StoreError: it is not one that this version knows, or needs a plugin that is not here.
    """
    lacking = missing(document.plugins)
    if lacking:
        raise StoreError(f"{directory.path}: {lacking}")
    try:
        return Preset.model_validate_json(RunFile.model_dump_json(document, include={"preset"})[10:-1])
    except ValidationError as error:
        key, problem = explain(error, document.preset)
        where = f"preset: {key}" if key else "preset"
        raise StoreError(f"{directory.path}: {where}: {problem}") from None


def differences(then: Mapping[str, str], today: Mapping[str, str]) -> list[str]:
    """Return what differs between two descriptions of what computes, for people."""
    return [
        f"{name} {then[name]} then, {today[name]} now"
        for name in today
        if name in then and then[name] != today[name]
    ]


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _read(path: Path, kind: type[Document]) -> Document:
    content = read_bounded(path, LARGEST_DOCUMENT)
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise StoreError(f"{path}: {problem_of_json(error, content)}") from None
