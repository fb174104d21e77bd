"""Choose another optimizer for an arm that runs, with all its hyperparameters checked as they are typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationError
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from grok_tui.catalog.base import Parameter, parameters
from grok_tui.catalog.optimizers import OPTIMIZERS, titled
from grok_tui.catalog.plugins import PluginError
from grok_tui.frontend.knobs import Knob, parsed
from grok_tui.frontend.orders import SWAPS
from grok_tui.presets.problems import explain
from grok_tui.tui.explorer import OnExplorer
from grok_tui.tui.parts.lines import Line, Span, clean, wrapped
from grok_tui.tui.parts.page import Page

if TYPE_CHECKING:
    from grok_tui.catalog.optimizers import OptimizerSpec

MOST_FIELDS = max(len(parameters(entry.spec)) for entry in OPTIMIZERS.shipped.values())
HINT_ROWS = 3
START = "The weights stay where they are; the next step is the new optimizer's."


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


class Field(Horizontal):
    """The name of a hyperparameter, and what is typed for it."""

    def compose(self) -> ComposeResult:
        """Build the row."""
        yield Page(classes="field-name")
        yield Input(compact=True, select_on_focus=True)

    @property
    def text(self) -> str:
        """What is typed."""
        return self.typed.value

    @property
    def typed(self) -> Input:
        """Where it is typed."""
        return self.query_one(Input)

    def begin(self, text: str) -> None:
        """Start with a text."""
        self.typed.value = text
        if self.typed.has_focus:
            self.typed.action_select_all()

    def write(self, name: str, good: bool) -> None:
        """Write the name, in the colour of whether the text is good."""
        self.query_one(Page).show([(Span(name.replace("_", " "), "muted" if good else "bad"),)])


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


class OptimizerScreen(OnExplorer, ModalScreen["OptimizerSpec | None"]):
    """Gives back the optimizer that was chosen, or None.

    Whether it takes up old state is the setting `switch_state`, which can be changed here as well.

    Args:
        present: the optimizer at work.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Leave all as it is", show=False),
        Binding("enter", "accept", "Go on with it", show=False),
    ]
    AUTO_FOCUS = "OptionList"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]  # noqa: RUF012  (Textual's own declaration)

    def __init__(self, present: OptimizerSpec) -> None:
        super().__init__()
        self._present = present
        self._kind = ""
        self._knobs: list[Knob] = []
        self._problem = ""  # why the optimizer that is marked cannot be had

    def compose(self) -> ComposeResult:
        """Build the list beside the fields."""
        names = [Option(f" {titled(name)}", id=name) for name in OPTIMIZERS]
        with Vertical(id="optimizer"):
            yield Page(id="optimizer-title")
            with Horizontal(id="optimizer-body"):
                yield OptionList(*names, id="optimizer-list")
                with Vertical(id="optimizer-fields"):
                    yield Page(id="optimizer-about", grows=True)
                    for _ in range(MOST_FIELDS):
                        yield Field()
                    yield StateBox(self.explorer.settings.switch_state == "kept")
            yield Page(id="optimizer-hint")
            yield Page(id="optimizer-keys")

    def on_mount(self) -> None:
        """Begin with the optimizer at work."""
        options = self.query_one(OptionList)
        options.highlighted = options.get_option_index(self._present.name)

    def action_accept(self) -> None:
        """Give back what was chosen, unless something in it is wrong."""
        spec, problems = self._checked()
        if spec is None:
            wrong = next((field for knob, field in self._rows() if knob.name in problems), None)
            if wrong is not None:
                wrong.typed.focus()
            return
        settings = self.explorer.settings
        kept = self.query_one(StateBox).kept
        if kept != (settings.switch_state == "kept"):
            settings.switch_state = "kept" if kept else "fresh"
            self.explorer.keep_settings()
        self.dismiss(spec)

    def action_cancel(self) -> None:
        """Leave all as it is."""
        self.dismiss(None)

    @on(OptionList.OptionHighlighted)
    async def _marked(self, event: OptionList.OptionHighlighted) -> None:
        name = event.option.id or self._present.name
        if name == self._kind:
            return
        self._kind, self._knobs = name, []
        try:
            spec, self._problem = OPTIMIZERS[name].spec, ""
        except PluginError as error:
            self._problem = str(error)
        else:
            values = self._values(name)
            self._knobs = [_knob(parameter, values[parameter.name]) for parameter in parameters(spec)]
        more = len(self._knobs) - len(self.query(Field))
        if more > 0:  # a plugin may have more of them than what ships
            fields = self.query_one("#optimizer-fields")
            await fields.mount(*(Field() for _ in range(more)), before=self.query_one(StateBox))
        for place, field in enumerate(self.query(Field)):
            field.display = place < len(self._knobs)
        for knob, field in self._rows():
            field.begin(knob.text)
        self._write_about()
        self._write_hint()

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_accept()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._write_hint()

    def on_descendant_focus(self) -> None:
        """Say what the field that has the focus means."""
        self._write_hint()

    def on_page_wanted(self, message: Page.Wanted) -> None:
        """Write one of the texts for another width."""
        page = message.page
        if page.id == "optimizer-title":
            page.show([(Span("Go on with another optimizer", "title"),)])
        elif page.id == "optimizer-about":
            self._write_about()
        elif page.id == "optimizer-hint":
            self._write_hint()
        elif page.id == "optimizer-keys":
            page.show([_keys()])

    def _rows(self) -> list[tuple[Knob, Field]]:
        return list(zip(self._knobs, self.query(Field), strict=False))  # the fields left over are hidden

    def _checked(self) -> tuple[OptimizerSpec | None, dict[str, str]]:
        if self._problem:
            return None, {"": self._problem}
        return check(self._kind, [(knob, field.text) for knob, field in self._rows()])

    def _values(self, name: str) -> dict[str, Any]:
        """Return what the fields start with: what is at work, or good first values."""
        if name == self._present.name:
            return self._present.model_dump()
        first = SWAPS.get(name) or OPTIMIZERS[name].spec.model_validate({"name": name})
        return first.model_dump()

    def _write_about(self) -> None:
        page = self.query_one("#optimizer-about", Page)
        if not self._kind:
            return
        text = "" if self._problem else (OPTIMIZERS[self._kind].spec.__doc__ or "").strip()
        rows = wrapped(
            clean(text, ascii_only=self._ascii), max(page.size.width, 10), 2, ellipsis=self._ellipsis
        )
        page.show([*((Span(row),) for row in rows), ()])

    def _write_hint(self) -> None:
        """Say what is wrong; without a fault, what the field that has the focus means."""
        page = self.query_one("#optimizer-hint", Page)
        if not self._kind or not page.size.width:
            return
        _, problems = self._checked()
        for knob, field in self._rows():
            field.write(knob.name, knob.name not in problems)
        focused = next((knob for knob, field in self._rows() if field.typed.has_focus), None)
        text, role = START, "muted"
        if problems:
            name = focused.name if focused is not None and focused.name in problems else next(iter(problems))
            text, role = ": ".join(part for part in (name, problems[name]) if part), "bad"
        elif focused is not None:
            text = focused.hint
        rows = wrapped(
            clean(text, ascii_only=self._ascii), page.size.width, HINT_ROWS, ellipsis=self._ellipsis
        )
        page.show([(Span(row, role),) for row in rows])

    @property
    def _ellipsis(self) -> str:
        return self.explorer.glyphs.ellipsis

    @property
    def _ascii(self) -> bool:
        return self.explorer.glyphs.ascii


def _knob(parameter: Parameter, value: Any) -> Knob:
    choices = (True, False) if parameter.type is bool else ()
    return Knob(f"optimizer.{parameter.name}", "Optimizer", value, parameter, live=True, choices=choices)


def _keys() -> Line:
    pairs = (("Enter", "go on with it"), ("Tab", "settings"), ("Esc", "leave"))
    return tuple(span for key, word in pairs for span in (Span(key, "key"), Span(f" {word}  ", "muted")))
