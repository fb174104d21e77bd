"""Where a run is computed, and with how many threads."""

from __future__ import annotations

import re
import resource
from dataclasses import dataclass
from pathlib import Path

import torch

from grok_tui.errors import GrokTuiError

from .gpus import emptiest

# Below this many multiplications a step, one CPU core is faster than launching kernels on a GPU.
SMALL_STEP = 20_000_000

# Below this many, one thread is faster than handing work to several: on a machine that does anything else
# besides, threads that wait for each other at every kernel take up to thirty times as long.
ONE_THREAD_STEP = 2_000_000_000


class DeviceError(GrokTuiError):
    """There is no such device here."""


@dataclass(frozen=True)
class Choice:
    """The device that a run is computed on.

    Attributes:
        device: the device, of a GPU with its number.
        why: why this one, in a few words.
    """

    device: torch.device
    why: str = ""


def choose_device(name: str, multiplications: float) -> Choice:
    """Return the device that a name such as "auto", "cpu", "cuda" or "cuda:1" asks for, and why it was taken.

    Args:
        name: the name; "auto" takes a GPU that works and has room, where a step is large enough for one.
        multiplications: about how many a training step of the largest arm needs.

    Raises:
        DeviceError: there is no such device here.
    """
    cpu = torch.device("cpu")
    if name == "cpu":
        return Choice(cpu)
    count = torch.cuda.device_count()
    if name == "auto":
        size = in_millions(multiplications)
        if count == 0:
            return Choice(cpu)
        if multiplications <= SMALL_STEP:
            return Choice(cpu, f"{size} are too few for a GPU")
        found, why = emptiest()
        if found is None:
            return Choice(cpu, f"no GPU will do: {why}")
        return Choice(found, "; ".join(filter(None, [f"{size} are enough for a GPU", why])))
    match = re.fullmatch("cuda(?::(0|[1-9][0-9]{0,4}))?", name)
    if match is None:
        raise DeviceError(f"--device: unknown device '{name}'; valid: auto, cpu, cuda, cuda:N")
    if count == 0:
        raise DeviceError(f"--device: '{name}': {_no_gpu()}; valid: auto, cpu")
    number = match[1]
    if number and int(number) >= count:
        there = "is cuda:0 alone" if count == 1 else f"are cuda:0 to cuda:{count - 1}"
        raise DeviceError(f"--device: '{name}': there {there}")
    return Choice(torch.device("cuda", int(number) if number else torch.cuda.current_device()))


def resolve_device(name: str, multiplications: float) -> torch.device:
    """Return the device alone that `choose_device` chooses.

    Raises:
        DeviceError: there is no such device here.
    """
    return choose_device(name, multiplications).device


def _no_gpu() -> str:
    if torch.version.cuda is None and torch.version.hip is None:
        return "this build of torch is one without CUDA"
    return "no CUDA device here"


def prepare_thread(
    device: torch.device, threads: int | None, multiplications: float, *, tf32: bool = False
) -> int:
    """Set up the calling thread for training on a device.

    Args:
        device: as `choose_device` chose it.
        threads: for torch on the CPU; None chooses.
        multiplications: as `choose_device` takes them.
        tf32: whether a GPU may round the factors of float32 products to 10 bits.

    Returns:
        The number of threads that torch will use.
    """
    if device.type == "cuda":
        # What names no GPU, as freeing cached memory does, would else open a context on the first one.
        torch.cuda.set_device(device)
        # An environment may turn it on, as containers do: it makes every product wrong by about 3e-4.
        torch.backends.cuda.matmul.allow_tf32 = tf32
    # Decayed weights that pass through denormal numbers would slow a step down many times over.
    torch.set_flush_denormal(True)
    if threads is None and multiplications <= ONE_THREAD_STEP:
        threads = 1
    if threads is not None:
        torch.set_num_threads(threads)
    return torch.get_num_threads()


def reason(choice: Choice, threads: int | None, multiplications: float) -> str:
    """Return in a few words why a device and a number of threads were chosen.

    Args:
        choice: of the device.
        threads: as asked for, or None.
        multiplications: as `choose_device` takes them.
    """
    if choice.why:
        return choice.why
    size = in_millions(multiplications)
    if choice.device.type == "cpu" and threads is None and multiplications <= ONE_THREAD_STEP:
        return f"{size} are too few for more threads"
    return size


def in_millions(multiplications: float) -> str:
    """Return how large a step is, for people."""
    return f"{multiplications / 1e6:,.3g} million multiplications a step"


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
