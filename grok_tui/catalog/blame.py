"""Which plugin an error comes from that arose anywhere, in a training step for instance."""

from __future__ import annotations

from collections.abc import Iterator
from traceback import walk_tb
from types import CodeType
from typing import Any

from ..errors import GrokTuiError
from ..printable import message_of, printable, shortened
from .entry import Entry
from .plugins import LONGEST_TOLD, told
from .registries import REGISTRIES
from .registry import Registry


def accounted(error: BaseException) -> str:
    """Return an error in one line; where a plugin's code raised it, with the plugin named.

    Of others it is the first of several lines: torch has advice in the rest.
    """
    if isinstance(error, GrokTuiError):
        return told(error)
    plugin = blamed(error)
    if plugin is not None:
        return f"plugin {plugin}: {told(error)}"
    first = message_of(error).strip().partition("\n")[0]
    return shortened(printable(": ".join(filter(None, [type(error).__name__, first]))), LONGEST_TOLD)


def blamed(error: BaseException) -> str | None:
    """Return the plugin through whose code an error came, with its thing if that is known; None: none."""
    brought = list(_brought())
    for frame, _ in walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        of_file = [(registry, entry) for registry, entry in brought if file in entry.origin.files]
        for registry, entry in of_file:
            if len(of_file) == 1 or _is_of(entry, frame.f_code):
                return f"{entry.origin}: {registry.kind} '{entry.name}'"
        if of_file:
            return str(of_file[0][1].origin)
    return None


def _brought() -> Iterator[tuple[Registry[Any], Any]]:
    """Yield the entries of plugins that are loaded."""
    for registry in REGISTRIES.values():
        for entry in registry.taken_up:
            yield registry, entry


def _is_of(entry: Entry[Any], code: CodeType) -> bool:
    """Whether code is that of an entry's spec or of its implementation."""
    names = [entry.spec.__qualname__]
    if isinstance(entry.implementation, str):
        names.append(entry.implementation.partition(":")[2])
    else:
        names.append(getattr(entry.implementation, "__qualname__", ""))
    return code.co_qualname.partition(".")[0] in {name.partition(".")[0] for name in names}
