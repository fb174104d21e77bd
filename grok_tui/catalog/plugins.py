"""What installed distributions and files offer besides what ships: names first, and code when it is named.

A distribution has entry points in the groups `grok_tui.tasks`, `.models`, `.losses`, `.optimizers`,
`.modifiers`, `.interventions` and `.measures`: a name, and where its `Entry` is. A file is given on the
command line and never by a preset, since it is run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any, TypeVar

from .. import errors
from ..errors import GrokTuiError
from ..files import reason
from ..printable import message_of, printable, shortened
from .entry import Entry
from .origin import Origin

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds that the import of a plugin may take."""

PATIENCE_WITH_TORCH = 60.0
"""Seconds that the import of an implementation may take, with which torch may come."""

LONGEST_TOLD = 240
"""Characters of what is told of an error."""


class PluginError(GrokTuiError, ValueError):
    """A plugin cannot be used; the message is one line that names it."""


class ContractError(ValueError):
    """Something is not as the engine takes it for granted; the message says what, in one line."""


def require(holds: bool, otherwise: str) -> None:
    """Raise ContractError with a line that says what is, and what must be, unless something holds."""
    if not holds:
        raise ContractError(otherwise)


@cache
def offered(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    """Return the entry points of a group by name, without importing any; several where names clash."""
    found: dict[str, dict[tuple[str, str], EntryPoint]] = {}
    for point in entry_points(group=group):
        # A distribution that is on the path twice is the same one.
        found.setdefault(point.name, {})[(origin_of(point).distribution, point.value)] = point
    return {name: tuple(points.values()) for name, points in sorted(found.items())}


def origin_of(point: EntryPoint) -> Origin:
    """Return the distribution of an entry point."""
    distribution = point.dist
    if distribution is None:
        return Origin(distribution="?", module=point.module)
    return Origin(
        distribution=distribution.metadata["Name"], version=distribution.version, module=point.module
    )


def load(point: EntryPoint) -> Any:
    """Import what an entry point names.

    Raises:
        PluginError: it cannot be imported, or not in time.
    """
    return in_time(point.load, f"plugin {origin_of(point)}: '{point.name}' ({point.value})", PATIENCE)


def load_file(path: Path) -> Iterator[Entry[Any]]:
    """Run a file of Python and return the entries that stand in it, with the file as their origin.

    Raises:
        PluginError: it cannot be run, not in time, or has no entry.
    """
    try:
        where = path.expanduser().resolve()
        there = where.is_file()
    except (
        OSError,
        RuntimeError,
        ValueError,
    ) as error:  # of a name that no file, or no user's home, can have
        raise PluginError(f"--plugin: {path}: {reason(error)}") from None
    if not there:
        raise PluginError(f"--plugin: no file {path}")
    name = f"grok_tui_plugin_{where.stem}"
    spec = spec_from_file_location(name, where)
    if spec is None or spec.loader is None:
        raise PluginError(f"--plugin: {path} is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    loader = spec.loader
    in_time(lambda: loader.exec_module(module), f"--plugin: {path}", PATIENCE)
    return _entries(module, Origin(file=str(where)), path)


def _entries(module: ModuleType, origin: Origin, path: Path) -> Iterator[Entry[Any]]:
    found = [value for value in list(vars(module).values()) if isinstance(value, Entry)]
    if not found:
        raise PluginError(f"--plugin: {path} has no Entry")
    for entry in found:
        yield replace(entry, origin=origin)


def in_time(imported: Callable[[], T], what: str, patience: float) -> T:
    """Return what an import gives.

    Args:
        imported: imports it.
        what: is imported, for the line of an error.
        patience: seconds that it may take.

    Raises:
        PluginError: it raises, exits, or takes longer.
    """
    given: list[T] = []
    problem: list[BaseException] = []

    def attempt() -> None:
        try:
            given.append(imported())
        except BaseException as error:  # a plugin may raise anything, SystemExit too
            problem.append(error)

    thread = Thread(target=attempt, daemon=True, name="plugin")
    thread.start()
    thread.join(patience)
    if problem:
        raise PluginError(f"{what} cannot be loaded: {told(problem[0])}") from problem[0]
    if not given:
        raise PluginError(f"{what} was not loaded within {patience:.0f} s")
    return given[0]


def told(error: BaseException) -> str:
    """Return an error in one line that is safe to show: its type, and what it says of itself."""
    known = isinstance(error, (ContractError, GrokTuiError))
    return shortened(printable(message_of(error) if known else errors.told(error)), LONGEST_TOLD)
