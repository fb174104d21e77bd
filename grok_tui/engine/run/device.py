"""Where a run is computed, and with how many threads."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch

from grok_tui.errors import GrokTuiError

from .gpus import emptiest, working

# Below this many multiplications a step, one CPU core is faster than launching kernels on a GPU.
SMALL_STEP = 20_000_000

# Below this many, one thread is faster than handing work to several: on a machine that does anything else
# besides, threads that wait for each other at every kernel take up to thirty times as long.
ONE_THREAD_STEP = 2_000_000_000


NAMES = "auto, cpu, cuda, cuda:N, all, or several GPUs as cuda:0,cuda:1"


class DeviceError(GrokTuiError):
    """There is no such device here."""


@dataclass(frozen=True)
class Choice:
    """The devices that a run is computed on: one, or several GPUs.

    Attributes:
        devices: the devices, of a GPU with its number; no two are the same.
        why: why these, in a few words.
    """

    devices: tuple[torch.device, ...]
    why: str = ""

    @property
    def device(self) -> torch.device:
        """The first of them."""
        return self.devices[0]


def choose_device(name: str, multiplications: float) -> Choice:
    """Return the devices that a name asks for, and why they were taken.

    Args:
        name: "auto", "cpu", "cuda", "cuda:1", several GPUs as "cuda:0,cuda:2", or "all" for all that
            work; "auto" takes one GPU that works and has room, where a step is large enough for one.
        multiplications: about how many a training step of the largest arm needs.

    Raises:
        DeviceError: there is no such device here.
    """
    cpu = torch.device("cpu")
    if name == "cpu":
        return Choice((cpu,))
    count = torch.cuda.device_count()
    if name == "auto":
        size = in_millions(multiplications)
        if count == 0:
            return Choice((cpu,))
        if multiplications <= SMALL_STEP:
            return Choice((cpu,), f"{size} are too few for a GPU")
        found, why = emptiest()
        if found is None:
            return Choice((cpu,), f"no GPU will do: {why}")
        return Choice((found,), "; ".join(filter(None, [f"{size} are enough for a GPU", why])))
    if name == "all" and count:
        return Choice(*_all_working())
    asked = name.split(",")
    for one in asked:
        if not re.fullmatch("cuda(?::(0|[1-9][0-9]{0,4}))?", one) and (one not in ("all", "cpu", "auto")):
            raise DeviceError(f"--device: unknown device '{one}'; valid: {NAMES}")
    if count == 0:
        raise DeviceError(f"--device: '{name}': {_no_gpu()}; valid: auto, cpu")
    there = "is cuda:0 alone" if count == 1 else f"are cuda:0 to cuda:{count - 1}"
    chosen: list[torch.device] = []
    for one in asked:
        if not one.startswith("cuda"):
            raise DeviceError(f"--device: '{name}': '{one}' stands alone; several are GPUs: there {there}")
        number = int(one.partition(":")[2] or torch.cuda.current_device())
        if number >= count:
            raise DeviceError(f"--device: '{name}': there {there}")
        if torch.device("cuda", number) in chosen:
            raise DeviceError(f"--device: '{name}': cuda:{number} is named twice; there {there}")
        chosen.append(torch.device("cuda", number))
    return Choice(tuple(chosen))


def _all_working() -> tuple[tuple[torch.device, ...], str]:
    """Return all GPUs that will do, and why the others do not.

    Raises:
        DeviceError: none will.
    """
    found, problems = working()
    if not found:
        raise DeviceError(f"--device: 'all': no GPU will do: {problems}; valid: auto, cpu")
    return found, problems


def resolve_device(name: str, multiplications: float) -> torch.device:
    """Return the one device that `choose_device` chooses.

    Raises:
        DeviceError: there is no such device here, or several are asked for.
    """
    devices = choose_device(name, multiplications).devices
    if len(devices) > 1:
        raise DeviceError(f"--device: '{name}': this is done on one device alone")
    return devices[0]


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


def describe(*devices: torch.device) -> str:
    """Return the name of one or more devices for people: of several of a kind, that of the kind."""
    names = [torch.cuda.get_device_name(one) if one.type == "cuda" else "cpu" for one in devices]
    return ", ".join(dict.fromkeys(names))
