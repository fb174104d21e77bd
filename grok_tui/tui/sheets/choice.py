"""A sheet that offers several things, each with fields that are checked as they are typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from grok_tui.frontend.knobs import Knob
from grok_tui.tui.explorer import OnExplorer
from grok_tui.tui.parts.lines import Line, Span, clean, wrapped
from grok_tui.tui.parts.page import Page

HINT_ROWS = 3

T = TypeVar("T")


class Field(Horizontal):
    """The name of a value, and what is typed for it."""

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


class ChoiceScreen(OnExplorer, ModalScreen[T | None], Generic[T]):
    """A list beside the fields of what is marked in it; gives back what was made of them, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Leave all as it is", show=False),
        Binding("enter", "accept", "Go on with it", show=False),
    ]
    AUTO_FOCUS = "OptionList"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]  # noqa: RUF012  (Textual's own declaration)
    START = ""
    """What is said while nothing is wrong and no field has the focus."""
    DOES = "do it"
    FIELDS = 0
    """How many fields there are at first; more are added where they are needed."""

    def __init__(self) -> None:
        super().__init__()
        self._kind = ""
        self._knobs: list[Knob] = []
        self._problem = ""  # why what is marked cannot be had

    def heading(self) -> str:
        """Return the title of the sheet."""
        raise NotImplementedError

    def offered(self) -> dict[str, str]:
        """Return what can be chosen, and how it is called in the list."""
        raise NotImplementedError

    def first(self) -> str:
        """Return what is marked at first."""
        raise NotImplementedError

    def knobs_of(self, kind: str) -> list[Knob]:
        """Return the fields of what is marked, with the values that they start with.

        Raises:
            ValueError: it cannot be had; why, in one line.
        """
        raise NotImplementedError

    def about(self, kind: str) -> str:
        """Return what choosing it does."""
        raise NotImplementedError

    def made(self, kind: str, rows: Sequence[tuple[Knob, str]]) -> tuple[T | None, dict[str, str]]:
        """Return what the texts of the fields make, and what is wrong with them.

        Returns:
            What is given back or None; by field what is wrong, "" standing for all of them together.
        """
        raise NotImplementedError

    def further(self) -> Iterator[Widget]:
        """Yield what stands below the fields."""
        yield from ()

    def compose(self) -> ComposeResult:
        """Build the list beside the fields."""
        with Vertical(id="choice"):
            yield Page(id="choice-title")
            with Horizontal(id="choice-body"):
                names = (Option(f" {title}", id=kind) for kind, title in self.offered().items())
                yield OptionList(*names, id="choice-list")
                with Vertical(id="choice-fields"):
                    yield Page(id="choice-about", grows=True)
                    with Vertical(id="choice-rows"):
                        for _ in range(self.FIELDS):
                            yield Field()
                    yield from self.further()
            yield Page(id="choice-hint")
            yield Page(id="choice-keys")

    def on_mount(self) -> None:
        """Mark what is there."""
        options = self.query_one(OptionList)
        options.highlighted = options.get_option_index(self.first())

    def action_accept(self) -> None:
        """Give back what was chosen, unless something in it is wrong."""
        made, problems = self._checked()
        if made is None:
            wrong = next((field for knob, field in self._rows() if knob.name in problems), None)
            if wrong is not None:
                wrong.typed.focus()
            return
        self.dismiss(made)

    def action_cancel(self) -> None:
        """Leave all as it is."""
        self.dismiss(None)

    @on(OptionList.OptionHighlighted)
    async def _marked(self, event: OptionList.OptionHighlighted) -> None:
        kind = event.option.id or self.first()
        if kind == self._kind:
            return
        self._kind, self._knobs, self._problem = kind, [], ""
        try:
            self._knobs = self.knobs_of(kind)
        except ValueError as error:
            self._problem = str(error)
        more = len(self._knobs) - len(self.query(Field))
        if more > 0:  # a plugin may have more of them than what ships
            await self.query_one("#choice-rows").mount(*(Field() for _ in range(more)))
        for place, field in enumerate(self.query(Field)):
            field.display = place < len(self._knobs)
        for knob, field in self._rows():
            field.begin("" if knob.value is None else knob.text)
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
        if page.id == "choice-title":
            page.show([(Span(self.heading(), "title"),)])
        elif page.id == "choice-about":
            self._write_about()
        elif page.id == "choice-hint":
            self._write_hint()
        elif page.id == "choice-keys":
            page.show([_keys(self.DOES)])

    def _rows(self) -> list[tuple[Knob, Field]]:
        return list(zip(self._knobs, self.query(Field), strict=False))  # the fields left over are hidden

    def _checked(self) -> tuple[T | None, dict[str, str]]:
        if self._problem:
            return None, {"": self._problem}
        return self.made(self._kind, [(knob, field.text) for knob, field in self._rows()])

    def _write_about(self) -> None:
        page = self.query_one("#choice-about", Page)
        if not self._kind:
            return
        text = "" if self._problem else self.about(self._kind)
        rows = wrapped(
            clean(text, ascii_only=self._ascii), max(page.size.width, 10), 2, ellipsis=self._ellipsis
        )
        page.show([*((Span(row),) for row in rows), ()])

    def _write_hint(self) -> None:
        """Say what is wrong; without a fault, what the field that has the focus means."""
        page = self.query_one("#choice-hint", Page)
        if not self._kind or not page.size.width:
            return
        _, problems = self._checked()
        for knob, field in self._rows():
            field.write(knob.name, knob.name not in problems)
        focused = next((knob for knob, field in self._rows() if field.typed.has_focus), None)
        text, role = self.START, "muted"
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


def _keys(does: str) -> Line:
    pairs = (("Enter", does), ("Tab", "settings"), ("Esc", "leave"))
    return tuple(span for key, word in pairs for span in (Span(key, "key"), Span(f" {word}  ", "muted")))
