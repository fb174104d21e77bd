"""What it means that memory ran out, of a GPU or of the host."""

from __future__ import annotations

import torch

# What torch, CUDA and its libraries say where they have no type of error for it.
SIGNS = ("out of memory", "not enough memory", "can't allocate memory", "ALLOC_FAILED")

# What follows in torch's message is about the settings of its allocator.
ADVICE = ("Including non-PyTorch memory", "Of the allocated memory", "Process ")


def out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory ran out; what was there before is then as it was."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)


def in_a_line(error: BaseException) -> str:
    """Return what an error that says so has to say to people: how much was wanted, and how much there was."""
    line = " ".join(str(error).split()) or "out of memory"
    for advice in ADVICE:
        line = line.partition(f" {advice}")[0]
    return line.rstrip(".")
