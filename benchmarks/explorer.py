"""What the explorer costs and how fast it answers, in a real terminal, beside the same run without a screen.

    python benchmarks/explorer.py [--preset linear101] [--compile on] [--turns 4] [--rounds 3]
                                  [--one-core] [--soak MINUTES] [--json]

Speed is measured in turns of eight seconds: explorer and headless are both open, and one of them is paused at
any moment, so that both meet the same machine. The two seconds after a pause are not timed, in which more is
drawn, nor are early steps, which are measured more often. With
`--one-core` both have the same core, and this program another: where cores are taken away by others, a thread
that loses its own with the interpreter's lock in hand stops the other thread too, and that is not timed then.
Steps are eager, or compiled with `--compile on`; nothing is compiled while anything is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "functional"))
from platformdirs import user_cache_path
from terminal import Terminal, explorer_command, explorer_environment

STEPS = 1_000_000_000  # a run that does not end while it is looked at
# Steps of every arm before speed is timed: by then so few are measured that it makes no difference any more,
# which takes longer where a step costs less.
SETTLED = {"off": 10_000, "on": 100_000}
SIZE = (120, 36)
SETTLING, TURN = 2.0, 8.0  # seconds
HEADLESS = """
import sys, time
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.run.run import Run
from grok_tui.presets import load
run = Run(load(sys.argv[1], steps=int(sys.argv[3])), compiling=Compiling(sys.argv[2], False))
run.advance_together(int(sys.argv[4]))
while True:
    print(run.steps, flush=True)
    until = time.perf_counter() + 0.02
    while time.perf_counter() < until:
        run.advance()
"""


@contextmanager
def explorer(preset: str, mode: str, *options: str) -> Iterator[Terminal]:
    """Open the explorer in a terminal; it is trained at full speed."""
    with tempfile.TemporaryDirectory() as home:
        command = explorer_command("--preset", preset, "--steps", str(STEPS), "--compile", mode, *options)
        environment = explorer_environment(Path(home)) | {"XDG_CACHE_HOME": str(user_cache_path())}
        with Terminal(command, size=SIZE, environment=environment) as terminal:
            yield terminal
            if terminal.process.poll() is None:
                terminal.send("q")
                terminal.wait_for_end(10)


@dataclass
class Timed:
    """What is counted in turns, and for how long."""

    count: int = 0
    seconds: float = 0.0

    @contextmanager
    def turn(self, counted: Callable[[], int]) -> Iterator[None]:
        """Add what is counted meanwhile."""
        before, began = counted(), time.monotonic()
        yield
        after = counted()
        self.seconds += time.monotonic() - began
        self.count += after - before

    @property
    def rate(self) -> float:
        """What is counted in a second."""
        return self.count / self.seconds


def arms(preset: str) -> int:
    from grok_tui.presets import load

    return len(load(preset).arms)


@contextmanager
def headless(preset: str, mode: str) -> Iterator[tuple[int, Callable[[], int]]]:
    """Train without a screen; yield, once it is settled, the process and what tells the steps of all arms."""
    with tempfile.NamedTemporaryFile("w+") as said:
        command = [sys.executable, "-c", HEADLESS, preset, mode, str(STEPS), str(SETTLED[mode])]
        with subprocess.Popen(command, stdout=said, stderr=subprocess.PIPE) as process:

            def steps() -> int:
                if process.poll() is not None:
                    raise SystemExit(process.stderr.read().decode())
                return int(Path(said.name).read_text().rpartition("\n")[0].rpartition("\n")[2] or 0)

            while not steps():
                time.sleep(0.1)
            try:
                yield process.pid, steps
            finally:
                process.kill()


def newest(terminal: Terminal, since: int = 0) -> int:
    """Return the step that the latest header shows; -1 if there is none."""
    pattern = re.compile(rb"([\d ]*\d)[^\d/]*?(?:\x1b\[[\d;]*m)* / 1 000 000 000")
    found = list(pattern.finditer(terminal.output, since))
    return int(found[-1][1].replace(b" ", b"")) if found else -1


def steps_shown(terminal: Terminal) -> int:
    """Wait for the next header; return the step that it shows."""
    since, end = len(terminal.output), time.monotonic() + 30
    while (steps := newest(terminal, since)) < 0:
        if time.monotonic() > end:
            raise AssertionError(f"no header: {terminal.text[-500:]!r}")
        terminal.read(0.005)
    return steps


def speeds_and_bytes(preset: str, mode: str, turns: int, one_core: bool) -> tuple[float, float, float]:
    """Return steps a second of all arms in the explorer and headless, and the explorer's bytes a second."""
    cores = sorted(os.sched_getaffinity(0))
    if one_core:  # as what is started from here on
        os.sched_setaffinity(0, cores[:1])
    with explorer(preset, mode) as terminal, headless(preset, mode) as (other, steps):
        os.sched_setaffinity(0, cores[1:] if one_core else cores)
        os.kill(other, signal.SIGSTOP)
        terminal.wait_for("running", "left")
        while steps_shown(terminal) < SETTLED[mode]:
            terminal.read(0.05)
        terminal.send(" ")
        terminal.read(SETTLING)
        explored, alone, written = Timed(), Timed(), Timed()
        for _ in range(turns):
            terminal.send(" ")
            terminal.read(SETTLING)
            with explored.turn(lambda: steps_shown(terminal)), written.turn(lambda: len(terminal.output)):
                terminal.read(TURN)
            terminal.send(" ")
            terminal.read(SETTLING)
            os.kill(other, signal.SIGCONT)
            terminal.read(SETTLING)
            with alone.turn(steps):
                terminal.read(TURN)
            os.kill(other, signal.SIGSTOP)
        os.sched_setaffinity(0, cores)
        return explored.rate * arms(preset), alone.rate, written.rate


