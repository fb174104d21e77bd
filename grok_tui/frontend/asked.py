"""What was asked of a run and is not yet seen to be done, so that the next key starts from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grok_tui.frontend.past import after

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.engine.arm.status import ArmStatus


class Asked:
    """The interventions that are on their way."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[AnyIntervention]] = {}
        self._seen: dict[
            str, int
        ] = {}  # how many of an arm's interventions were there, or have been told apart

    def add(self, arm: ArmStatus, intervention: AnyIntervention) -> None:
        """Note an intervention that is sent to an arm."""
        self._drop_done(arm)
        self._waiting.setdefault(arm.name, []).append(intervention)

    def clear(self) -> None:
        """Expect nothing any more: something was refused, or the run is another one."""
        self._waiting.clear()
        self._seen.clear()

    def ahead(self, arm: ArmStatus) -> ArmStatus:
        """Return an arm with the settings that it will have when all is done that it was asked."""
        self._drop_done(arm)
        waiting = self._waiting.get(arm.name, ())
        try:
            return after(arm, waiting)
        except ValueError:  # a planned switch came in between, and what is on its way will be refused
            return arm

    def _drop_done(self, arm: ArmStatus) -> None:
        waiting = self._waiting.get(arm.name, [])
        if not waiting:
            self._seen[arm.name] = len(arm.interventions)
            return
        for done in arm.interventions[self._seen[arm.name] :]:
            if waiting and done.model_copy(update={"at_step": waiting[0].at_step}) == waiting[0]:
                waiting.pop(0)
        self._seen[arm.name] = len(arm.interventions)
