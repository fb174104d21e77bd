"""The parameter panel: the arms, and every parameter of the selected one, to be changed in its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.widgets import Input

from grok_tui.catalog.optimizers import titled
from grok_tui.charts.text import cell_width, fit
from grok_tui.frontend.glyphs import arm_look
from grok_tui.frontend.knobs import FOLD, OPTIMIZER, folded
from grok_tui.numbers import shown
from grok_tui.tui import keys
from grok_tui.tui.parts.lines import Line, Lines, Span, clean, wrapped

if TYPE_CHECKING:
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.frontend.glyphs import Glyphs
    from grok_tui.frontend.knobs import Knob

HINT_ROWS = 3
KNOBS = 13  # rows that the parameters need; of more arms than there is room for, some are listed
LEAST_KNOBS = 8  # what they leave themselves with so that some arms are listed in any case
LEAST_ARMS = 4


def arm_lines(snapshot: Snapshot, selected: str, width: int, glyphs: Glyphs) -> list[Line]:
    """Return a row an arm: how it looks on the charts, its name, its optimizer, and what became of it."""
    lines: list[Line] = []
    for place, arm in enumerate(snapshot.arms):
        chosen = arm.name == selected
        color, sign = arm_look(place, glyphs.arms)
        end, role = _outcome(arm, glyphs)
        name = fit(clean(arm.name), max(width - 14, 4), ellipsis=glyphs.ellipsis)
        gap = width - 2 - cell_width(name) - cell_width(titled(arm.optimizer.name)) - 3
        lines.append(
            (
                Span(f"{glyphs.selected if chosen else ' '}", "accent"),
                Span(sign + " ", color),
                Span(name, "title" if chosen else "text"),
                Span(" " * max(gap, 1)),
                Span(titled(arm.optimizer.name), "text" if chosen else "muted"),
                Span(f" {end}", role),
            )
        )
    return lines


def _outcome(arm: ArmStatus, glyphs: Glyphs) -> tuple[str, str]:
    if arm.diverged:
        return glyphs.refuted, "bad"
    if arm.had("grok"):
        return glyphs.reproduced, "good"
    return (glyphs.ended, "muted") if arm.step >= arm.end else (" ", "muted")


def knob_line(knob: Knob, pending: str | None, width: int, glyphs: Glyphs, *, marked: bool) -> Line:
    """Return the row of a parameter: its name, its value, and whether it waits for a restart."""
    name_width = name_column(width)
    text = knob.text if pending is None else pending
    sign = " " if knob.live else glyphs.restart
    name = fit(knob.name.replace("_", " "), name_width - 1, ellipsis=glyphs.ellipsis)
    room = width - name_width - 3
    value = fit(clean(text), room, ellipsis=glyphs.ellipsis)
    if knob.shape and pending is None:
        value = _with_shape(value, knob.shape, room, glyphs)
    look, quiet = ("marked", "marked-muted") if marked else ("text", "muted")
    return (
        Span(f" {name:<{name_width}}", look if marked else quiet),
        Span(f"{value:<{room}} ", "warning" if pending is not None else look),
        Span(sign, quiet),
    )


def _with_shape(value: str, shape: Sequence[float], room: int, glyphs: Glyphs) -> str:
    """Return a value and, where there is room, the way that a schedule has it go."""
    from grok_tui.charts.sparkline import level

    drawn = "".join(level(one, "ascii" if glyphs.ascii else "blocks") for one in shape)
    return f"{value} {drawn}" if cell_width(value) + 1 + len(drawn) <= room else value


def _heading(knob: Knob, width: int, glyphs: Glyphs) -> Line:
    note = "" if knob.live else fit(f" {glyphs.restart} restart", width - len(knob.section), ellipsis="")
    return (Span(knob.section, "title"), Span(note, "muted"))


def name_column(width: int) -> int:
    """Return the width of the column of names in a panel of some width."""
    return max(8, min(16, width * 14 // 24))


class KnobList(Lines, can_focus=True):
    """The rows of the panel, scrolled so that the marked one is seen."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.pane_bindings("parameters"))


