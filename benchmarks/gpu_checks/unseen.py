"""Check 14: what is said where there is a GPU, but this process may not see it."""

from __future__ import annotations

from .effort import EMULATED, Effort
from .findings import Findings
from .processes import grok_tui

HIDDEN = {"CUDA_VISIBLE_DEVICES": "", EMULATED: ""}
COMMAND = ("--preset", "linear101", "--headless", "--steps", "50")
USAGE = 2
VALID = "auto, cpu"


def check(found: Findings, _: Effort) -> None:
    """Ask for devices by several names."""
    done = grok_tui(*COMMAND, "--device", "auto", more=HIDDEN)
    fine = done.code in (0, 1) and " on cpu" in done.err
    found.require("auto", fine, f"exit code {done.code}, {_first(done.err)}", "a run on the CPU")
    for device in ("cuda", "cuda:7", "cuda:01"):
        done = grok_tui(*COMMAND, "--device", device, more=HIDDEN)
        said = [line for line in done.err.strip().splitlines() if line.strip()]
        fine = done.code == USAGE and VALID in done.err and "Traceback" not in done.err and len(said) == 1
        found.require(
            device, fine, f"exit code {done.code}, {said[-1:] or 'nothing'}", f"2, one line with {VALID}"
        )


def _first(text: str) -> str:
    return next((line for line in text.splitlines() if " on " in line), "")[:120]
