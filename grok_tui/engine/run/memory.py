"""Whether memory suffices, of a GPU or of the host, what would fit, and what it means that it ran out."""

from __future__ import annotations

import resource
from collections.abc import Iterable
from pathlib import Path

import torch

from grok_tui.errors import ExitCode, GrokTuiError
from grok_tui.presets import Preset
from grok_tui.presets.machine import physical_memory
from grok_tui.presets.model import computing_memory, memory_needed, recorded_memory

from .snapshot import DeviceMemory

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


class NoRoomError(GrokTuiError):
    """A run needs more memory than there is; in one line, with what would fit."""

    exit_code = ExitCode.DIVERGED


class LostError(Exception):
    """A run that made room for another and then found none for itself."""


def free_memory(device: torch.device) -> int:
    """Return the bytes that are free on a GPU for this process, or that the host has."""
    if device.type != "cuda":
        return physical_memory()
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + cached


def taken(device: torch.device) -> DeviceMemory:
    """Return how much of a GPU's memory is taken; nothing of nothing where it broke."""
    try:
        free, total = torch.cuda.mem_get_info(device)
    except RuntimeError:
        free, total = 0, 0
    return DeviceMemory(str(device), int(total - free), int(total))


def require_room(preset: Preset, device: torch.device, freed: int = 0) -> None:
    """Make sure that a device has the memory that a run needs, as far as that is known beforehand.

    Args:
        preset: of the run.
        device: where.
        freed: bytes that will be free besides, when the run is built.

    Raises:
        NoRoomError: it has not.
    """
    needed, there = needed_on(device, preset), free_memory(device) + freed
    if needed > there:
        lacking = f"task, model and replicas need about {sized(needed)} of memory on {device}"
        raise NoRoomError(f"{lacking}, where {sized(there)} are free; {fitting(preset, device, there)}")


def require_room_for_records(preset: Preset) -> None:
    """Make sure that the host has the memory for the records of a run that a GPU computes.

    Raises:
        NoRoomError: it has not.
    """
    needed, there = recorded_memory(preset), physical_memory()
    if needed > there:
        lacking = f"measures with axes need up to {sized(needed)} of the host's memory for their records"
        raise NoRoomError(f"{lacking}, where there are {sized(there)}; fewer arms or measures would fit")


def needed_on(device: torch.device, preset: Preset) -> float:
    """Return about how many bytes a run takes there; records lie on the host."""
    return computing_memory(preset) if device.type == "cuda" else memory_needed(preset)


def ran_out(preset: Preset, device: torch.device, error: BaseException) -> NoRoomError:
    """Return what to tell of a run that could not be built for want of memory, with what would fit."""
    # It was thought to fit: what needs half of that may well do.
    room = min(free_memory(device), needed_on(device, preset) / 2)
    return NoRoomError(f"{device}: {in_a_line(error)}; {fitting(preset, device, room)}")


def fitting(preset: Preset, device: torch.device, room: float) -> str:
    """Return which number of replicas, or else which batch size, would fit in so many bytes of a device."""
    found = []
    replicas = preset.training.replicas
    while replicas > 1 and needed_on(device, _with(preset, replicas=replicas)) > room:
        replicas //= 2
    if replicas < preset.training.replicas and needed_on(device, _with(preset, replicas=replicas)) <= room:
        found.append(f"--replicas {replicas}")
    batch = largest = max(arm.batch for arm in preset.arms)
    while batch > 1 and needed_on(device, _with(preset, batch_size=batch)) > room:
        batch //= 2
    if batch < largest and needed_on(device, _with(preset, batch_size=batch)) <= room:
        found.append(f"--set training.batch_size={batch}")
    if found:
        return f"this would fit: {' or '.join(found)}"
    return "fewer samples or a smaller network would be needed: measuring takes them all"


def sized(size: float) -> str:
    """Return a number of bytes for people."""
    return f"{size / 2**30:,.3g} GiB" if size >= 2**30 else f"{size / 2**20:,.3g} MiB"


def _with(preset: Preset, *, replicas: int | None = None, batch_size: int | None = None) -> Preset:
    """Return a preset with other numbers, unchecked."""
    arms = preset.arms
    if batch_size is not None:
        arms = [
            arm.model_copy(
                update={
                    "training": arm.training.model_copy(update={"batch_size": min(batch_size, arm.batch)})
                }
            )
            for arm in arms
        ]
    training = preset.training.model_copy(update={"replicas": replicas or preset.training.replicas})
    return preset.model_copy(update={"arms": arms, "training": training})


def held(devices: Iterable[torch.device]) -> int:
    """Return the bytes that this process holds: of these GPUs, or resident ones where they are none."""
    if any(device.type != "cuda" for device in devices):
        return resident_memory()
    return sum(torch.cuda.memory_reserved(device) for device in devices)


def resident_memory() -> int:
    """Return the bytes of memory that this process holds now, or at most held where only that is known."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()
