"""`grok-tui bench`: how many steps a second this machine takes, each way there is."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from grok_tui import interrupts
from grok_tui.errors import ExitCode
from grok_tui.interrupts import Interrupts
from grok_tui.output import complain, print_result, write_json

from .tables import PlainTable

if TYPE_CHECKING:
    from .contestants import Problem, Stretch


@dataclass
class Score:
    """What a contestant reached in each round, steps a second."""

    problem: str
    contestant: str
    rounds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    """To the plain loop of the same round."""


@dataclass(frozen=True)
class Effort:
    """How much to measure.

    Attributes:
        rounds: how often each contestant has its turn.
        seconds: how long a turn is.
    """

    rounds: int = 5
    seconds: float = 1.0


def bench(device_name: str, threads: int | None, effort: Effort, as_json: bool) -> int:
    """Measure, print a table or a JSON document, and return the exit code.

    Raises:
        GrokTuiError: there is no such device.
    """
    complain("loading torch")
    import torch

    from grok_tui.engine.run.device import describe, prepare_thread, resolve_device

    from .contestants import PROBLEMS, contestants

    device = resolve_device(
        device_name if device_name != "auto" or not torch.cuda.is_available() else "cuda", 0
    )
    count = prepare_thread(device, threads, 0)
    load = os.getloadavg()[0]
    scores: list[Score] = []
    with Interrupts() as stop:
        for problem in PROBLEMS:
            if stop.received is None:
                scores += measure(
                    problem, contestants(problem, device), effort, lambda: stop.received is not None
                )
    machine = {
        "device": describe(device),
        "machine": platform.machine(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": round(load, 2),
        "threads": count,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    _publish(scores, machine, effort, as_json)
    return ExitCode.AS_EXPECTED if stop.received is None else interrupts.exit_code(stop.received)


def measure(
    problem: Problem,
    builders: dict[str, Callable[[], Stretch]],
    effort: Effort,
    stopped: Callable[[], bool] = lambda: False,
) -> list[Score]:
    """Have contestants take turns, so that a machine that slows down slows all of them.

    Args:
        problem: what they train.
        builders: what makes each of them; the first is what the others are compared with. One that is not
            to be had here is left out, with a line that says why.
        effort: how much.
        stopped: asked between turns whether to leave it at that.
    """
    from .contestants import UnavailableError

    running: dict[str, Stretch] = {}
    for name, builder in builders.items():
        if stopped():
            return []
        complain(f"{problem.name}: {name}")
        try:
            running[name] = builder()
        except UnavailableError as error:
            complain(f"{problem.name}: {name}: left out: {error}")
            continue
        running[name](effort.seconds / 2)
    scores = {name: Score(problem.name, name) for name in running}
    for number in range(effort.rounds):
        complain(f"{problem.name}: round {number + 1} of {effort.rounds}")
        base = 0.0
        for name, stretch in running.items():
            if stopped():
                return [score for score in scores.values() if score.rounds]
            speed = stretch(effort.seconds)
            base = base or speed
            scores[name].rounds.append(speed)
            scores[name].ratios.append(speed / base)
    return list(scores.values())


def _publish(scores: list[Score], machine: dict[str, Any], effort: Effort, as_json: bool) -> None:
    if as_json:
        measured = [
            {
                "problem": score.problem,
                "contestant": score.contestant,
                "steps_per_second": median(score.rounds),
                "ratio": median(score.ratios),
                "rounds": score.rounds,
            }
            for score in scores
        ]
        write_json(json.dumps({"machine": machine, "scores": measured}, indent=2) + "\n")
        return
    table = PlainTable()
    table.add_column("problem", style="bold")
    table.add_column("steps taken by")
    table.add_column("steps/s", justify="right")
    table.add_column("ratio", justify="right")
    shown = ""
    for score in scores:
        speed = median(score.rounds)
        table.add_row(
            score.problem if score.problem != shown else "",
            score.contestant,
            f"{speed:,.0f}".replace(",", " ") if speed >= 100 else f"{speed:.1f}",
            f"{median(score.ratios):.2f}",
        )
        shown = score.problem
    note = (
        "own: by somebody who knows how, on the plain loop's network; the engine alone records; "
        f"medians of {effort.rounds} rounds; ratios to the plain loop of the same round; {machine['device']},"
        f" {machine['cores']} cores, load {machine['load']}, {machine['threads']} threads,"
        f" torch {machine['torch']}, Python {machine['python']}"
    )
    print_result(Group(table, Text(note, style="dim")))
