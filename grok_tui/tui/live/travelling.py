"""The part of the live screen that goes through time: looks back, goes back, and forks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grok_tui.numbers import grouped
from grok_tui.tui.live.stage import Stage
from grok_tui.tui.live.steering import Steering
from grok_tui.tui.live.viewing import Viewing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.run.snapshot import Snapshot


class Travelling:
    """A cursor on all charts, and ways back.

    Attributes:
        question: what Enter would do and Esc would not, or nothing.
    """

    def __init__(self, stage: Stage, viewing: Viewing, steering: Steering) -> None:
        self.question = ""
        self._stage, self._viewing, self._steering = stage, viewing, steering
        self._epoch = 0
        self._asked_of: tuple[str, int | None] = ("", None)  # whom the question is about, and which step
        self._expected = ""  # the fork that is being made
        self._news = ""  # what to say when the way back is done

    @property
    def looking_back(self) -> bool:
        """Whether the past is looked at."""
        return self._viewing.cursor is not None

    def shown(self, snapshot: Snapshot) -> Snapshot:
        """Return a run as it is to be shown: as it was at the cursor."""
        from grok_tui.frontend.past import as_it_was

        cursor = self._viewing.cursor
        return snapshot if cursor is None else as_it_was(snapshot, cursor)

    def note(self, snapshot: Snapshot) -> None:
        """Look at the present again when the run has gone back, has been forked or has begun anew.

        A question falls away when another arm or another step is looked at.
        """
        if self._asked_of != (self._steering.selected, self._viewing.cursor):
            self.question = ""
        if snapshot.epoch != self._epoch:
            self._epoch, self.question = snapshot.epoch, ""
            self._steering.asked.clear()
            self._viewing.move_cursor(None)
            if any(arm.name == self._expected for arm in snapshot.arms):
                self._steering.selected, self._expected = self._expected, ""
            if self._news:
                self._stage.notify(self._news, timeout=5)
                self._news = ""

    def look_at(self, arm: str, step: int) -> None:
        """Look at an arm as it was at a step."""
        self._steering.select(arm)
        found = self._steering.arm
        if found is not None:
            self._move_cursor(None if step >= found.step else step)

    def walk(self, direction: int) -> None:
        """Look one recorded step back (-1) or on (1)."""
        from grok_tui.frontend.past import stops

        self._walk(stops, direction)

    def walk_marks(self, direction: int) -> None:
        """Look at the last thing that happened before, or at the next."""
        from grok_tui.frontend.past import marks

        self._walk(marks, direction)

    def walk_slingshots(self, direction: int) -> None:
        """Look at another slingshot; past the last one it is now, and where there is none that is said."""
        from grok_tui.frontend.happenings import slingshots

        arm = self._steering.arm
        if arm is None:
            return
        here = arm.step if self._viewing.cursor is None else self._viewing.cursor
        steps = [event.step for event in slingshots(arm)]
        if not steps:
            self._stage.notify(f"{arm.name} has had no slingshot so far", timeout=3, markup=False)
        elif direction < 0 and min(steps) >= here:
            self._stage.notify(f"{arm.name} had no slingshot before", timeout=3, markup=False)
        elif direction > 0 and self._viewing.cursor is None:
            self._stage.notify(f"{arm.name} has had no slingshot since", timeout=3, markup=False)
        else:
            self._go(arm, steps, direction)

    def _walk(self, places: Callable[[ArmStatus, Snapshot], list[int]], direction: int) -> None:
        arm, snapshot = self._steering.arm, self._stage.explorer.snapshot
        if arm is not None and snapshot is not None:
            self._go(arm, places(arm, snapshot), direction)

    def _go(self, arm: ArmStatus, steps: Iterable[int], direction: int) -> None:
        """Look at the next of some steps in a direction; past the last one it is now."""
        here = arm.step if self._viewing.cursor is None else self._viewing.cursor
        ahead = [step for step in steps if (step - here) * direction > 0]
        if ahead:
            target = min(ahead) if direction > 0 else max(ahead)
            self._move_cursor(None if target >= arm.step else target)
        elif direction > 0:
            self._move_cursor(None)

    def _move_cursor(self, step: int | None) -> None:
        self.question = ""
        self._viewing.move_cursor(step)

    def go_back(self) -> None:
        """Take the selected arm back to the step that is looked at, when asked twice."""
        from grok_tui.engine.worker.orders import Rewind

        arm, step = self._steering.arm, self._viewing.cursor
        if arm is None or step is None:
            return
        if not self.question:
            self.question = f"Take {arm.name} back to step {grouped(step)} and drop what it did since?"
            self._asked_of = arm.name, step
            self._stage.hasten()
            return
        self.question = ""
        self._steering.order(Rewind(arm=arm.name, step=step))
        self._news = f"{arm.name} is back at step {grouped(step)}; Space goes on from there"

    def fork(self) -> None:
        """Add an arm that begins as the selected one was at the step looked at, or as it is."""
        from grok_tui.engine.arm.forks import fork_name
        from grok_tui.engine.worker.orders import ForkArm

        arm, snapshot, step = self._steering.arm, self._stage.explorer.snapshot, self._viewing.cursor
        if arm is None or snapshot is None:
            return
        name = fork_name(arm.name, [one.name for one in snapshot.arms])
        self._expected, self.question = name, ""
        self._steering.order(ForkArm(arm=arm.name, step=step, name=name))
        begins = grouped(arm.step if step is None else step)
        self._news = f"{name} begins at step {begins}; change what you like, Space goes on"

    def return_to_now(self) -> None:
        """Return to the present."""
        self._move_cursor(None)

    def left_past(self) -> bool:
        """Take back a question, give up a way back, or return to the present; say whether there was any."""
        from grok_tui.engine.worker.orders import Stay

        snapshot, source = self._stage.explorer.snapshot, self._stage.explorer.source
        if snapshot is not None and source is not None and snapshot.state == "replaying":
            source.give(Stay())
            self._expected = self._news = ""
        elif self.question:
            self.question = ""
            self._stage.hasten()
        elif self.looking_back:
            self._move_cursor(None)
        else:
            return False
        return True
