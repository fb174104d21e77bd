"""Check 11: the explorer in a real terminal, with the run in its own process and in a keeper's."""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from platformdirs import user_cache_path

from .ballast import free_memory, warmed_up
from .effort import Effort, allowed
from .findings import Findings
from .problems import GPU
from .processes import command, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terminal import Terminal

TESTS = Path(__file__).parents[2] / "tests" / "functional"
"""Where the terminal is that the explorer's tests have."""

SIZE = (120, 36)
TOTAL = 1_000_000_000
SHOWN = re.compile(rb"([\d ]*\d)[^\d/]*?(?:\x1b\[[\d;]*m)* / 1 000 000 000")
UNWANTED = ("Traceback", "Warning", "CUDA error", "Exception")
ARMS = (("a", "wd_3"), ("A", "wd_1"))
"""Keys, and the arm that the header names after each."""

KEYS, TINY_KEYS = 40, 6
WATCHED = 6.0  # seconds
REWINDING = 3.0  # seconds
HEADER, LATENCY, FIRST_GAP, GAP, LEAVING, FREED = 8.0, 0.1, 2.0, 0.3, 1.0, 2.0
SAME = 1 << 20  # bytes


def check(found: Findings, effort: Effort) -> None:
    """Open the explorer twice, look at it, press keys, and leave."""
    warmed_up()
    name = torch.cuda.get_device_name(GPU)
    look(found, "in the explorer's process", [], "q", name, effort)
    if effort.emulated is not None:
        found.note("with a keeper", "not checked: a keeper's process has no emulated device")
        return
    look(found, "with a keeper", ["--keep-running"], "Q", name, effort)


def look(found: Findings, what: str, options: list[str], leave: str, device: str, effort: Effort) -> None:
    """Take down what one explorer shows and how it leaves.

    Args:
        found: where to.
        what: this explorer, for people.
        options: of its command line.
        leave: the key that ends explorer and run.
        device: the device's name, of which the header may show the beginning alone.
        effort: how much to do.
    """
    sys.path.insert(0, str(TESTS))
    from terminal import Terminal, explorer_environment

    before = free_memory()
    sizes = ["--set", "task.p=7", "--set", "model.hidden=8"] if effort.tiny else []
    asked = ["--preset", "modadd-mlp", "--device", "cuda", "--steps", str(TOTAL), *sizes, *options]
    with tempfile.TemporaryDirectory() as home:
        around = explorer_environment(Path(home)) | {"XDG_CACHE_HOME": str(user_cache_path())}
        began = time.monotonic()
        with Terminal(command("grok-tui", *asked), size=SIZE, environment=environment(around)) as terminal:
            terminal.wait_for("running", device.split()[0], "iB", seconds=allowed(60))
            found.quick(f"{what}: a header with {device} and its memory", time.monotonic() - began, HEADER)
            gaps = [*gaps_between_steps(terminal, WATCHED)]
            found.quick(f"{what}: longest time between two snapshots, first chunks", max(gaps[:5]), FIRST_GAP)
            found.quick(f"{what}: longest time between two snapshots, later", max(gaps[5:]), GAP)
            found.quick(f"{what}: key to screen, p95", latency(terminal, effort), LATENCY)
            travel(terminal)
            began = time.monotonic()
            terminal.send(leave)
            code = terminal.wait_for_end(allowed(20))
            took = time.monotonic() - began
    found.require(f"{what}: exit code", code == 0, code, "0")
    found.quick(f"{what}: from '{leave}' to its end", took, LEAVING)
    seen = [text for text in UNWANTED if text in terminal.text]
    found.require(f"{what}: nothing but frames in the terminal", not seen, seen or "frames", "frames")
    if effort.emulated is None:
        time.sleep(FREED)
        left = before - free_memory()
        found.require(
            f"{what}: GPU memory free as before", left < SAME, f"{left / 2**20:.0f} MiB less", "none less"
        )


def gaps_between_steps(terminal: Terminal, seconds: float) -> Iterator[float]:
    """Yield the seconds between two headers that show other steps, for a while."""
    end = last = time.monotonic()
    end += seconds
    shown, read = b"", len(terminal.output)
    while time.monotonic() < end:
        terminal.read(0.005)
        found = SHOWN.findall(terminal.output, read)
        if found and found[-1] != shown:
            now = time.monotonic()
            yield now - last
            shown, last = found[-1], now
    yield time.monotonic() - last


def latency(terminal: Terminal, effort: Effort) -> float:
    """Return the 95th percentile of the seconds from a key to what it shows."""
    seconds = []
    for number in range(TINY_KEYS if effort.tiny else KEYS):
        key, shown = ARMS[number % len(ARMS)]
        pause = time.monotonic() + 0.15 + 0.05 * (number % 5)
        while time.monotonic() < pause:
            terminal.read(0.02)
        since, began = len(terminal.output), time.monotonic()
        terminal.send(key)
        terminal.wait_for(shown, since=since, seconds=allowed(20))
        seconds.append(time.monotonic() - began)
    return sorted(seconds)[max(0, round(0.95 * len(seconds)) - 1)]


def travel(terminal: Terminal) -> None:
    """Turn a knob, look back, go on from there, and let the run go on."""
    terminal.send("]")
    terminal.read(0.5)
    for _ in range(4):
        terminal.send("\x1b[D")
        terminal.read(0.2)
    for _ in range(2):  # it asks first
        terminal.send("\r")
        terminal.read(0.5)
    terminal.read(REWINDING)  # it then is paused; what of that word stood there before is not written again
    since = len(terminal.output)
    terminal.send(" ")
    terminal.wait_for("running", since=since, seconds=allowed(30))
