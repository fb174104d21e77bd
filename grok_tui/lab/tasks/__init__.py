"""The tasks by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ...catalog.tasks import AnyTask
from . import binary_operation, linear101, sparse_parity
from .bases import Basis
from .task import Coordinates, Draw, Samples, Symbols, Task

BUILDERS: dict[str, Callable[[Any, int, torch.dtype], Task]] = {
    "linear101": linear101.build,
    "binary_operation": binary_operation.build,
    "sparse_parity": sparse_parity.build,
}


def build_task(spec: AnyTask, seed: int, dtype: torch.dtype) -> Task:
    """Build a task's data on the CPU; floating-point data are of `dtype`."""
    return BUILDERS[spec.name](spec, seed, dtype)


__all__ = [
    "BUILDERS",
    "Basis",
    "Coordinates",
    "Draw",
    "Samples",
    "Symbols",
    "Task",
    "build_task",
]
