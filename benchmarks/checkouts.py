"""How fast this checkout trains beside another one: headless runs of both in turn, on one machine.

    python benchmarks/checkouts.py OTHER [--rounds 5] [--compile on] [--preset NAME=STEPS ...]

OTHER is a directory that holds the other checkout, such as a worktree of an earlier commit. Both run under
this Python, so that libraries are the same. What counts are the medians of steps a second, as the runs report
them (the steps alone, without loading torch), and their ratio, this checkout over the other.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
# Long enough that what a run costs at its start is a small share.
PRESETS = {
    "linear101": 20_000,
    "linear101-eps": 20_000,
    "modadd-transformer": 1_000,
    "parity-grokking": 3_000,
}


def steps_per_second(checkout: Path, preset: str, steps: int, compiling: str) -> float:
    """Return the steps a second of one headless run of the code in `checkout`."""
    command = [sys.executable, "-m", "grok_tui", "--preset", preset, "--headless", "--json"]
    done = subprocess.run(
        [*command, "--compile", compiling, "--threads", "1", "--steps", str(steps)],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,  # claims of a shortened run need not hold
    )
    if not done.stdout:
        sys.exit(f"{checkout}: {done.stderr.strip()}")
    return float(json.loads(done.stdout)["timings"]["steps_per_second"])


def main() -> None:
    """Let both checkouts take turns, print each preset's medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", choices=("on", "off"), default="off")
    parser.add_argument("--preset", action="append", metavar="NAME=STEPS")
    asked = parser.parse_args()
    presets = dict(text.split("=") for text in asked.preset) if asked.preset else PRESETS
    print("| preset | other, steps/s | this, steps/s | ratio |\n|---|---|---|---|")
    for preset, steps in presets.items():
        speeds: dict[Path, list[float]] = {asked.other.resolve(): [], HERE.resolve(): []}
        for turn in range(asked.rounds):
            # Who is first alternates, so that a machine that slows down slows both.
            for checkout in list(speeds)[:: 1 if turn % 2 else -1]:
                speeds[checkout].append(steps_per_second(checkout, preset, int(steps), asked.compile))
        other, this = (statistics.median(found) for found in speeds.values())
        print(f"| {preset} | {other:.0f} | {this:.0f} | {this / other:.3f} |", flush=True)


if __name__ == "__main__":
    main()
