"""Kill runs at random moments, take them up again, and compare their ends with runs that were never stopped.

python benchmarks/kills.py [KILLS]

Prints a table in Markdown. One lost checkpoint, one corrupt file or one other bit ends it with a traceback.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS / "functional"), str(TESTS / "unit")]

from kills import LINEAR, MLP, ONLINE, WARMUP, kill_and_resume  # noqa: E402  (of the tests)
from stages import Stage, kill_scene  # noqa: E402  (likewise)

KILLS = 500
LONGEST_LIFE = 0.6  # seconds; a run takes several lives, on a slow disk too

TRAINED = {
    "batches of 3, planned interventions": LINEAR,
    "MLP on sums, 2 replicas": MLP,
    "online data": ONLINE,
    "warm-up, planned interventions": WARMUP,
}
PLAYED = ("by hand", "fork", "past of a fork")


def main(kills: int) -> None:
    each = -(-kills // (len(TRAINED) + len(PLAYED)))
    print("| run | kills | runs brought to their end, same bits | lost checkpoints | seconds |")
    print("|---|---|---|---|---|")
    for name, preset in TRAINED.items():
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            seen = kill_and_resume(preset, Path(folder), each, longest=LONGEST_LIFE)
        seconds = time.monotonic() - started
        print(f"| {name} | {seen.kills} | {seen.finished} | {seen.lost} | {seconds:.0f} |", flush=True)
    for name in PLAYED:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            finished = kill_scene(Stage(name, Path(folder)), each, LONGEST_LIFE)
        print(f"| {name} | {each} | {finished} | 0 | {time.monotonic() - started:.0f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS)
