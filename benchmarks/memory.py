"""Memory of a long run: resident memory at every tenth of five million steps of linear101.

    python benchmarks/memory.py [--steps 5000000] [--arms adamw adamw_b10]

What a run records is bounded, so the memory at the end should be that at the first tenth.
"""

from __future__ import annotations

import argparse
import time

from grok_tui.engine.run.memory import resident_memory
from grok_tui.engine.run.run import Run
from grok_tui.presets import load


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--steps", type=int, default=5_000_000)
    options.add_argument("--arms", nargs="+", default=["adamw", "adamw_b10"])
    chosen = options.parse_args()
    preset = load("linear101", steps=chosen.steps)
    arms = [arm for arm in preset.arms if arm.name in chosen.arms]
    run = Run(preset.model_copy(update={"arms": arms, "claims": []}))
    started = time.perf_counter()
    print("| steps of each arm | resident MiB | rows recorded | seconds |\n|---|---|---|---|")
    for tenth in range(1, 11):
        goal = chosen.steps * tenth // 10
        while min(arm.step for arm in run.arms.values()) < goal:
            run.advance()
        rows = max(len(arm.history) for arm in run.arms.values())
        seconds = time.perf_counter() - started
        print(f"| {goal:,} | {resident_memory() / 2**20:.1f} | {rows} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