def latencies(preset: str, mode: str, keys: list[tuple[str, str]], count: int) -> list[float]:
    """Return the seconds from a key to what it shows, while training at full speed; keys come in turns."""
    found = []
    with explorer(preset, mode) as terminal:
        terminal.wait_for("running", "left")
        terminal.read(2)
        for number in range(count):
            key, shown = keys[number % len(keys)]
            pause = time.monotonic() + 0.15 + 0.05 * (number % 5)
            while time.monotonic() < pause:
                terminal.read(0.02)
            since, began = len(terminal.output), time.monotonic()
            terminal.send(key)
            while shown.encode() not in terminal.output[since:]:
                terminal.read(0.001)
                if time.monotonic() > began + 5:
                    raise AssertionError(f"'{key}' never shows '{shown}'")
            found.append(time.monotonic() - began)
    return found


def cpu_seconds(pids: list[int]) -> float:
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children), *helpers(pid)]


def helpers(pid: int) -> list[int]:
    """Return the children that other threads of a process have started."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        if task.name != str(pid):
            found += map(int, (task / "children").read_text().split())
    return found


def memory(pids: list[int]) -> int:
    """Return the resident bytes of processes."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE")


def paused_cpu(preset: str, mode: str, seconds: float) -> float:
    """Return the share of a core that the paused explorer uses."""
    with explorer(preset, mode) as terminal:
        since = terminal.wait_for("running", "left")
        terminal.send(" ")
        terminal.wait_for("paused", since=since)
        terminal.read(3)
        pids = family(terminal.process.pid)
        began, spent = time.monotonic(), cpu_seconds(pids)
        while time.monotonic() < began + seconds:
            terminal.read(0.2)
        return (cpu_seconds(pids) - spent) / (time.monotonic() - began)


