"""Check 16: a run that records and begins anew again and again takes no more memory in the end."""

from __future__ import annotations

import time

import torch

from grok_tui.engine.run.memory import resident_memory
from grok_tui.engine.worker import orders as ask

from .effort import Effort
from .findings import Findings
from .problems import GPU, named
from .running import begun, ended, trains

SECONDS, BETWEEN = 30.0, 5.0
MOST_MIB = 2.0


def check(found: Findings, effort: Effort) -> None:
    """Look at both kinds of memory before each restart."""
    between = 1.0 if effort.tiny else BETWEEN
    preset = named("MLP p=31", effort.tiny, record_every=10)
    runner = begun(preset)
    reserved, resident = [], []
    for _ in range(round(SECONDS / BETWEEN)):
        time.sleep(between)
        trains(runner)
        reserved.append(torch.cuda.memory_reserved(GPU) / 2**20)
        resident.append(resident_memory() / 2**20)
        runner.give(ask.Restart(preset=preset))
    failed = runner.snapshot.failure
    found.require(
        "it goes on", not ended(runner) and not runner.refusals, failed or list(runner.refusals), "running"
    )
    runner.close(10)
    for what, seen in (("memory_reserved", reserved), ("resident memory", resident)):
        found.note(f"{what}, MiB", ", ".join(f"{each:.1f}" for each in seen))
        grown = max(seen[2:]) - seen[1]
        found.quick(f"{what}, grown after the first restart, MiB", grown, MOST_MIB, "")
