"""Check 0: what the machine is, and whether its GPU can be used at all."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version

from .effort import Effort
from .findings import Findings, NoGpuError

LEAST_FREE = 2 << 30
VARIABLES = ("CUDA_VISIBLE_DEVICES", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "NVIDIA_TF32_OVERRIDE")


def check(found: Findings, effort: Effort) -> None:
    """Take down versions and the device, and have it multiply."""
    import torch

    found.note("torch", f"{torch.__version__}, made for CUDA {torch.version.cuda}")
    found.note("Python", f"{platform.python_version()} on {platform.platform()}")
    found.note("machine", f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    found.note("driver", driver())
    for name in VARIABLES:
        found.note(name, os.environ.get(name, "not set"))
    installed = installed_version()
    found.require(
        "grok-tui", bool(installed), installed or "not installed", "installed, not a checkout alone"
    )
    if not torch.cuda.is_available():
        why = "torch is a CPU build" if torch.version.cuda is None else "torch sees no CUDA device"
        raise NoGpuError(why)
    for index in range(torch.cuda.device_count()):
        found.note(f"cuda:{index}", described(index))
    square = torch.arange(64.0).reshape(8, 8)
    there = (square.to("cuda") @ square.to("cuda")).cpu()
    found.require("a product on it", torch.equal(there, square @ square), there.sum().item(), "as on the CPU")
    free = torch.cuda.mem_get_info(0)[0]
    least = LEAST_FREE if effort.emulated is None else 0
    found.require("free memory", free >= least, f"{free / 2**30:.2f} GiB", f">= {least / 2**30:.0f} GiB")


def installed_version() -> str:
    """Return the version of the installed package, or "" where there is only a checkout."""
    try:
        return version("grok-tui")
    except PackageNotFoundError:
        return ""


def described(index: int) -> str:
    """Return name, capability and memory of a GPU."""
    import torch

    free, total = torch.cuda.mem_get_info(index)
    major, minor = torch.cuda.get_device_capability(index)
    name = torch.cuda.get_device_name(index)
    return f"{name}, capability {major}.{minor}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free"


def driver() -> str:
    """Return the version of NVIDIA's driver, as its own tool says."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "not known: there is no nvidia-smi"
    query = [tool, "--query-gpu=driver_version", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else done.stderr.strip()