def first_frame(preset: str, mode: str) -> tuple[float, bool]:
    """Return the seconds until the first frame stands, and whether torch was loaded by then."""
    began = time.monotonic()
    with explorer(preset, mode) as terminal:
        terminal.wait_for("grok-tui", "quit")
        seconds = time.monotonic() - began
        loaded = "libtorch" in Path(f"/proc/{terminal.process.pid}/maps").read_text()
        terminal.wait_for("running")
        return seconds, loaded


def quit_time(preset: str, mode: str) -> float:
    """Return the seconds from the key to the end of the process, while training."""
    with explorer(preset, mode) as terminal:
        terminal.wait_for("running", "left")
        terminal.read(2)
        began = time.monotonic()
        terminal.send("q")
        terminal.wait_for_end(10)
        return time.monotonic() - began


def soak(preset: str, mode: str, minutes: float) -> list[tuple[float, int]]:
    """Return (minute, resident bytes) while the explorer draws as often as it can."""
    found = []
    with explorer(preset, mode, "--set", "training.record_every=5") as terminal:
        terminal.wait_for("running", "left")
        began = time.monotonic()
        while (passed := (time.monotonic() - began) / 60) < minutes:
            found.append((passed, memory(family(terminal.process.pid))))
            print(f"{passed:6.1f} min  {found[-1][1] / 2**20:8.1f} MiB", file=sys.stderr)
            until = time.monotonic() + max(2.0, minutes)
            while time.monotonic() < until:
                terminal.read(0.5)
                terminal.output = terminal.output[-4096:]
    return found


def p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="linear101")
    parser.add_argument("--turns", type=int, default=4, help="of eight seconds, for each of the two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--compile", default="off", choices=["off", "on"], help="of training steps, in all parts"
    )
    parser.add_argument("--one-core", action="store_true", help="explorer and headless on the same one")
    parser.add_argument("--speed-only", action="store_true", help="compare with headless and no more")
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    preset, mode = options.preset, options.compile
    if options.soak:
        course = soak(preset, mode, options.soak)
        settled = [size for minute, size in course if minute >= options.soak / 6]
        growth = (settled[-1] - settled[0]) / 2**20
        print(f"memory {settled[-1] / 2**20:.1f} MiB, {growth:+.1f} MiB after the first sixth")
        return
    rounds = [speeds_and_bytes(preset, mode, options.turns, options.one_core) for _ in range(options.rounds)]
    shown, alone, wire = zip(*rounds, strict=True)
    ratios = [one / other for one, other in zip(shown, alone, strict=True)]
    if options.speed_only:
        print(f"headless {statistics.median(alone):.4g} steps/s, explorer {statistics.median(shown):.4g}")
        print(f"explorer / headless {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
        return
    selecting = latencies(preset, mode, [("a", "momentum"), ("A", "sgd")], 60)
    steering = latencies(preset, mode, [("]", "0.178"), ("[", "0.1")], 60)
    frames = [first_frame(preset, mode) for _ in range(options.rounds)]
    quits = [quit_time(preset, mode) for _ in range(options.rounds)]
    results = {
        "headless steps/s": statistics.median(alone),
        "explorer steps/s": statistics.median(shown),
        "explorer / headless": statistics.median(ratios),
        "key to screen p50 ms": 1e3 * statistics.median(selecting),
        "key to screen p95 ms": 1e3 * p95(selecting),
        "knob through the trainer p50 ms": 1e3 * statistics.median(steering),
        "knob through the trainer p95 ms": 1e3 * p95(steering),
        "KiB/s on the wire": statistics.median(wire) / 1024,
        "paused CPU % of a core": 100 * paused_cpu(preset, mode, 10.0),
        "first frame s": statistics.median(seconds for seconds, _ in frames),
        "torch loaded before the first frame": any(loaded for _, loaded in frames),
        "quit s": statistics.median(quits),
    }
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        for name, value in results.items():
            print(f"{name:<38}{value if isinstance(value, bool) else format(value, '.4g'):>12}")


if __name__ == "__main__":
    main()
