"""Check 1: every kind of step, on CPU, GPU and in a CUDA graph."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grok_tui.catalog.interventions import Jump, Reset
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.noise import Counted
from grok_tui.engine.steps.backends import Compiling

from .cases import NOT_EMULATED, Case, cases
from .effort import Effort
from .findings import Findings
from .problems import CPU, FEW_MEASURES, GPU, advance, arm_on, differing, one_thread, state_of

PROCESSES = 4
STEPS = 60
COMPARED_AT = 20
COMPARED_EARLY = 2
"""Where rounding may turn a step round: later, one such entry has moved all others."""

SIGNIFICANT = 1e-6
"""Share of the largest gradient below which an entry is rounding noise, which Adam makes whole steps of."""

FLOAT64_LIMIT, FLOAT32_LIMIT = 1e-9, 1e-3


def check(found: Findings, effort: Effort) -> None:
    """Train all kinds in several processes and take down what differs."""
    from .processes import together

    processes = 1 if effort.tiny else PROCESSES
    replicas = [1] if effort.short else [1, 3]
    left_out = NOT_EMULATED if effort.tiny else ()
    given = {"of": processes, "replicas": replicas, "left_out": left_out}
    shares = [{"index": i, **given} for i in range(processes)]
    seen = [entry for share in together("kinds:share", shares) for entry in share]
    if left_out:
        found.note("left out on an emulated device", ", ".join(left_out))
    found.none_of("trained without an error", [_told(e, "error") for e in seen if e["error"]], len(seen))
    trained = [entry for entry in seen if not entry["error"]]
    graphs = [_told(entry, "eager") for entry in trained if entry["eager"]]
    found.none_of("steps were a CUDA graph's", graphs, len(trained))
    other = [_told(entry, "differs") for entry in trained if entry["differs"]]
    found.none_of("graph = eager on the GPU, bit for bit", other, len(trained))
    for dtype, limit in (("float64", FLOAT64_LIMIT), ("float32", FLOAT32_LIMIT)):
        distances = {_name(entry): entry[dtype] for entry in trained if entry[dtype] is not None}
        distances = distances or {"none": float("nan")}
        worst = max(distances, key=lambda name: (np.isnan(distances[name]), distances[name]))
        found.at_most(f"CPU and GPU in {dtype}, worst: {worst}", distances[worst], limit)
    for what, off in draws().items():
        found.at_most(f"draws on the GPU, {what}, standard errors off", off, 5.0)


def _told(entry: dict[str, Any], key: str) -> str:
    return f"{_name(entry)}: {entry[key]}"


def _name(entry: dict[str, Any]) -> str:
    return f"{entry['case']} R={entry['replicas']}"


def share(index: int, of: int, replicas: list[int], left_out: list[str]) -> list[dict[str, Any]]:
    """Return what every `of`-th case comes to, from the one at `index` on; but some are left out."""
    one_thread()
    chosen = [case for case in cases()[index::of] if case.name not in left_out]
    return [compared(case, count) for case in chosen for count in replicas]


def compared(case: Case, replicas: int) -> dict[str, Any]:
    """Return what one case comes to: an error, why a graph was not taken, what differs, and by how much."""
    seen: dict[str, Any] = {"case": case.name, "replicas": replicas, "error": "", "eager": "", "differs": ""}
    seen |= {"float64": None, "float32": None}
    try:
        compiling = Compiling("on")
        preset = case.preset(replicas)
        eager, graph = (
            arm_on(preset, GPU, "off", FEW_MEASURES),
            arm_on(preset, GPU, "on", FEW_MEASURES, compiling),
        )
        for arm in (eager, graph):
            _trained(arm, replicas)
        seen["eager"] = "; ".join(compiling.problems)
        if not seen["eager"] and {made.backend for made in graph.backends} != {"cuda graph"}:
            seen["eager"] = f"made by {[made.backend for made in graph.backends]}"
        seen["differs"] = ", ".join(differing(state_of(eager), state_of(graph))[:4])
        if not case.draws and replicas == 1:
            for dtype in ("float64", "float32"):
                seen[dtype] = _distance(case, dtype)
    except Exception as error:
        traceback.print_exc()
        seen["error"] = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return seen


def _trained(arm: Arm, replicas: int) -> None:
    """Take an arm through chunks of several sizes, with interventions between them."""
    arm.watch()
    for goal in (3, 7, 16):
        advance(arm, goal)
    jump = {"action": "jump", "arm": "a", "at_step": 0}
    arm.intervene(Jump.model_validate(jump | {"norm": 0.01}))
    if replicas > 1:
        arm.intervene(Reset.model_validate({"action": "reset", "arm": "a", "at_step": 0, "replica": 1}))
    arm.intervene(Jump.model_validate(jump | {"of_next_steps": 2}))
    advance(arm, STEPS)


def _distance(case: Case, dtype: str) -> float:
    """Return how far theta on the GPU is from theta on the CPU, in units of how far it went.

    In float32 over the entries alone whose gradient is not rounding noise, at the start and at the end.
    """
    goal = COMPARED_EARLY if case.jumps else COMPARED_AT
    preset = case.preset(1, dtype=dtype, loss_dtype=dtype)
    here, there = (arm_on(preset, device, "off", FEW_MEASURES) for device in (CPU, GPU))
    start = _numbers(here)
    counts = _significant(here)
    for arm in (here, there):
        advance(arm, goal)
    if dtype == "float64":
        counts = np.ones_like(start, dtype=bool)
    else:
        counts &= _significant(here)
    moved = np.linalg.norm((_numbers(here) - start)[counts])
    return float(np.linalg.norm((_numbers(there) - _numbers(here))[counts]) / moved)


def _numbers(arm: Arm) -> NDArray[np.float64]:
    return arm.theta.detach().cpu().double().numpy().copy()  # on the CPU it would be theta itself


def _significant(arm: Arm) -> NDArray[np.bool_]:
    """Return of which entries of theta [R, P] the gradient over all samples is more than rounding noise."""
    with torch.no_grad():
        gradient, _ = arm._trainer._learner.gradient(arm.theta)
    size = gradient.abs()
    return (size > SIGNIFICANT * size.amax(-1, keepdim=True)).cpu().numpy()


def draws(count: int = 1 << 18) -> dict[str, float]:
    """Return by how many standard errors moments of what is drawn on the GPU are off, by what it is."""
    noise = Counted({name: torch.empty(1, count, device=GPU) for name in ("weight_noise", "keep")}, [3])
    noise.begin(1, 0.2)
    drawn = noise.block(2)
    normal, other = drawn["weight_noise"]
    noise.begin(1, 0.2)
    again = noise.block(1)["weight_noise"][0]
    share = (drawn["keep"][0] == 0).double().mean().item()
    together = (normal * other).double().mean().item()
    return {
        "mean": abs(normal.double().mean().item()) * count**0.5,
        "variance": abs(normal.double().var().item() - 1) * (count / 2) ** 0.5,
        "dropped": abs(share - 0.2) / (0.16 / count) ** 0.5,
        "two steps together": abs(together) * count**0.5,
        "the same step again": 0.0 if torch.equal(normal, again) else float("inf"),
    }
