"""Check 10: whether `--device auto` takes the faster device, and where the other one becomes it."""

from __future__ import annotations

import shutil
from typing import Any

import torch

from grok_tui.engine.run.device import prepare_thread, resolve_device
from grok_tui.headless.contestants import Problem, engine

from .effort import Effort
from .findings import Findings
from .problems import CPU, GPU, sums
from .processes import together

WIDTHS, TINY_WIDTHS = (16, 64, 256, 1024, 4096), (4, 8)
MODULI, TINY_MODULI = (23, 31, 43, 59, 83, 113), (5,)
FAMILIES = ("MLP", "transformer", "LayerNorm transformer")
MOST_LOST = 1.5
SECONDS = 0.4


def ladder(tiny: bool) -> list[Problem]:
    """Return problems of growing size, by families."""
    found = [
        Problem(f"MLP, {width} hidden", sums(31), mlp(width), "cross_entropy", 1)
        for width in (TINY_WIDTHS if tiny else WIDTHS)
    ]
    small = {"width": 8, "heads": 2} if tiny else {}
    transformer = {"name": "transformer", **small}
    for p in TINY_MODULI if tiny else MODULI:
        found.append(Problem(f"transformer, p = {p}", sums(p, 0.3), transformer, "cross_entropy", 1))
    normed = transformer | {"norm": "pre"}
    p = 5 if tiny else 43
    return [*found, Problem(f"LayerNorm transformer, p = {p}", sums(p, 0.3), normed, "cross_entropy", 1)]


def mlp(width: int) -> dict[str, Any]:
    """Return an MLP of one hidden layer."""
    return {"name": "mlp", "hidden": width, "activation": "quadratic"}


def multiplications(problem: Problem) -> float:
    """Return about how many a step needs, as `Preset.multiplications` has it."""
    spec = problem.arm(CPU).spec
    return 3.0 * spec.batch * spec.model.multiplications(spec.task.shape)


def check(found: Findings, effort: Effort) -> None:
    """Time every rung on both devices, alone, once all that has to be compiled is."""
    rungs = ladder(effort.tiny)
    mode = "on" if shutil.which("g++") and not effort.tiny else "off"
    found.note(
        "steps on the CPU", "compiled" if mode == "on" else "eager: there is no g++, or none is asked for"
    )
    if mode == "on":
        built = together("auto:built", [{"index": i} for i in range(len(rungs))])
        found.none_of("compiled for the CPU", [problem for problem in built if problem], len(rungs))
    faster: dict[str, list[tuple[float, bool]]] = {family: [] for family in FAMILIES}
    for problem in rungs:
        size = multiplications(problem)
        taken = resolve_device("auto", size).type
        speed = {device.type: timed(problem, device, mode, size) for device in (CPU, GPU)}
        lost = max(speed.values()) / speed[taken]
        told = f"{size:.3g} multiplications, CPU {speed['cpu']:,.0f}, GPU {speed['cuda']:,.0f} steps/s"
        found.note(problem.name, f"{told}, auto takes {taken}")
        found.quick(f"{problem.name}: lost by auto", lost, MOST_LOST, " x")
        faster[problem.name.partition(",")[0]].append((size, speed["cuda"] > speed["cpu"]))
    for family, seen in faster.items():
        first = next((size for size, gpu in sorted(seen) if gpu), None)
        found.note(
            f"{family}: the GPU is faster from",
            "nowhere" if first is None else f"{first:.3g} multiplications",
        )


def built(index: int) -> str:
    """Compile the steps of a rung for the CPU; return why that failed, or ""."""
    problem = ladder(False)[index]
    prepare_thread(CPU, None, multiplications(problem))
    try:
        engine(problem, CPU, "on")(0.01)
    except Exception as error:
        return f"{problem.name}: {error}"
    return ""


def timed(problem: Problem, device: torch.device, mode: str, size: float) -> float:
    """Return steps a second on a device, once warm."""
    prepare_thread(device, None, size)
    stretch = engine(problem, device, "on" if device.type == "cuda" else mode)
    stretch(SECONDS / 2)
    return stretch(SECONDS)
