"""Check 7: a replica comes out the same whether it trains alone or beside others, and others cost little."""

from __future__ import annotations

from statistics import median

import numpy as np
from numpy.typing import NDArray

from grok_tui.headless.bench import Effort as Turns
from grok_tui.headless.bench import measure
from grok_tui.headless.contestants import PROBLEMS, engine

from .effort import Effort
from .findings import Findings
from .problems import GPU, advance, arm_on, named, one_thread

COUNTS = {"linear101": 64, "MLP p=31": 8, "transformer p=59": 8}
STEPS, TINY_STEPS = 200, 20
LIMITS = {"float64": 1e-9, "float32": 1e-3}
LEAST_SHARE = 0.8


def check(found: Findings, effort: Effort) -> None:
    """Train replicas together and the first of them alone."""
    one_thread()
    for name, count in COUNTS.items():
        for dtype, limit in LIMITS.items():
            distance = _distance(name, 3 if effort.tiny else count, dtype, effort)
            found.at_most(f"{name}, {count} replicas against one, {dtype}", distance, limit)
    linear = PROBLEMS[0]
    builders = {
        "one": lambda: engine(linear, GPU, "on"),
        "many": lambda: engine(linear, GPU, "on", 4 if effort.tiny else linear.replicas),
    }
    _, many = measure(linear, builders, Turns(3, 0.4))
    found.fast("steps/s of 64 replicas of linear101 against one's", median(many.ratios), LEAST_SHARE)


def _distance(name: str, count: int, dtype: str, effort: Effort) -> float:
    """Return how far the first replica is from one trained alone, in units of how far it went."""
    steps = TINY_STEPS if effort.tiny else STEPS
    ends: list[NDArray[np.float64]] = []
    for replicas in (1, count):
        preset = named(name, effort.tiny, replicas=replicas, dtype=dtype, loss_dtype=dtype)
        arm = arm_on(preset, GPU, "on")
        start = arm.theta[0].cpu().double().numpy()
        advance(arm, steps)
        ends.append(arm.theta[0].cpu().double().numpy())
    alone, among = ends
    return float(np.linalg.norm(among - alone) / np.linalg.norm(alone - start))
