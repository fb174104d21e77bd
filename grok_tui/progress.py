"""What is said on stderr while a run goes on: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column
from rich.text import Text

from .numbers import duration, grouped, rate, short
from .output import narration_console

BAR_SECONDS = 0.25  # between two looks at the run; drawing takes time from training
LINE_SECONDS = 10.0


@dataclass(frozen=True)
class Standing:
    """How far a run has come.

    Attributes:
        steps: taken by all arms together, of `total`.
        arm: the arm that is furthest behind, with its losses at its last recorded step.
    """

    steps: int
    total: int
    arm: str
    train_loss: float
    val_loss: float


class Narration(Protocol):
    """Tells people how a run goes."""

    def due(self) -> bool:
        """Return whether it is time to show the run again."""
        ...

    def show(self, standing: Standing) -> None:
        """Show how far the run has come."""
        ...

    def say(self, line: str) -> None:
        """Say something once."""
        ...


def narration(name: str) -> LineNarration | BarNarration:
    """Return what suits stderr as it is, to be entered while there is something to tell."""
    console = narration_console()
    return BarNarration(name, console) if console.is_terminal else LineNarration(name, console)


class _Pace:
    """Counts time and steps from the first look at the run."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0
        self._origin: tuple[float, int] | None = None

    def due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True

    def figures(self, standing: Standing) -> tuple[float | None, float | None]:
        """Return steps per second and seconds left, None where it is too early to tell."""
        if self._origin is None:
            self._origin = (time.monotonic(), standing.steps)
        started, at = self._origin
        elapsed, taken = time.monotonic() - started, standing.steps - at
        if elapsed <= 0 or taken <= 0:
            return None, None
        return taken / elapsed, (standing.total - standing.steps) * elapsed / taken


class LineNarration:
    """A plain line every `LINE_SECONDS`."""

    def __init__(self, name: str, console: Console) -> None:
        self._name = name
        self._console = console
        self._pace = _Pace(LINE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def due(self) -> bool:
        """Return whether it is time for a line."""
        return self._pace.due()

    def show(self, standing: Standing) -> None:
        """Write a line."""
        speed, left = self._pace.figures(standing)
        parts = [f"{grouped(standing.steps)} of {grouped(standing.total)} steps"]
        if speed is not None and left is not None:
            parts += [f"{rate(speed)} steps/s", f"{duration(left)} left"]
        self.say(", ".join([*parts, _losses(standing)]))

    def say(self, line: str) -> None:
        """Write a line; a closed stderr must not end a run."""
        with suppress(OSError, ValueError):
            self._console.print(f"{self._name}: {line}", soft_wrap=True, markup=False)


class BarNarration(Progress):
    """A bar with a quiet line of losses beneath it, gone when the run ends."""

    def __init__(self, name: str, console: Console) -> None:
        self._pace = _Pace(BAR_SECONDS)
        self._losses = Text("", style="dim")
        super().__init__(
            TextColumn("{task.description}", style="bold", markup=False),
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            TextColumn("{task.fields[figures]}", markup=False),
            console=console,
            transient=True,
            expand=True,
            refresh_per_second=4,
        )
        self._task = self.add_task(name, total=None, figures="starting")

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the bar and the line beneath it."""
        yield self.make_tasks_table(self.tasks)
        yield self._losses

    def due(self) -> bool:
        """Return whether it is time to draw."""
        return self._pace.due()

    def show(self, standing: Standing) -> None:
        """Move the bar."""
        speed, left = self._pace.figures(standing)
        figures = f"{grouped(standing.steps)}/{grouped(standing.total)}"
        if speed is not None and left is not None:
            figures += f"  {rate(speed)} steps/s  {duration(left)} left"
        self._losses.plain = _losses(standing)
        self.update(self._task, total=standing.total, completed=standing.steps, figures=figures)

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        self.console.print(line, style="dim", markup=False)


def _losses(standing: Standing) -> str:
    return (
        f"{standing.arm}: train loss {short(standing.train_loss)}, val loss {short(standing.val_loss)}"
    )
