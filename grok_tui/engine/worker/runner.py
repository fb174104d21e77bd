"""The worker thread: trains while others look on and give orders.

Orders go in by a queue that is drained between chunks; what is seen goes out by a slot that holds the latest
`Snapshot`. Training never waits for whoever looks, and whoever looks never waits for training. This module
imports torch only inside the thread, so that a screen can stand before torch is there.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grok_tui.catalog.base import LARGEST_COUNT
from grok_tui.engine.arm.forks import Fork, check_room
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.presets import Preset

from .opening import Anew, Opening
from .orders import End, ForkArm, GoOn, Intervene, Order, Pause, Restart, Rewind, SetPace, Stay, Step
from .refusing import GPU_BROKE, broken, line_of, refusal

if TYPE_CHECKING:
    from grok_tui.engine.record.judging import Judging
    from grok_tui.engine.run.run import Run
    from grok_tui.engine.store.directory import Ended
    from grok_tui.engine.store.store import Store

    from .travel import Journey, Trail

PUBLISH_SECONDS = 0.05


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
        preset: what is carried out.
        opening: where the run comes from; by default it is that preset's from the beginning.
        pace: steps a second to hold every arm to, or None for full speed.
        paused: whether to wait for `resume` before the first step.
    """

    def __init__(
        self,
        preset: Preset,
        opening: Opening | None = None,
        *,
        pace: float | None = None,
        paused: bool = False,
    ) -> None:
        self._opening = opening or Anew(preset)
        self._store: Store | None = None
        self._journey: Journey | None = None
        self._cancelled = False
        self._epoch = 0
        self._trail: Trail
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._snapshot = Snapshot(State.LOADING, preset=preset, pace=pace)
        self._pace = pace
        self._paused = paused
        self._closing = False
        self._due = 0.0
        self._published_at = 0.0
        self._halted: dict[str, str] = {}
        self._judging: Judging
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

    @property
    def waiting(self) -> int:
        """How many orders wait."""
        return self._orders.qsize()

    def give(self, order: Order) -> None:
        """Have an order carried out between two chunks; one to stay or to end is not kept waiting."""
        if isinstance(order, Stay):
            self._cancelled = True
        else:
            self._closing |= isinstance(order, End)
            self._orders.put(order)

    def close(self, timeout: float = 0.8) -> bool:
        """End the thread after the chunk at work; return whether it ended within `timeout` seconds."""
        self.give(End())
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def end(self, timeout: float) -> bool:
        """As `close`: without whoever looks a run in a thread does not go on."""
        return self.close(timeout)

    def _carry_out(self, order: Order, run: Run) -> None:
        """Do what was asked.

        Raises:
            ValueError: the run as it stands does not allow it.
            GrokTuiError: likewise.
            Exception: it failed; if there is no memory for it, as torch and Python say so.
        """
        match order:
            case Pause():
                self._set_paused(True)
            case GoOn():
                if run.finished:
                    run.extend()
                self._set_paused(False)
            case Step(steps=steps):
                self._set_paused(True)
                if run.finished:
                    run.extend(1 + steps / max(1, max(arm.step for arm in run.arms.values())))
                self._take(run, steps)
            case SetPace(pace=pace):
                self._pace, self._due = pace, 0.0
            case Intervene(intervention=intervention):
                _require_arm(run, intervention.arm)
                if intervention.arm in run.halted:
                    raise ValueError(f"{run.halted[intervention.arm]}; return to an earlier step of it first")
                run.arms[intervention.arm].intervene(intervention)
            case Restart(preset=preset):
                self._restart(run, preset)
            case Rewind(arm=name, step=step):
                self._set_out(run, name, step, None)
            case ForkArm(arm=name, step=step, name=new):
                self._set_out(run, name, step, _fork(run, name, step, new))

    def _restart(self, run: Run, preset: Preset) -> None:
        """Begin the run anew; it is kept as it stands first, and stays as it is if that is refused."""
        if self._store is not None:
            self._store.checkpoint(_ended(run))
        try:
            run.restart(preset)
        except Exception:
            self._epoch += 1
            if self._store is not None:
                self._store.follow()
            raise
        if self._store is not None:
            self._store.close()
        self._begin(run, self._opening.keep_again(run))
        self._clock = _Clock()

    def _take(self, run: Run, steps: int) -> None:
        """Take steps of every arm; whoever looks on sees them, and may have the run stay or end meanwhile."""
        self._cancelled = False
        while steps and not (self._cancelled or self._closing):
            steps = run.advance_together(steps, PUBLISH_SECONDS)
            self._publish(run, self._state(run))

    def _set_paused(self, paused: bool) -> None:
        self._paused, self._due = paused, 0.0

    def _work(self) -> None:
        try:
            self._load()
            run, store = self._opening.open(self.refusals.append)
            self._begin(run, store)
            self._publish(run, self._state(run))
            while not self._closing:
                if self._journey is not None:
                    self._travel(run, self._journey)
                else:
                    self._obey(run)
                    if self._closing:
                        break
                    if not self._paused and not run.finished:
                        self._advance(run)
                        self._remember(run)
                if time.perf_counter() - self._published_at > PUBLISH_SECONDS:
                    self._publish(run, self._state(run))
            self._end_store(run)
            self._publish(run, State.CLOSED)
        except BaseException as error:  # a plugin may raise anything, SystemExit too
            if self._store is not None:
                self._store.fail()
                self._store.close()
            line = line_of(error)
            if GPU_BROKE in line:
                line += "; this process cannot use the GPU any more: leave, and take the run up again"
            self._snapshot = replace(
                self._snapshot,
                state=State.FAILED,
                version=self._snapshot.version + 1,
                failure=line,
                details=traceback.format_exc(),
            )

    def _load(self) -> None:
        """Import torch, which takes longest; those who wait are told what goes on."""
        if "torch" not in sys.modules:
            self._tell("importing torch")
        import torch  # noqa: F401

        self._tell("making data and networks")

    def _tell(self, doing: str) -> None:
        version = self._snapshot.version + 1
        self._snapshot = replace(self._snapshot, version=version, doing=doing)

    def _begin(self, run: Run, store: Store | None) -> None:
        """Take up a run that has just been opened or has begun anew."""
        from grok_tui.engine.record.judging import Judging

        from .travel import Trail

        self._store = store
        self._judging = Judging()
        self._trail = Trail(store.directory if store is not None else None)
        self._epoch += 1
        for name, arm in run.arms.items():
            arm.watch()
            self._trail.note(run, name)

    def _end_store(self, run: Run) -> None:
        """Keep the run as it stands, and let go of its folder."""
        store, self._store = self._store, None
        if store is not None:
            store.checkpoint(_ended(run))
            store.close()

    def _remember(self, run: Run) -> None:
        """Keep the run as it stands, in memory and on disk, if it is time to."""
        self._trail.note_if_due(run)
        store = self._store
        if store is not None and (store.due or run.finished):
            before = store.problem
            if not store.checkpoint(_ended(run) if run.finished else None) and store.problem != before:
                self.refusals.append(f"no checkpoint could be written: {store.problem}; training goes on")

    def _set_out(self, run: Run, arm: str, step: int | None, fork: Fork | None) -> None:
        from .travel import Journey

        _require_arm(run, arm)
        self._cancelled = False
        self._journey = Journey(run, arm, step, self._trail, fork)

    def _travel(self, run: Run, journey: Journey) -> None:
        """Go a stretch of the way back; at its end let the run go on from there."""
        if self._cancelled:
            self._journey = None
            return
        try:
            journey.advance()
            if not journey.arrived:
                return
            if self._store is not None and journey.fork is None:
                self._store.rewind(journey.arm)
            elif self._store is not None and journey.fork is not None:
                self._store.fork(journey.fork, journey.arm)
        except Exception as error:
            self._journey = None
            if broken(error, run):
                raise
            self.refusals.append(f"cannot go back: {refusal(error)}")
            return
        self._journey = None
        run.adopt(journey.arm, journey.fork)
        self._trail.cut(journey.arm.name, journey.arm.step, journey.count)
        self._trail.note(run, journey.arm.name)
        self._epoch += 1
        self._set_paused(True)
        if self._store is not None:
            self._store.checkpoint()
        self._publish(run, self._state(run))

    def _state(self, run: Run) -> State:
        if self._journey is not None:
            return State.REPLAYING
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
            if isinstance(order, End):
                return
            try:
                self._carry_out(order, run)
            except Exception as error:  # an order is refused, whatever is wrong with it
                if broken(error, run):
                    raise
                self.refusals.append(refusal(error))
            if self._journey is not None:
                return
            self._publish(run, self._state(run))
            idle = (self._paused or run.finished) and self._orders.empty()

    def _advance(self, run: Run) -> None:
        if self._pace is None:
            run.advance()
            self._tell_halted(run)
            return
        # Several steps a tick above 20 a second, so that slow motion costs little.
        steps = max(1, round(self._pace * PUBLISH_SECONDS))
        wait = self._due - time.perf_counter()
        if wait > 0:
            time.sleep(min(wait, PUBLISH_SECONDS))
            return
        self._due = max(self._due, time.perf_counter() - PUBLISH_SECONDS) + steps / self._pace
        run.advance_together(steps, PUBLISH_SECONDS)
        self._tell_halted(run)

    def _tell_halted(self, run: Run) -> None:
        """Say once that an arm has stopped while others go on."""
        for name, line in run.halted.items():
            if self._halted.get(name) != line:
                self.refusals.append(f"{line}; the other arms go on, and this one from where you return to")
        self._halted = dict(run.halted)

    def _publish(self, run: Run, state: State) -> None:
        self._judging.look(run.preset, run.arms, self._epoch, state is not State.RUNNING)
        speed = self._clock.speed(run.steps)
        self._snapshot = replace(
            run.snapshot(state, self._judging.claims),
            version=self._snapshot.version + 1,
            steps_per_second=speed,
            seconds_left=(run.total - run.steps) / speed if speed > 0 else None,
            pace=self._pace,
            epoch=self._epoch,
            moments={name: self._trail.steps(name) for name in run.arms},
            replayed=self._journey.share if self._journey is not None else 0.0,
            kept=self._store.directory.name if self._store is not None else self._snapshot.kept,
        )
        self._published_at = time.perf_counter()


def _ended(run: Run) -> Ended:
    """Return how a run ends that is left as it stands."""
    if run.halted and run.finished:
        return "failed"
    return "interrupted" if not run.finished else "diverged" if run.diverged else "finished"


def _require_arm(run: Run, name: str) -> None:
    """Make sure that a run has an arm of this name.

    Raises:
        ValueError: it has not.
    """
    if name not in run.arms:
        raise ValueError(f"there is no arm '{name}'")


def _fork(run: Run, parent: str, step: int | None, name: str) -> Fork:
    """Return a fork that ends as its parent does, or goes twice as far from its parent's end.

    Raises:
        ValueError: there is no such parent, or no room for a further arm.
    """
    check_room(len(run.arms) + 1)
    _require_arm(run, parent)
    origin = run.arms[parent]
    begins = origin.step if step is None else step
    end = origin.end if begins < origin.end else min(2 * begins, LARGEST_COUNT)
    return Fork(name=name, parent=parent, step=begins, end=end)
