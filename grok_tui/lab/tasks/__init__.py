"""The tasks by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ...catalog.tasks import AnyTask
from . import linear101, modular_addition
from .task import Coordinates, Parameters, Samples, Task

BUILDERS: dict[str, Callable[[Any, int, torch.dtype], Task]] = {
    "linear101": linear101.build,
    "modular_addition": modular_addition.build,
}


def build_task(spec: AnyTask, seed: int, dtype: torch.dtype) -> Task:
    """Build a task's data on the CPU; floating-point data are of `dtype`."""
    return BUILDERS[spec.name](spec, seed, dtype)


__all__ = ["BUILDERS", "Coordinates", "Parameters", "Samples", "Task", "build_task"]
