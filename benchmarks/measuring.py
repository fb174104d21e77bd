"""What measuring costs: the share of the training thread's time that goes into the recorded steps of an arm.

    python benchmarks/measuring.py [--arm PRESET:ARM ...]

Times are those of the thread itself, so that other programs hardly touch the share. It prints a table in
Markdown.
"""

from __future__ import annotations

import argparse
import time

import torch

from grok_tui.engine.record.measuring import Measuring
from grok_tui.engine.run.run import Run
from grok_tui.presets import load

ARMS = ["linear101:sgd", "modadd-mlp:wd_1", "slingshot-hinge:many", "progress-measures:transformer"]


class Clock:
    """Times every call of `Measuring.take` while it is entered."""

    def __init__(self) -> None:
        self.calls = 0
        self.seconds = 0.0

    def __enter__(self) -> Clock:
        self._take = take = Measuring.take

        def timed(measuring: Measuring):
            began = time.thread_time()
            values = take(measuring)
            self.seconds += time.thread_time() - began
            self.calls += 1
            return values

        Measuring.take = timed
        return self

    def __exit__(self, *_: object) -> None:
        Measuring.take = self._take


def row(preset: str, name: str) -> str:
    """Train one arm of a preset to its end, eager; return its row of the table."""
    run = Run(load(preset), "cpu")
    arm = run.arms[name]
    with Clock() as clock:
        began = time.thread_time()
        while not arm.finished:
            arm.advance(arm.end - arm.step)
        total = time.thread_time() - began
    a_step = (total - clock.seconds) / arm.step
    return (
        f"| {preset}, {name} | {arm.step:,} | {clock.calls} | {100 * clock.seconds / total:.0f} %"
        f" | {clock.seconds / clock.calls / a_step:.1f} eager steps |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arm", action="append", metavar="PRESET:ARM")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print("| preset, arm | steps | measurements | share | one costs as much as |")
    print("|---|---|---|---|---|")
    for entry in chosen.arm or ARMS:
        preset, _, arm = entry.partition(":")
        print(row(preset, arm), flush=True)


if __name__ == "__main__":
    main()
