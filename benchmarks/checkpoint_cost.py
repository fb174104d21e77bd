"""What keeping a run costs: the same run with and without a folder, side by side, at the default cadence.

    python benchmarks/checkpoint_cost.py [--seconds 65] [--preset linear101 ...]

The two take turns of a second, so that a machine that slows down slows both. Besides the ratio of their
speeds it prints the share of time that went into checkpoints, which noise does not touch.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

from grok_tui.engine.run.run import Run
from grok_tui.engine.store.store import create
from grok_tui.presets import load

TURN = 1.0  # seconds


def turn(run: Run, between) -> tuple[int, float]:
    """Train for a turn; return steps and seconds."""
    before, started = run.steps, time.perf_counter()
    while time.perf_counter() - started < TURN:
        run.advance()
        between()
    return run.steps - before, time.perf_counter() - started


def compare(name: str, seconds: float) -> None:
    preset = load(name, steps=10**9)
    plain, kept = Run(preset, "cpu"), Run(preset, "cpu")
    with tempfile.TemporaryDirectory() as folder:
        store = create(kept, name, at=Path(folder) / "run")
        spent: list[float] = []

        def keep() -> None:
            if store.due:
                started = time.perf_counter()
                if not store.checkpoint():
                    raise SystemExit(store.problem)
                spent.append(time.perf_counter() - started)

        totals = {"plain": [0, 0.0], "kept": [0, 0.0]}
        while totals["kept"][1] < seconds:
            for contestant, run, between in (("plain", plain, lambda: None), ("kept", kept, keep)):
                steps, took = turn(run, between)
                totals[contestant][0] += steps
                totals[contestant][1] += took
        speeds = {contestant: steps / took for contestant, (steps, took) in totals.items()}
        size = store.directory.size() / 1e6
        store.close()
    cost = 1 - speeds["kept"] / speeds["plain"]
    share = sum(spent) / totals["kept"][1]
    print(
        f"{name}: {speeds['plain']:.0f} steps/s alone, {speeds['kept']:.0f} kept ({100 * cost:+.1f} % cost);"
        f" {len(spent)} checkpoints of {1000 * sum(spent) / max(1, len(spent)):.0f} ms,"
        f" {100 * share:.2f} % of the time; {size:.1f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=65.0)
    parser.add_argument("--preset", action="append")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.preset or ["linear101", "linear101-batch-noise"]:
        compare(name, arguments.seconds)


if __name__ == "__main__":
    main()
