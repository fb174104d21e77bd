"""Do something to the data or the weights of an arm that runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grok_tui.catalog.interventions import INTERVENTIONS
from grok_tui.frontend import doings
from grok_tui.tui.sheets.choice import ChoiceScreen

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.catalog.tasks import TaskSpec
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.frontend.knobs import Knob


class DoingsScreen(ChoiceScreen["AnyIntervention"]):
    """Gives back the intervention that was chosen, or None.

    Args:
        arm: to which it is done, as it stands.
        task: what the arm learns.
        replicas: how many there are.
    """

    START = "Done between two steps, logged, and marked in the charts."
    DOES = "do it"
    FIELDS = 3

    def __init__(self, arm: ArmStatus, task: TaskSpec, replicas: int) -> None:
        super().__init__()
        self._arm, self._of_task, self._replicas = arm, task, replicas

    def heading(self) -> str:
        """Return the title of the sheet, with the samples that there are."""
        samples = doings.samples_of(self._arm)
        return f"Change data or weights: {samples}" if samples else "Change data or weights"

    def offered(self) -> dict[str, str]:
        """Return the interventions on data and weights."""
        return {name: name for name in doings.offered()}

    def first(self) -> str:
        """Return the first that can be done as it stands."""
        names = list(self.offered())
        for name in names:
            rows = [
                (knob, "" if knob.value is None else knob.text)
                for knob in doings.fields(name, self._arm, self._replicas)
            ]
            if self.made(name, rows)[0] is not None:
                return name
        return names[0]

    def knobs_of(self, kind: str) -> list[Knob]:
        """Return what can be said of it; raises ValueError where its plugin cannot be loaded."""
        return doings.fields(kind, self._arm, self._replicas)

    def about(self, kind: str) -> str:
        """Return what it does."""
        return (INTERVENTIONS[kind].spec.__doc__ or "").strip().partition("\n")[0]

    def made(
        self, kind: str, rows: Sequence[tuple[Knob, str]]
    ) -> tuple[AnyIntervention | None, dict[str, str]]:
        """Return the intervention that was typed."""
        return doings.made(kind, rows, self._arm, self._of_task, self._replicas)