class Parameters(Vertical):
    """The panel.

    Attributes:
        knobs: the parameters that are shown, in the order of their rows.
        place: the marked one.
    """

    DEFAULT_CSS = """
    Parameters { layers: base edit; }
    Parameters > KnobList { height: 1fr; layer: base; }
    Parameters > #hint { height: 3; dock: bottom; layer: base; }
    Parameters > Input { layer: edit; position: absolute; display: none; height: 1; }
    """

    class Edited(Message):
        """A good value was typed or chosen for a knob."""

        def __init__(self, knob: Knob, text: str) -> None:
            super().__init__()
            self.knob, self.text = knob, text

    class Opened(Message):
        """The knob of the optimizer itself was opened."""

    class ArmChosen(Message):
        """An arm was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, problem: Callable[[Knob, str], str], *, id: str | None = None) -> None:  # noqa: A002
        """Take what tells the problem of a text typed for a knob, or nothing."""
        super().__init__(id=id)
        self.knobs: Sequence[Knob] = ()
        self.place = 0
        self._problem = problem
        self._all: Sequence[Knob] = ()
        self._unfolded: set[str] = set()
        self._pending: Mapping[str, str] = {}
        self._snapshot: Snapshot | None = None
        self._selected = ""
        self._turns = 0  # how often the knobs have changed
        self._edited: Knob | None = None
        self._trouble = ""  # what is wrong with what was typed or chosen last
        self._first = 0
        self._targets: list[int | str | None] = []  # of each row: the place of a knob, or the name of an arm

    def compose(self) -> ComposeResult:
        """Lay out the rows, the field to type in, and the lines of help."""
        yield KnobList()
        yield Input(compact=True, select_on_focus=True)
        yield Lines(id="hint")

    @property
    def editing(self) -> bool:
        """Whether a value is being typed."""
        return self._edited is not None

    @property
    def marked(self) -> Knob | None:
        """The marked knob."""
        return self.knobs[self.place] if self.place < len(self.knobs) else None

    def update_from(
        self, snapshot: Snapshot, selected: str, knobs: Sequence[Knob], pending: Mapping[str, str]
    ) -> None:
        """Show the knobs of an arm; pending: what was typed for those that wait for a restart, by key."""
        self._turns += knobs is not self._all or pending != self._pending
        self._snapshot, self._selected, self._all, self._pending = snapshot, selected, knobs, dict(pending)
        self._fold()

    def _fold(self) -> None:
        """Leave out the rows of folded sections, and mark the row that was marked if it is still there."""
        key = self.marked.key if self.marked is not None else ""
        self.knobs = folded(self._all, self._unfolded, self._pending)
        last = max(0, len(self.knobs) - 1)
        self.place = next((i for i, knob in enumerate(self.knobs) if knob.key == key), min(self.place, last))
        self._redraw()

    def _turn_fold(self, section: str) -> None:
        """Show all rows of a section, or leave out those that are as they always are."""
        self._unfolded ^= {section}
        self._turns += 1
        self._fold()

    def move(self, by: int) -> None:
        """Mark a knob further up or down."""
        self.place = max(0, min(self.place + by, len(self.knobs) - 1))
        self._trouble = ""
        self._redraw()

    def edit(self) -> None:
        """Change the marked knob: take the next of its choices, or open a field to type in."""
        knob = self.marked
        if knob is None:
            return
        if knob.key.startswith(FOLD):
            self._turn_fold(knob.section)
        elif not knob.choices and knob.key != OPTIMIZER:
            self._open(knob)
        elif knob.key == OPTIMIZER:
            self.post_message(self.Opened())
        else:
            choices = [shown(choice) for choice in knob.choices]
            present = choices.index(self._pending.get(knob.key, knob.text))
            chosen = choices[(present + 1) % len(choices)]
            self._trouble = self._problem(knob, chosen)
            if not self._trouble:
                self.post_message(self.Edited(knob, chosen))
            self._show_hint()

    def close(self) -> None:
        """Leave the field without a change."""
        if self._edited is None:
            return
        self._edited, self._trouble = None, ""
        field = self.query_one(Input)
        had_focus = field.has_focus
        field.display = False
        if had_focus:
            self.query_one(KnobList).focus()
        self._redraw()

    def _open(self, knob: Knob) -> None:
        rows, field = self.query_one(KnobList), self.query_one(Input)
        column = name_column(rows.size.width) + 1
        self._edited = knob
        field.styles.offset = (column, self._targets.index(self.place) - self._first)
        field.styles.width = max(rows.size.width - column, 4)
        field.value = self._pending.get(knob.key, knob.text)
        field.display = True
        field.focus()
        self._show_hint()

    def _redraw(self) -> None:
        rows = self.query_one(KnobList)
        width, height = rows.size
        if self._snapshot is None or not width:
            return
        arms = tuple(
            (arm.name, arm.optimizer.name, arm.diverged, len(arm.events), arm.step >= arm.end)
            for arm in self._snapshot.arms
        )
        pending = tuple(self._pending.items())
        place = (self.place, rows.has_focus, rows.size)
        if not rows.is_news(arms, self._selected, self._turns, pending, place):
            return
        lines, self._targets = self._layout(width, height)
        at = self._targets.index(self.place) if self.place in self._targets else 0
        # The marked row stays in view, and so does the heading above it.
        self._first = max(0, min(self._first, at - 1, len(lines) - height))
        self._first = max(self._first, at - height + 1)
        rows.show(lines[self._first : self._first + height])
        self._show_hint()

    def _layout(self, width: int, height: int) -> tuple[list[Line], list[int | str | None]]:
        """Return all rows, and what each of them stands for."""
        assert self._snapshot is not None
        glyphs = self.query_one(KnobList).explorer.glyphs
        arms = arm_lines(self._snapshot, self._selected, width, glyphs)
        names: list[int | str | None] = [arm.name for arm in self._snapshot.arms]
        room = max(1, height - KNOBS, min(LEAST_ARMS, height - LEAST_KNOBS))
        if len(arms) > room:
            chosen = names.index(self._selected) if self._selected in names else 0
            first = max(0, min(chosen - room // 2, len(arms) - room))
            arms, names = arms[first : first + room], names[first : first + room]
        lines, targets = arms, names
        focused = self.query_one(KnobList).has_focus
        sections = len({knob.section for knob in self.knobs})
        spacious = len(arms) + len(self.knobs) + 2 * sections <= height
        section = ""
        for place, knob in enumerate(self.knobs):
            if knob.section != section:
                section = knob.section
                if spacious:
                    lines.append(())
                    targets.append(None)
                if not knob.key.startswith(FOLD):  # which says itself what it unfolds
                    lines.append(_heading(knob, width, glyphs))
                    targets.append(None)
            pending = self._pending.get(knob.key)
            mark = place == self.place and focused
            lines.append(knob_line(knob, pending, width, glyphs, marked=mark))
            targets.append(place)
        return lines, targets

    def _show_hint(self) -> None:
        """Tell what the marked knob means, or what is wrong with what is typed for it."""
        hint = self.query_one("#hint", Lines)
        knob = self._edited or self.marked
        active = self._edited is not None or self.query_one(KnobList).has_focus
        if knob is None or not active:
            hint.show([])
            return
        text, role = (self._trouble, "bad") if self._trouble else (knob.hint, "muted")
        rows = wrapped(
            clean(text),
            hint.size.width - 1,
            HINT_ROWS,
            ellipsis=self.query_one(KnobList).explorer.glyphs.ellipsis,
        )
        hint.show([(Span(f" {row}", role),) for row in rows])

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        event.stop()
        if self._edited is not None:
            self._trouble = self._problem(self._edited, event.value)
            event.input.set_class(bool(self._trouble), "-wrong")
            self._show_hint()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        knob = self._edited
        if knob is None or self._problem(knob, event.value):
            return
        self.close()
        if event.value != self._pending.get(knob.key, knob.text):
            self.post_message(self.Edited(knob, event.value))

    def on_descendant_focus(self) -> None:
        """Mark a row when the rows have the focus."""
        self._redraw()

    def on_descendant_blur(self) -> None:
        """Leave the field when the focus goes elsewhere."""
        self.call_later(self._after_blur)

    def _after_blur(self) -> None:
        if not self.query_one(Input).has_focus:
            self.close()
        self._redraw()

    def on_resize(self) -> None:
        """Use the room there is."""
        self.close()
        self.call_after_refresh(self._redraw)

    def on_click(self, event: Click) -> None:
        """Select the arm, or mark the knob, that was clicked; change it on a double click."""
        rows = self.query_one(KnobList)
        place = event.screen_y - rows.region.y + self._first
        target = self._targets[place] if 0 <= place < len(self._targets) else None
        if isinstance(target, str):
            self.post_message(self.ArmChosen(target))
        elif target is not None and not self.editing:
            self.place = target
            self._redraw()
            if event.chain == 2:
                self.edit()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Mark the knob above."""
        event.stop()
        self.move(-1)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Mark the knob below."""
        event.stop()
        self.move(1)
