"""The worker thread: trains while others look on and give orders.

Orders go in by a queue that is drained between chunks; what is seen goes out by a slot that holds the latest
`Snapshot`. Training never waits for whoever looks, and whoever looks never waits for training. This module
imports torch only inside the thread, so that a screen can stand before torch is there.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from grok_tui.presets import Preset

from .snapshot import Snapshot, State

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention

    from .run import Run
    from .verdicts import JudgedClaim

Order = Callable[["Run"], None]

PUBLISH_SECONDS = 0.05
JUDGE_SECONDS = 0.5


@dataclass
class _Clock:
    """Measures the speed over about a second."""

    marks: deque[tuple[float, int]] = field(default_factory=deque)

    def speed(self, steps: int) -> float:
        now = time.perf_counter()
        self.marks.append((now, steps))
        while len(self.marks) > 2 and now - self.marks[0][0] > 1.0:
            self.marks.popleft()
        (first, before), (last, after) = self.marks[0], self.marks[-1]
        return (after - before) / (last - first) if last > first else 0.0


class Runner:
    """A run in a daemon thread of its own.

    Args:
        preset: what to carry out.
        device: as `Run` takes it.
        threads: likewise.
        pace: steps a second to hold every arm to, or None for full speed.
        paused: whether to wait for `resume` before the first step.
    """

    def __init__(
        self,
        preset: Preset,
        *,
        device: str = "auto",
        threads: int | None = None,
        pace: float | None = None,
        paused: bool = False,
    ) -> None:
        self._preset = preset
        self._options: dict[str, Any] = {"device": device, "threads": threads}
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._snapshot = Snapshot(State.LOADING, preset=preset, pace=pace)
        self._pace = pace
        self._paused = paused
        self._closing = False
        self._due = 0.0
        self._judged_at = 0.0
        self._published_at = 0.0
        self._claims: tuple[JudgedClaim, ...] = ()
        self._clock = _Clock()
        self.refusals: deque[str] = deque(maxlen=16)
        """Orders that could not be carried out, in one line each; whoever shows them takes them out."""
        self._thread = threading.Thread(target=self._work, name="trainer", daemon=True)

    def start(self) -> None:
        """Start the thread; torch is imported there."""
        self._thread.start()

    @property
    def snapshot(self) -> Snapshot:
        """The latest snapshot."""
        return self._snapshot

    def pause(self) -> None:
        """Stop after the chunk at work."""
        self._order(lambda _: self._set_paused(True))

    def resume(self) -> None:
        """Go on; a run that has reached its end goes on to twice its steps."""

        def go_on(run: Run) -> None:
            if run.finished:
                run.extend()
            self._set_paused(False)

        self._order(go_on)

    def step(self, steps: int = 1) -> None:
        """Pause, and take that many steps of every arm."""

        def take(run: Run) -> None:
            self._set_paused(True)
            if run.finished:
                run.extend(1 + steps / max(1, max(arm.step for arm in run.arms.values())))
            run.advance_together(steps)

        self._order(take)

    def set_pace(self, pace: float | None) -> None:
        """Hold every arm to that many steps a second, or to none for full speed."""

        def change(_: Run) -> None:
            self._pace, self._due = pace, 0.0

        self._order(change)

    def intervene(self, arm: str, intervention: AnyIntervention) -> None:
        """Carry out an intervention on an arm at once; `at_step` and `arm` of it are filled in."""

        def carry_out(run: Run) -> None:
            run.arms[arm].intervene(intervention)

        self._order(carry_out)

    def restart(self, preset: Preset) -> None:
        """Begin anew with this preset: the same for the same start, with another seed for another one."""

        def begin(run: Run) -> None:
            self._preset = preset
            run.restart(preset)
            self._clock = _Clock()
            self._claims, self._judged_at = (), 0.0

        self._order(begin)

    def do(self, order: Order) -> None:
        """Have anything done to the run between two chunks, in the worker's thread."""
        self._order(order)

    def close(self, timeout: float = 0.8) -> bool:
        """End the thread after the chunk at work; return whether it ended within `timeout` seconds."""
        self._closing = True
        self._orders.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _order(self, order: Order) -> None:
        self._orders.put(order)

    def _set_paused(self, paused: bool) -> None:
        self._paused, self._due = paused, 0.0

    def _work(self) -> None:
        try:
            from .run import Run

            run = Run(self._preset, **self._options)
            for arm in run.arms.values():
                arm.watch_coordinates()
            self._publish(run, self._state(run))
            while not self._closing:
                self._obey(run)
                if self._closing:
                    break
                if not self._paused and not run.finished:
                    self._advance(run)
                if time.perf_counter() - self._published_at > PUBLISH_SECONDS:
                    self._publish(run, self._state(run))
            self._publish(run, State.CLOSED)
        except Exception as error:
            line = " ".join(str(error).split()) or type(error).__name__
            self._snapshot = replace(
                self._snapshot,
                state=State.FAILED,
                version=self._snapshot.version + 1,
                failure=line,
                details=traceback.format_exc(),
            )

    def _state(self, run: Run) -> State:
        if run.finished:
            return State.FINISHED
        return State.PAUSED if self._paused else State.RUNNING

    def _obey(self, run: Run) -> None:
        """Carry out the orders that wait; with nothing to train, wait for one."""
        idle = self._paused or run.finished
        if idle and self._orders.empty():
            self._publish(run, self._state(run))
        while True:
            try:
                order = self._orders.get(block=idle, timeout=None)
            except queue.Empty:
                return
            if order is None:
                self._closing = True
                return
            try:
                order(run)
            except ValueError as error:
                self.refusals.append(" ".join(str(error).split()))
            self._publish(run, self._state(run))
            idle = (self._paused or run.finished) and self._orders.empty()

    def _advance(self, run: Run) -> None:
        if self._pace is None:
            run.advance()
            return
        # Several steps a tick above 20 a second, so that slow motion costs little.
        steps = max(1, round(self._pace * PUBLISH_SECONDS))
        wait = self._due - time.perf_counter()
        if wait > 0:
            time.sleep(min(wait, PUBLISH_SECONDS))
            return
        self._due = max(self._due, time.perf_counter() - PUBLISH_SECONDS) + steps / self._pace
        run.advance_together(steps)

    def _publish(self, run: Run, state: State) -> None:
        now = time.perf_counter()
        settled = state is not State.RUNNING
        if settled or now - self._judged_at > JUDGE_SECONDS:
            self._claims = tuple(run.judge())
            self._judged_at = time.perf_counter()
        speed = self._clock.speed(run.steps)
        self._snapshot = Snapshot(
            state=state,
            version=self._snapshot.version + 1,
            preset=run.preset,
            arms=tuple(arm.status() for arm in run.arms.values()),
            claims=self._claims,
            device=run.device_name,
            threads=run.threads,
            steps_per_second=speed,
            seconds_left=(run.total - run.steps) / speed if speed > 0 else None,
            pace=self._pace,
            memory=run.memory(),
        )
        self._published_at = time.perf_counter()
