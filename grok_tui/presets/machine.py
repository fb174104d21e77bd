"""How much memory there may be for a run."""

from __future__ import annotations

import os
from pathlib import Path

NVIDIA_DRIVER = Path("/dev/nvidiactl")
"""Is there where a GPU may be."""

LARGEST_GPU = 2**39
"""More bytes than any GPU has."""


def largest_memory() -> int:
    """Return the bytes of memory that this machine has, or that a GPU in it may have.

    How much a GPU has indeed is known when a run is opened on it.
    """
    return max(physical_memory(), LARGEST_GPU if NVIDIA_DRIVER.exists() else 0)


def physical_memory() -> int:
    """Return the bytes of memory that this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
