"""Takes the GPU's memory away, all but some of it."""

from __future__ import annotations

import gc
from types import TracebackType

import torch
from torch import Tensor

from .problems import GPU

SMALLEST = 20 << 20
"""Bytes: of less the allocator would take a segment of this size. What is left is exact to 2 MiB."""


def warmed_up() -> None:
    """Have the device load what any training needs: its context, cuBLAS and its workspaces."""
    square = torch.ones(256, 256, device=GPU)
    torch.cuda.synchronize(GPU)
    (square @ square).sum().item()


def free_memory(device: torch.device = GPU) -> int:
    """Return the bytes that an allocation could still have, those in the cache of the allocator included."""
    gc.collect()
    torch.cuda.empty_cache()
    free: int = torch.cuda.mem_get_info(device)[0]
    return free


class Ballast:
    """Takes all of the GPU's memory but some while it is entered.

    left: bytes that it leaves, none of them in the allocator's cache.
    """

    def __init__(self, left: int) -> None:
        self._left = left
        self._held: list[Tensor] = []

    def __enter__(self) -> Ballast:
        warmed_up()
        size = free_memory() - self._left
        while size >= SMALLEST:
            excess = free_memory() - self._left
            if excess < SMALLEST:
                break
            try:
                self._held.append(torch.empty(min(size, excess), dtype=torch.uint8, device=GPU))
            except torch.OutOfMemoryError:
                size //= 2  # no piece of that size is left
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.clear()
        free_memory()
