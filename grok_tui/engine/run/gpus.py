"""The GPUs of this machine: which one has room and works."""

from __future__ import annotations

import shutil
import subprocess

import torch

from .memory import in_a_line

LEAST_FREE = 256 * 2**20
"""Bytes that have to be free on a GPU that is taken unasked."""

ASK_SECONDS = 5.0
"""How long `nvidia-smi` may take; it waits for GPUs that are just waking up."""


def emptiest() -> tuple[torch.device | None, str]:
    """Return the GPU that has the most memory free among those that work, and why this one.

    Each GPU that is tried, in that order, is given a context of this process, which takes some hundred
    megabytes of it; the others are left alone where the driver can be asked for their memory.

    Returns:
        The GPU, or None where none will do; and a few words.
    """
    count = torch.cuda.device_count()
    told = told_free() if count > 1 else {}
    order = sorted(range(count), key=lambda index: -told.get(index, _free(index) if not told else 0))
    problems: list[str] = []
    for index in order:
        problem = _problem(index)
        if problem is None:
            most = f"cuda:{index} has the most memory free" if count > 1 else ""
            return torch.device("cuda", index), "; ".join([*problems, *filter(None, [most])])
        problems.append(f"cuda:{index}: {problem}")
    return None, "; ".join(problems)


def working() -> tuple[tuple[torch.device, ...], str]:
    """Return all GPUs that work and have some room, and in a few words why the others will not do.

    Each is given a context of this process, as `emptiest` says.
    """
    problems = {index: _problem(index) for index in range(torch.cuda.device_count())}
    found = tuple(torch.device("cuda", index) for index, problem in problems.items() if problem is None)
    return found, "; ".join(f"cuda:{index}: {problem}" for index, problem in problems.items() if problem)


def told_free() -> dict[int, int]:
    """Return the bytes that the driver tells are free, by GPU; nothing where it cannot be asked.

    Asked in this way, it opens no context on any of them.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return {}
    command = [program, "--query-gpu=uuid,memory.free", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_SECONDS, check=True)
        rows = [line.split(",") for line in done.stdout.splitlines() if line.strip()]
        free = {uuid.strip().removeprefix("GPU-"): int(mebibytes) * 2**20 for uuid, mebibytes in rows}
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    # The driver counts all GPUs, torch those that CUDA_VISIBLE_DEVICES shows, in an order of its own.
    known = {index: _uuid(index) for index in range(torch.cuda.device_count())}
    return {index: free[uuid] for index, uuid in known.items() if uuid in free}


def _uuid(index: int) -> str:
    return str(getattr(torch.cuda.get_device_properties(index), "uuid", "")).removeprefix("GPU-")


def _free(index: int) -> int:
    try:
        return int(torch.cuda.mem_get_info(index)[0])
    except RuntimeError:
        return 0


def _problem(index: int) -> str | None:
    """Return why a GPU will not do, in a few words, or None."""
    try:
        free = torch.cuda.mem_get_info(index)[0]
        if free < LEAST_FREE:
            return f"only {free / 2**20:,.0f} MiB are free"
        # A GPU that this build of torch has no kernels for shows that at the first one.
        if int((torch.zeros(1, device=torch.device("cuda", index)) + 1).item()) != 1:
            return "it computes wrongly"
    except RuntimeError as error:
        return in_a_line(error)
    return None
