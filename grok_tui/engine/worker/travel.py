"""Back in time: what an arm was at any step, from the nearest earlier checkpoint and what was done since."""

from __future__ import annotations

import bisect
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.arm.interventions import flagged
from grok_tui.engine.arm.state import ArmState
from grok_tui.engine.record.arrays import Arrays
from grok_tui.engine.store.checkpoints import nearest_kept, thinned

if TYPE_CHECKING:
    from grok_tui.engine.run.run import Run
    from grok_tui.engine.store.directory import RunDirectory

KEPT = 32  # moments of an arm at most

MOST_BYTES = 256 * 2**20  # that all but the newest two moments of each arm may take together

CADENCE = 2.0  # seconds between two moments

SHARE = 0.02  # of the time that taking moments may cost


@dataclass(frozen=True)
class Moment:
    """All that an arm was at one step."""

    state: ArmState
    arrays: Arrays

    @property
    def size(self) -> int:
        """Bytes of its arrays."""
        return sum(array.nbytes for array in self.arrays.values())


class Trail:
    """Moments of a run's arms, in memory, so that going back takes seconds.

    Of each arm at most `KEPT` are kept, the newest two and others spread evenly over log-steps, and all but
    the newest two of each together take at most `MOST_BYTES`.

    Args:
        directory: a folder where the run is kept, whose checkpoints are used as well.
    """

    def __init__(self, directory: RunDirectory | None = None) -> None:
        self._directory = directory
        self._moments: dict[str, list[Moment]] = {}
        self._due = 0.0

    def note_if_due(self, run: Run) -> None:
        """Keep the present moment of every arm if the last ones are old enough."""
        started = time.monotonic()
        if started >= self._due:
            for name in run.arms:
                self.note(run, name)
            now = time.monotonic()
            self._due = now + max(CADENCE, (now - started) / SHARE)

    def note(self, run: Run, name: str) -> None:
        """Keep the present moment of an arm, unless it is kept already or the arm stopped within a step."""
        arm, moments = run.arms[name], self._moments.setdefault(name, [])
        if not arm.whole:
            return
        if moments and _place(moments[-1].state) == (arm.step, len(arm.interventions)):
            return
        moments.append(Moment(*arm.export_state()))
        sizes = [(place, moment.size) for place, moment in enumerate(moments)]
        steps = [moment.state.step for moment in moments]
        doomed = thinned(
            [(step, size) for step, (_, size) in zip(steps, sizes, strict=True)],
            KEPT,
            MOST_BYTES // len(run.arms),
        )
        for step in doomed:
            del moments[next(i for i, moment in enumerate(moments) if moment.state.step == step)]

    def steps(self, name: str) -> tuple[int, ...]:
        """Return the steps of an arm's moments, ascending."""
        return tuple(moment.state.step for moment in self._moments.get(name, ()))

    def nearest(self, run: Run, name: str, step: int, count: int) -> Moment | None:
        """Return the latest moment of an arm that is not after a step nor has more interventions.

        Args:
            run: the run.
            name: the arm's name.
            step: the step.
            count: how many interventions have been carried out.
        """
        fitting = [m for m in self._moments.get(name, ()) if _before(m.state, step, count)]
        best = max((m.state.step for m in fitting), default=-1)
        if self._directory is not None:
            kept = nearest_kept(self._directory, run.preset, name, (best, step), count)
            if kept is not None:
                return Moment(*kept)
        return fitting[-1] if fitting else None

    def cut(self, name: str, step: int, count: int) -> None:
        """Forget the moments of an arm that come after a step, or that have more interventions."""
        self._moments[name] = [m for m in self._moments.get(name, ()) if _before(m.state, step, count)]


class Journey:
    """A new arm on its way to what an arm of the run was at some step, before anything was done there.

    The bits are those that the arm had.

    Args:
        run: the run; it stays as it is.
        name: whose past.
        step: which step of it; None takes the present, with all that was done.
        trail: where to set out from.
        fork: what to become, or None for the arm itself.

    Attributes:
        arm: the new arm; on its way until `arrived`.
        step: where it goes.
        count: how many interventions it will have.
        fork: as given.

    Raises:
        ValueError: the arm has not come so far.
    """

    def __init__(self, run: Run, name: str, step: int | None, trail: Trail, fork: Fork | None = None) -> None:
        origin = run.arms[name]
        own = run.forks.get(name)
        first = own.step if own is not None else 0
        if step is not None and not first <= step <= origin.step:
            raise ValueError(f"arm '{name}' has steps {first} to {origin.step}, not {step}")
        self.step = origin.step if step is None else step
        before = origin.interventions
        self.count = (
            len(before) if step is None else bisect.bisect_left(before, step, key=lambda done: done.at_step)
        )
        if own is not None:
            self.count = max(self.count, own.inherited)
        self.fork = fork and fork.model_copy(update={"inherited": self.count})
        moment = (
            Moment(*origin.export_state()) if step is None else trail.nearest(run, name, step, self.count)
        )
        self.arm: Arm = run.forked(fork) if fork is not None else run.fresh(name)
        done = 0
        if moment is not None:
            self.arm.restore_state(_renamed(moment.state, self.arm.name), moment.arrays)
            done = len(moment.state.interventions)
        if origin.watched:
            self.arm.watch()
        self.arm.prescribe(origin.backends, self.step)
        self.arm.end = fork.end if fork is not None else origin.end
        self.start = self.arm.step
        entries = list(flagged(before[: self.count], run.planned(name)))[done:]
        self.arm.agenda.insert(
            [(one.model_copy(update={"arm": self.arm.name}), planned) for one, planned in entries]
        )

    @property
    def arrived(self) -> bool:
        """Whether the arm is what it was."""
        return self.arm.step >= self.step or self.arm.stopped

    @property
    def share(self) -> float:
        """How much of the way is done."""
        return (self.arm.step - self.start) / max(self.step - self.start, 1)

    def advance(self) -> None:
        """Go a stretch of the way, of one chunk at most; at its end carry out what was done there."""
        if not self.arrived:
            self.arm.advance(self.step - self.arm.step)
        if self.arrived:
            self.arm.carry_out_due(self.count)


def _renamed(state: ArmState, name: str) -> ArmState:
    """Return the state of an arm as that of an arm of another name."""
    done = [one.model_copy(update={"arm": name}) for one in state.interventions]
    settled = [
        one.model_copy(update={"intervention": one.intervention.model_copy(update={"arm": name})})
        for one in state.settled
    ]
    return state.model_copy(update={"interventions": done, "settled": settled})


def _place(state: ArmState) -> tuple[int, int]:
    return state.step, len(state.interventions)


def _before(state: ArmState, step: int, count: int) -> bool:
    return state.step <= step and len(state.interventions) <= count
