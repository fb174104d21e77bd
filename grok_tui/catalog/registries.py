"""All registries by the kind of thing that they name, and how the entries of a file come into them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .interventions import INTERVENTIONS
from .losses import LOSSES
from .measures import MEASURES
from .models import MODELS
from .modifiers import MODIFIERS
from .optimizers import OPTIMIZERS
from .plugins import PluginError, load_file
from .registry import Registry
from .tasks import TASKS

REGISTRIES: dict[str, Registry[Any]] = {
    registry.kind: registry
    for registry in (TASKS, MODELS, LOSSES, OPTIMIZERS, MODIFIERS, MEASURES, INTERVENTIONS)
}

VARIABLE = "GROK_TUI_PLUGIN"
"""The environment variable by which the processes that a run starts take up the same files."""


def take_up(paths: Iterable[Path]) -> None:
    """Run files of Python and take up their entries, in this process and in those it starts.

    Raises:
        PluginError: one cannot be run, has no entry, or has one that does not belong anywhere.
    """
    taken = _inherited()
    for path in paths:
        for entry in load_file(path):
            bases = entry.spec.__mro__ if isinstance(entry.spec, type) else ()
            registry = next((one for one in REGISTRIES.values() if one.base in bases), None)
            if registry is None:
                kinds = ", ".join(registry.base.__name__ for registry in REGISTRIES.values())
                spec = (entry.spec if bases else type(entry.spec)).__name__
                raise PluginError(f"--plugin: {path}: {spec} derives from none of {kinds}")
            registry.add(entry)
        where = str(path.expanduser().resolve())
        if where not in taken:
            taken.append(where)
    if taken:
        os.environ[VARIABLE] = os.pathsep.join(taken)


def take_up_those_of_the_parent() -> None:
    """Take up the files that the process which started this one had."""
    take_up(map(Path, _inherited()))


def _inherited() -> list[str]:
    return [part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
