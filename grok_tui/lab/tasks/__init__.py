"""The tasks by name."""

from __future__ import annotations

import torch

from ...catalog.tasks import TASKS, TaskSpec
from .bases import Basis
from .contract import check_task
from .task import Coordinates, Draw, Fresh, Samples, Symbols, Task


def build_task(spec: TaskSpec, seed: int, dtype: torch.dtype) -> Task:
    """Build a task's data on the CPU; floating-point data are of `dtype`."""
    task: Task = TASKS.made(spec.name, spec, seed, dtype, check=lambda made: check_task(made, spec, dtype))
    return task


__all__ = [
    "Basis",
    "Coordinates",
    "Draw",
    "Fresh",
    "Samples",
    "Symbols",
    "Task",
    "build_task",
]
