"""All runs that are kept: find one by its name, list them, delete old ones. Free of torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from grok_tui.catalog.base import nearest
from grok_tui.paths import runs_folder
from grok_tui.printable import printable, shortened

from .directory import RUN_FILE, RunDirectory, RunStatus, StatusFile
from .files import StoreError

LONGEST_NAME = 255


@dataclass(frozen=True)
class Listed:
    """A run as a list shows it."""

    directory: RunDirectory
    preset: str
    created: str
    state: RunStatus
    status: StatusFile
    size: int


def find_run(reference: str) -> RunDirectory:
    """Return the run of a folder, a name, or the beginning of a name.

    Raises:
        StoreError: there is none, or there are several.
    """
    if os.sep in reference or reference in (".", ".."):
        path = Path(reference).absolute()
        if not os.path.lexists(path / RUN_FILE):
            raise StoreError(f"{shortened(printable(reference), 200)}: holds no run")
        return RunDirectory(path)
    found = {directory.path.name: directory for directory in directories()}
    if reference in found:
        return found[reference]
    begun = [name for name in found if reference and name.startswith(reference)]
    if len(begun) == 1:
        return found[begun[0]]
    name = shortened(printable(reference), 60)
    if begun:
        raise StoreError(f"several runs begin with '{name}': {', '.join(sorted(begun)[-4:])}")
    if len(reference) <= LONGEST_NAME and os.path.lexists(Path(reference) / RUN_FILE):
        return RunDirectory(Path(reference).absolute())
    raise StoreError(f"unknown run '{name}'{nearest(reference[:LONGEST_NAME], sorted(found)[-8:])}")


def directories() -> list[RunDirectory]:
    """Return all runs in the state folder; links are none."""
    folder = runs_folder()
    if not folder.is_dir():
        return []
    found = [p for p in folder.iterdir() if not p.is_symlink() and os.path.lexists(p / RUN_FILE)]
    return [RunDirectory(path) for path in sorted(found)]


def listed() -> tuple[list[Listed], list[StoreError]]:
    """Return all runs in the state folder, oldest first, and what is wrong with those that cannot be read."""
    runs, problems = [], []
    for directory in directories():
        try:
            document = directory.describe()
        except StoreError as error:
            problems.append(error)
            continue
        runs.append(
            Listed(
                directory,
                document.label,
                document.created,
                directory.state(),
                directory.status(),
                directory.size(),
            )
        )
    return sorted(runs, key=lambda run: (run.created, run.directory.name)), problems


def superfluous(runs: list[Listed], keep: int) -> list[Listed]:
    """Return what a pruning would delete: all but the newest `keep`, and never a run that is running."""
    older = runs[: max(0, len(runs) - keep)]
    return [run for run in older if run.state is not RunStatus.RUNNING]
