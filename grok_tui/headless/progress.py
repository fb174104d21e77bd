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

from grok_tui.numbers import clock, grouped, rate, short
from grok_tui.output import narration_console
from grok_tui.printable import printable

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
    """Tells people how a run goes; it is entered while there is something to tell."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

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
    console, name = narration_console(), printable(name)
    return BarNarration(name, console) if console.is_terminal else LineNarration(name, console)


class Silence(Narration):
    """Tells nothing."""

    def due(self) -> bool:
        """Return that it never is."""
        return False

    def show(self, standing: Standing) -> None:
        """Show nothing."""

    def say(self, line: str) -> None:
        """Say nothing."""


class _Pace:
    """Counts the time since the run was first looked at, and when to look again."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._started: float | None = None
        self._next = 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if self._started is None:
            self._started = now
            self._next = now + self._seconds
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True

    def figures(self, standing: Standing) -> str:
        """Return the speed and the time left."""
        elapsed = time.monotonic() - (self._started or 0.0)
        left = (standing.total - standing.steps) * elapsed / max(1, standing.steps)
        return f"{rate(standing.steps / elapsed)} steps/s  {clock(left)} left"


class LineNarration(Narration):
    """A plain line every `LINE_SECONDS`."""

    def __init__(self, name: str, console: Console) -> None:
        self._name = name
        self._console = console
        self._pace = _Pace(LINE_SECONDS)

    def due(self) -> bool:
        """Return whether it is time for a line."""
        return self._pace.due()

    def show(self, standing: Standing) -> None:
        """Write a line."""
        steps = f"{grouped(standing.steps)} of {grouped(standing.total)} steps"
        self.say(f"{steps}  {self._pace.figures(standing)}  {_losses(standing)}")

    def say(self, line: str) -> None:
        """Write a line; a closed stderr must not end a run."""
        with suppress(OSError, ValueError):
            self._console.print(f"{self._name}: {printable(line)}", soft_wrap=True, markup=False)


class BarNarration(Progress):
    """A bar with a quiet line of losses beneath it, gone when the run ends."""

    def __init__(self, name: str, console: Console) -> None:
        self._pace = _Pace(BAR_SECONDS)
        self._losses = Text("", style="dim")
        super().__init__(
            TextColumn("{task.description}", style="bold", markup=False),
            BarColumn(
                bar_width=None,
                style="bright_black",
                complete_style="cyan",
                finished_style="cyan",
                pulse_style="bright_black",
                table_column=Column(ratio=1),
            ),
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
        steps = f"{grouped(standing.steps)}/{grouped(standing.total)}"
        figures = f"{steps}  {self._pace.figures(standing)}"
        self._losses.plain = _losses(standing)
        self.update(self._task, total=standing.total, completed=standing.steps, figures=figures)

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        with suppress(OSError, ValueError):
            self.console.print(printable(line), style="dim", markup=False)

    def stop(self) -> None:
        """Take the bar away, if there still is a terminal."""
        with suppress(OSError, ValueError):
            super().stop()


def _losses(standing: Standing) -> str:
    return f"{standing.arm}: train loss {short(standing.train_loss)}, val loss {short(standing.val_loss)}"
