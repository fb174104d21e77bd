"""Choose another optimizer for an arm that runs, with all its hyperparameters checked as they are typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationError
from textual.binding import Binding, BindingType
from textual.widget import Widget

from grok_tui.catalog.base import Parameter, parameters
from grok_tui.catalog.optimizers import OPTIMIZERS, titled
from grok_tui.frontend.knobs import Knob, parsed
from grok_tui.frontend.orders import SWAPS
from grok_tui.presets.problems import explain
from grok_tui.tui.parts.lines import Span
from grok_tui.tui.parts.page import Page
from grok_tui.tui.sheets.choice import ChoiceScreen

if TYPE_CHECKING:
    from grok_tui.catalog.optimizers import OptimizerSpec


class StateBox(Page, can_focus=True):
    """Whether an optimizer takes up the state it had, drawn in characters of any font."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "tick", "Change it", show=False)]
    LABEL = "take up its earlier state"

    def __init__(self, kept: bool) -> None:
        super().__init__(id="optimizer-state", grows=True)
        self.kept = kept

    def on_mount(self) -> None:
        """Show the box."""
        self.show([(Span(f"[{'x' if self.kept else ' '}] {self.LABEL}"),)])

    def action_tick(self) -> None:
        """Tick the box, or clear it."""
        self.kept = not self.kept
        self.on_mount()

    def on_click(self) -> None:
        """Tick the box, or clear it."""
        self.action_tick()


def check(kind: str, rows: Sequence[tuple[Knob, str]]) -> tuple[OptimizerSpec | None, dict[str, str]]:
    """Return the optimizer that the texts typed for its hyperparameters make, and what is wrong with them.

    Args:
        kind: the optimizer's name in the catalog.
        rows: a text for each hyperparameter.

    Returns:
        The optimizer or None; by hyperparameter what is wrong, "" standing for all of them together.
    """
    values: dict[str, Any] = {"name": kind}
    problems = {}
    for knob, text in rows:
        try:
            values[knob.name] = parsed(knob, text)
        except ValueError as error:
            problems[knob.name] = str(error)
    if problems:
        return None, problems
    try:
        return OPTIMIZERS[kind].spec.model_validate(values), {}
    except ValidationError as error:
        key, problem = explain(error, values)
        name = next((knob.name for knob, _ in rows if key.startswith(knob.name)), "")
        return None, {name: problem}


class OptimizerScreen(ChoiceScreen["OptimizerSpec"]):
    """Gives back the optimizer that was chosen, or None.

    Whether it takes up old state is the setting `switch_state`, which can be changed here as well.

    Args:
        present: the optimizer at work.
    """

    START = "The weights stay where they are; the next step is the new optimizer's."
    DOES = "go on with it"
    FIELDS = max(len(parameters(entry.spec)) for entry in OPTIMIZERS.shipped.values())

    def __init__(self, present: OptimizerSpec) -> None:
        super().__init__()
        self._present = present

    def heading(self) -> str:
        """Return the title of the sheet."""
        return "Go on with another optimizer"

    def offered(self) -> dict[str, str]:
        """Return the optimizers."""
        return {name: titled(name) for name in OPTIMIZERS}

    def first(self) -> str:
        """Return the one at work."""
        return self._present.name

    def knobs_of(self, kind: str) -> list[Knob]:
        """Return its hyperparameters: as they are at work, or good first values.

        Raises:
            PluginError: it is of a plugin that cannot be loaded.
        """
        spec, values = OPTIMIZERS[kind].spec, self._values(kind)
        return [_knob(parameter, values[parameter.name]) for parameter in parameters(spec)]

    def about(self, kind: str) -> str:
        """Return what it is."""
        return (OPTIMIZERS[kind].spec.__doc__ or "").strip()

    def made(
        self, kind: str, rows: Sequence[tuple[Knob, str]]
    ) -> tuple[OptimizerSpec | None, dict[str, str]]:
        """Return the optimizer that was typed, as `check` does."""
        return check(kind, rows)

    def further(self) -> Iterator[Widget]:
        """Yield whether it takes up old state."""
        yield StateBox(self.explorer.settings.switch_state == "kept")

    def action_accept(self) -> None:
        """Give back what was chosen, unless something in it is wrong."""
        settings, (spec, _) = self.explorer.settings, self._checked()
        kept = self.query_one(StateBox).kept
        if spec is not None and kept != (settings.switch_state == "kept"):
            settings.switch_state = "kept" if kept else "fresh"
            self.explorer.keep_settings()
        super().action_accept()

    def _values(self, name: str) -> dict[str, Any]:
        """Return what the fields start with: what is at work, or good first values."""
        if name == self._present.name:
            return self._present.model_dump()
        first = SWAPS.get(name) or OPTIMIZERS[name].spec.model_validate({"name": name})
        return first.model_dump()


def _knob(parameter: Parameter, value: Any) -> Knob:
    choices = (True, False) if parameter.type is bool else ()
    return Knob(f"optimizer.{parameter.name}", "Optimizer", value, parameter, live=True, choices=choices)
