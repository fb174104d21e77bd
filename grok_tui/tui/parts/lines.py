"""A widget whose rows are given, and of which only the rows that changed are drawn again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import ClassVar, NamedTuple

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from grok_tui.charts.text import cell_width, fit, sanitize
from grok_tui.tui.explorer import OnExplorer


class Span(NamedTuple):
    """A piece of a row and its role, which is a component class of `Lines` or a colour of the charts."""

    text: str
    role: str = "text"


Line = tuple[Span, ...]

ROLES = ("text", "muted", "title", "accent", "good", "bad", "warning", "key", "marked", "marked-muted")


class Lines(OnExplorer, Widget):
    """Shows rows of spans.

    Args:
        grows: whether it is as high as it has rows.
    """

    DEFAULT_CSS = """
    Lines > .lines--muted { color: $text-muted; }
    Lines > .lines--title { text-style: bold; }
    Lines > .lines--accent { color: $accent; }
    Lines > .lines--good { color: $success; }
    Lines > .lines--bad { color: $error; }
    Lines > .lines--warning { color: $warning; }
    Lines > .lines--key { color: $footer-key-foreground; text-style: bold; }
    Lines > .lines--marked { color: $block-cursor-foreground; background: $block-cursor-background; }
    Lines > .lines--marked-muted { color: $text-muted; background: $block-cursor-background; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{role}" for role in ROLES}
    ALLOW_SELECT = False

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002  (Textual's name)
        classes: str | None = None,
        grows: bool = False,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._grows = grows
        self._lines: tuple[Line, ...] = ()
        self._styles_of_roles: dict[str, Style] = {}
        self._state: object = None

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    @property
    def text(self) -> str:
        """What is shown, without its looks."""
        return "\n".join("".join(span.text for span in line) for line in self._lines)

    def is_news(self, *state: object) -> bool:
        """Whether a state is not the one that was asked about last, so that its rows are to be worked out."""
        before, self._state = self._state, state
        return before != state

    def show(self, lines: Sequence[Line]) -> None:
        """Show other rows."""
        before, self._lines = self._lines, tuple(lines)
        if self._grows:
            # `height: auto` can stay at what it was: Textual caches it, and does not notice rows that change
            # between a request for a layout and that layout.
            self.styles.height = len(self._lines)
        rows = max(len(before), len(self._lines))
        changed = [y for y in range(rows) if before[y : y + 1] != self._lines[y : y + 1]]
        if changed:
            width = self.size.width
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def restyle(self) -> None:
        """Forget all looks: the theme has changed."""
        self._styles_of_roles.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Take up what a changed stylesheet says."""
        self._styles_of_roles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Return one row as Textual wants it."""
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, self.style_of("text"))
        return strip_of(self._lines[y], width, self.style_of)

    def style_of(self, role: str) -> Style:
        """Return how a role looks under the present theme."""
        style = self._styles_of_roles.get(role)
        if style is None:
            style = self._style_of(role)
            self._styles_of_roles[role] = style
        return style

    def _style_of(self, role: str) -> Style:
        base = self.rich_style
        if role in ROLES:
            return base + self.get_component_rich_style(f"lines--{role}", partial=True)
        ink = self.explorer.chart_style.ink(role)
        return base + Style(color=Color.parse(ink.color) if ink.color else None, dim=ink.dim or None)


def strip_of(line: Line, width: int, style_of: Callable[[str], Style]) -> Strip:
    """Return a row of spans, cut or filled to `width` cells; a marked row is marked to its end."""
    segments = []
    left = width
    for span in line:
        text = span.text if cell_width(span.text) <= left else fit(span.text, left, ellipsis="")
        if text:
            segments.append(Segment(text, style_of(span.role)))
            left -= cell_width(text)
    if left > 0:
        marked = bool(line) and line[-1].role.startswith("marked")
        segments.append(Segment(" " * left, style_of(line[-1].role if marked else "text")))
    return Strip(segments, width)


@lru_cache(maxsize=1024)
def clean(text: str, *, ascii_only: bool = False) -> str:
    """Return a text from elsewhere on one line, in characters whose width is known."""
    return sanitize(" ".join(text.split()), ascii_only=ascii_only)


def wrapped(text: str, width: int, most: int, *, ellipsis: str = "…") -> list[str]:
    """Break a text into at most `most` rows of `width` cells; what has no room is cut."""
    rows: list[str] = []
    words = text.split()
    while words and width > 0:
        row = words.pop(0)
        while words and cell_width(row) + 1 + cell_width(words[0]) <= width:
            row += " " + words.pop(0)
        if cell_width(row) > width and len(rows) + 1 < most:
            head = fit(row, width, ellipsis="")
            words.insert(0, row[len(head) :])
            row = head
        if len(rows) + 1 == most and words:
            row = fit(" ".join([row, *words]), width, ellipsis=ellipsis)
            words = []
        rows.append(fit(row, width, ellipsis=ellipsis))
    return rows
