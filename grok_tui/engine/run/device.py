"""Where a run is computed, and with how many threads."""

from __future__ import annotations

import resource
from pathlib import Path

import torch

from grok_tui.errors import GrokTuiError

# Below this many multiplications a step, one CPU core is faster than launching kernels on a GPU.
SMALL_STEP = 20_000_000

# Below this many, one thread is faster than handing work to several: on a machine that does anything else
# besides, threads that wait for each other at every kernel take up to thirty times as long.
ONE_THREAD_STEP = 2_000_000_000


def resolve_device(name: str, multiplications: float) -> torch.device:
    """Return the device that a name such as "auto", "cpu", "cuda" or "cuda:1" asks for.

    Args:
        name: the name; "auto" takes a GPU where there is one and a step is large enough to gain from it.
        multiplications: about how many a training step of the largest arm needs.

    Raises:
        GrokTuiError: there is no such device here.
    """
    if name == "auto":
        worthwhile = torch.cuda.is_available() and multiplications > SMALL_STEP
        return torch.device("cuda" if worthwhile else "cpu")
    kind, _, number = name.partition(":")
    if name == "cpu":
        return torch.device("cpu")
    if kind != "cuda" or (number and not number.isdigit()):
        raise GrokTuiError(f"--device: unknown device '{name}'; valid: auto, cpu, cuda, cuda:N")
    count = torch.cuda.device_count()
    if count == 0:
        raise GrokTuiError(f"--device: '{name}': no CUDA device here; valid: auto, cpu")
    if number and int(number) >= count:
        raise GrokTuiError(f"--device: '{name}': there are {count} CUDA devices, cuda:0 to cuda:{count - 1}")
    return torch.device("cuda", int(number) if number else torch.cuda.current_device())


def prepare_thread(device: torch.device, threads: int | None, multiplications: float) -> int:
    """Set up the calling thread for training on a device.

    Args:
        device: as `resolve_device` returned it.
        threads: for torch on the CPU; None chooses.
        multiplications: as `resolve_device` takes them.

    Returns:
        The number of threads that torch will use.
    """
    if device.type == "cuda":
        # What names no GPU, as freeing cached memory does, would else open a context on the first one.
        torch.cuda.set_device(device)
    # Decayed weights that pass through denormal numbers would slow a step down many times over.
    torch.set_flush_denormal(True)
    if threads is None and multiplications <= ONE_THREAD_STEP:
        threads = 1
    if threads is not None:
        torch.set_num_threads(threads)
    return torch.get_num_threads()


def reason(device: torch.device, threads: int | None, multiplications: float) -> str:
    """Return in a few words why a device and a number of threads were chosen.

    Args:
        device: the device.
        threads: as asked for, or None.
        multiplications: as `resolve_device` takes them.
    """
    size = f"{multiplications / 1e6:,.3g} million multiplications a step"
    if device.type == "cuda":
        return f"{size} are enough for a GPU"
    if torch.cuda.is_available():
        return f"{size} are too few for a GPU"
    if threads is None and multiplications <= ONE_THREAD_STEP:
        return f"{size} are too few for more threads"
    return size


def describe(device: torch.device) -> str:
    """Return the device's name for people."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def resident_memory() -> int:
    """Return the bytes of memory that this process holds now, or at most held where only that is known."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()
