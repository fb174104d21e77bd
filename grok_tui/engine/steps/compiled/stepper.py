"""Training steps taken by compiled code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor

from .calling import PER_STEP, Rows, Strided
from .native import NativeStep
from .program import Program


class CompiledStepper:
    """Takes steps as `engine.step.Stepper` does, on the same tensors.

    Args:
        program: what was compiled.
        folder: where the code is.
        tensors: what a step reads by name; they stay in place.

    Raises:
        NativeError: the code cannot be loaded.
    """

    def __init__(self, program: Program, folder: Path, tensors: Mapping[str, Tensor]) -> None:
        self._rows = Rows.zeros({name: Strided.of(tensor) for name, tensor in tensors.items()})
        fixed = [tensor for name, tensor in tensors.items() if name not in PER_STEP]
        self._native = NativeStep(folder, [*self._rows.all(), *fixed, *program.known])

    def run(
        self,
        table: Tensor,
        indices: Tensor | None,
        seen: Tensor,
        draw: Callable[[int], None] | None = None,
    ) -> None:
        """Take k steps; see `engine.step.Stepper`."""
        self._rows.run(self._native.run, table, indices, seen, draw)
