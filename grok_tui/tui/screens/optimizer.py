"""Choose another optimizer for an arm that runs, with all its hyperparameters checked as they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import ValidationError
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, OptionList
from textual.widgets.option_list import Option

from grok_tui.catalog.base import Parameter, parameters
from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.presets.problems import explain
from grok_tui.tui.knobs import Knob, parsed
from grok_tui.tui.orders import SWAPS, titled
from grok_tui.tui.widgets.lines import Line, Span, clean, wrapped
from grok_tui.tui.widgets.page import Page

if TYPE_CHECKING:
    from grok_tui.catalog.optimizers import OptimizerSpec
    from grok_tui.tui.app import ExplorerApp

MOST_FIELDS = max(len(parameters(kind)) for kind in OPTIMIZERS.values())
HINT_ROWS = 3


class StateBox(Checkbox):
    """Whether the optimizer takes up the state it had, drawn in characters of any font."""

    BUTTON_LEFT = "["
    BUTTON_INNER = "x"
    BUTTON_RIGHT = "]"


class Field(Horizontal):
    """A hyperparameter: its name, and what is typed for it.

    Attributes:
        knob: the hyperparameter that the field is for now, or None while it is not needed.
        problem: what is wrong with the text, or nothing.
    """

    def __init__(self, place: int) -> None:
        super().__init__(id=f"field-{place}", classes="field")
        self.knob: Knob | None = None
        self.problem = ""

    def compose(self) -> ComposeResult:
        """Build the row."""
        yield Page(classes="field-name")
        yield Input(compact=True, select_on_focus=True)

    def take(self, knob: Knob | None) -> None:
        """Be the field of another hyperparameter."""
        self.knob, self.problem = knob, ""
        self.display = knob is not None
        if knob is not None:
            self.query_one(Input).value = knob.text
            self.write()

    def write(self) -> None:
        """Write the name, in the colour of whether the text is good."""
        name = self.knob.name.replace("_", " ") if self.knob is not None else ""
        self.query_one(Page).show([(Span(name, "bad" if self.problem else "muted"),)])


class OptimizerScreen(ModalScreen["OptimizerSpec | None"]):
    """Gives back the optimizer that was chosen, or None.

    Whether it takes up old state is the setting `switch_state`, which can be changed here as well.

    Args:
        present: the optimizer at work.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Leave all as it is", show=False),
        Binding("ctrl+s", "accept", "Go on with it", show=False),
    ]
    AUTO_FOCUS = "OptionList"

    def __init__(self, present: OptimizerSpec) -> None:
        super().__init__()
        self._present = present
        self._name = ""

    def compose(self) -> ComposeResult:
        """Build the list beside the fields."""
        names = [Option(f" {titled(name)}", id=name) for name in OPTIMIZERS]
        with Vertical(id="optimizer"):
            yield Page(id="optimizer-title")
            with Horizontal(id="optimizer-body"):
                yield OptionList(*names, id="optimizer-list")
                with Vertical(id="optimizer-fields"):
                    yield Page(id="optimizer-about")
                    for place in range(MOST_FIELDS):
                        yield Field(place)
                    yield StateBox(
                        "keep the state it had when it last ran", id="optimizer-state", compact=True
                    )
            yield Page(id="optimizer-hint")
            yield Page(id="optimizer-keys")

    def on_mount(self) -> None:
        """Begin with the optimizer at work."""
        self.query_one(StateBox).value = self.explorer.settings.switch_state == "kept"
        options = self.query_one(OptionList)
        options.highlighted = options.get_option_index(self._present.name)

    @property
    def explorer(self) -> ExplorerApp:
        """The app, as what it is."""
        return cast("ExplorerApp", self.app)

    @property
    def spec(self) -> OptimizerSpec | None:
        """The optimizer as it stands in the fields, or None where one of them is wrong."""
        fields = self._fields()
        values: dict[str, Any] = {"name": self._name}
        for field in fields:
            field.problem = ""
            knob, text = field.knob, field.query_one(Input).value
            assert knob is not None
            try:
                values[knob.name] = parsed(knob, text)
            except ValueError as error:
                field.problem = str(error)
        found = None
        if not any(field.problem for field in fields):
            try:
                found = OPTIMIZERS[self._name].model_validate(values)
            except ValidationError as error:
                key, problem = explain(error, None)
                wrong = next((f for f in fields if f.knob and key.startswith(f.knob.name)), None)
                (wrong or self._focused_field() or fields[0]).problem = problem
        for field in fields:
            field.write()
        return cast("OptimizerSpec | None", found)

    def action_accept(self) -> None:
        """Give back what was chosen, unless something in it is wrong."""
        spec = self.spec
        if spec is None:
            wrong = next(field for field in self._fields() if field.problem)
            wrong.query_one(Input).focus()
            self._write_hint()
            return
        settings = self.explorer.settings
        state = "kept" if self.query_one(StateBox).value else "fresh"
        if settings.switch_state != state:
            settings.switch_state = "kept" if state == "kept" else "fresh"
            self.explorer.keep_settings()
        self.dismiss(spec)

    def action_cancel(self) -> None:
        """Leave all as it is."""
        self.dismiss(None)

    @on(OptionList.OptionHighlighted)
    def _marked(self, event: OptionList.OptionHighlighted) -> None:
        name = event.option.id or self._present.name
        if name == self._name:
            return
        self._name = name
        values = self._values(name)
        rows = parameters(OPTIMIZERS[name])
        for place in range(MOST_FIELDS):
            parameter = rows[place] if place < len(rows) else None
            self.query_one(f"#field-{place}", Field).take(
                parameter and _knob(parameter, values[parameter.name])
            )
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

    def _values(self, name: str) -> dict[str, Any]:
        """Return what the fields start with: what is at work, or good first values."""
        if name == self._present.name:
            return self._present.model_dump()
        first = SWAPS.get(name) or OPTIMIZERS[name].model_validate({"name": name})
        return first.model_dump()

    def _fields(self) -> list[Field]:
        return [field for field in self.query(Field) if field.knob is not None]

    def _focused_field(self) -> Field | None:
        return next((field for field in self._fields() if field.query_one(Input).has_focus), None)

    def _write_about(self) -> None:
        page = self.query_one("#optimizer-about", Page)
        if not self._name:
            return
        text = (OPTIMIZERS[self._name].__doc__ or "").strip()
        rows = wrapped(
            clean(text, ascii_only=self._ascii), max(page.size.width, 10), 2, ellipsis=self._ellipsis
        )
        page.show([*((Span(row),) for row in rows), ()])

    def _write_hint(self) -> None:
        """Say what is wrong; without a fault, what the field that has the focus means."""
        page = self.query_one("#optimizer-hint", Page)
        if not self._name or not page.size.width:
            return
        good = self.spec is not None
        field = self._focused_field()
        wrong = field if field is not None and field.problem else None
        if not good and wrong is None:
            wrong = next(one for one in self._fields() if one.problem)
        if wrong is not None and wrong.knob is not None:
            text, role = f"{wrong.knob.name}: {wrong.problem}", "bad"
        elif field is not None and field.knob is not None:
            text, role = field.knob.hint, "muted"
        else:
            text, role = "The weights stay where they are; the next step is the new optimizer's.", "muted"
        rows = wrapped(
            clean(text, ascii_only=self._ascii), page.size.width, HINT_ROWS, ellipsis=self._ellipsis
        )
        page.show([(Span(row, role),) for row in rows])

    @property
    def _ellipsis(self) -> str:
        return self.explorer.glyphs.ellipsis

    @property
    def _ascii(self) -> bool:
        return self._ellipsis == "~"


def _knob(parameter: Parameter, value: Any) -> Knob:
    choices = (True, False) if parameter.type is bool else ()
    return Knob(f"optimizer.{parameter.name}", "Optimizer", value, parameter, live=True, choices=choices)


def _keys() -> Line:
    pairs = (("Enter", "go on with it"), ("Tab", "settings"), ("Esc", "leave"))
    return tuple(span for key, word in pairs for span in (Span(key, "key"), Span(f" {word}  ", "muted")))
