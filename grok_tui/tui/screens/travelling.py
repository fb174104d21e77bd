"""The part of the live screen that goes through time: looks back, goes back, and forks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grok_tui.numbers import grouped
from grok_tui.tui.screens.viewing import Viewing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.engine.snapshot import ArmStatus, Snapshot


class Travelling(Viewing):
    """Turns keys into a cursor on all charts, and into ways back.

    Attributes:
        question: what Enter would do and Esc would not, or nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.question = ""
        self._epoch = 0
        self._expected = ""  # the fork that is being made
        self._news = ""  # what to say when the way back is done

    @property
    def cursor(self) -> int | None:
        """The step that is looked at, or None for now."""
        return self.view.cursor

    def shown(self, snapshot: Snapshot) -> Snapshot:
        """Return a run as it is to be shown: as it was at the cursor."""
        from grok_tui.tui.past import as_it_was

        return snapshot if self.cursor is None else as_it_was(snapshot, self.cursor)

    def note_epoch(self, snapshot: Snapshot) -> None:
        """Look at the present again when the run has gone back, has been forked or has begun anew."""
        if snapshot.epoch != self._epoch:
            self._epoch, self.question = snapshot.epoch, ""
            self.asked.clear()
            self.move_cursor(None)
            if any(arm.name == self._expected for arm in snapshot.arms):
                self.selected, self._expected = self._expected, ""
            if self._news:
                self.notify(self._news, timeout=5)
                self._news = ""

    def move_cursor(self, step: int | None) -> None:
        """Look at the run as it was at a step, or as it is now."""
        self.question = ""
        self.look(self.view.at(step, self.last_step))

    def intervene(self, intervention: AnyIntervention) -> None:
        """Do something to the selected arm; not while its past is looked at."""
        if self.cursor is not None:
            self.notify("this is the past: Enter goes on from here, f forks it, Esc returns to now")
        else:
            super().intervene(intervention)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether an action can be done: Enter goes back only where one looks back."""
        if action == "time_return":
            return self.cursor is not None
        return super().check_action(action, parameters)

    def action_time_earlier(self) -> None:
        """Look one recorded step back."""
        from grok_tui.tui.past import stops

        self._walk(stops, -1)

    def action_time_later(self) -> None:
        """Look one recorded step on."""
        from grok_tui.tui.past import stops

        self._walk(stops, 1)

    def action_time_previous_mark(self) -> None:
        """Look at the last thing that happened before."""
        from grok_tui.tui.past import marks

        self._walk(marks, -1)

    def action_time_next_mark(self) -> None:
        """Look at the next thing that happened."""
        from grok_tui.tui.past import marks

        self._walk(marks, 1)

    def action_time_previous_slingshot(self) -> None:
        """Look at the last slingshot before."""
        self._walk_slingshots(-1)

    def action_time_next_slingshot(self) -> None:
        """Look at the next slingshot."""
        self._walk_slingshots(1)

    def _walk_slingshots(self, direction: int) -> None:
        """Look at another slingshot; past the last one it is now, and where there is none that is said."""
        from grok_tui.tui.happenings import slingshots

        arm = self.arm
        if arm is None:
            return
        here = arm.step if self.cursor is None else self.cursor
        steps = [event.step for event in slingshots(arm)]
        if not steps:
            self.notify(f"{arm.name} has had no slingshot so far", timeout=3, markup=False)
        elif direction < 0 and min(steps) >= here:
            self.notify(f"{arm.name} had no slingshot before", timeout=3, markup=False)
        elif direction > 0 and self.cursor is None:
            self.notify(f"{arm.name} has had no slingshot since", timeout=3, markup=False)
        else:
            self._go(arm, steps, direction)

    def _walk(self, places: Callable[[ArmStatus, Snapshot], list[int]], direction: int) -> None:
        arm, snapshot = self.arm, self.explorer.snapshot
        if arm is not None and snapshot is not None:
            self._go(arm, places(arm, snapshot), direction)

    def _go(self, arm: ArmStatus, steps: Iterable[int], direction: int) -> None:
        """Look at the next of some steps in a direction; past the last one it is now."""
        here = arm.step if self.cursor is None else self.cursor
        ahead = [step for step in steps if (step - here) * direction > 0]
        if ahead:
            target = min(ahead) if direction > 0 else max(ahead)
            self.move_cursor(None if target >= arm.step else target)
        elif direction > 0:
            self.move_cursor(None)

    def action_time_return(self) -> None:
        """Take the selected arm back to the step that is looked at, when asked twice."""
        arm, step = self.arm, self.cursor
        if arm is None or step is None:
            return
        if not self.question:
            self.question = f"Take {arm.name} back to step {grouped(step)} and drop what it did since?"
            self.hasten()
            return
        self.question = ""
        self._order(lambda source: source.rewind(arm.name, step))
        self._news = f"{arm.name} is back at step {grouped(step)}; Space goes on from there"

    def action_time_fork(self) -> None:
        """Add an arm that begins as the selected one was at the step looked at, or as it is."""
        from grok_tui.engine.forks import fork_name

        arm, snapshot, step = self.arm, self.explorer.snapshot, self.cursor
        if arm is None or snapshot is None:
            return
        name = fork_name(arm.name, [one.name for one in snapshot.arms])
        self._expected, self.question = name, ""
        self._order(lambda source: source.fork(arm.name, step, name))
        begins = grouped(arm.step if step is None else step)
        self._news = f"{name} begins at step {begins}; change what you like, Space goes on"

    def action_time_now(self) -> None:
        """Return to the present."""
        self.move_cursor(None)

    def left_past(self) -> bool:
        """Take back a question, give up a way back, or return to the present; say whether there was any."""
        snapshot, source = self.explorer.snapshot, self.explorer.source
        if snapshot is not None and source is not None and snapshot.state == "replaying":
            source.stay()
            self._expected = self._news = ""
        elif self.question:
            self.question = ""
            self.hasten()
        elif self.cursor is not None:
            self.move_cursor(None)
        else:
            return False
        return True

    def select(self, name: str) -> None:
        """Let knobs and interventions go to another arm."""
        self.question = ""
        super().select(name)
