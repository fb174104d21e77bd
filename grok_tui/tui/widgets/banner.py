"""A calm notice above the charts: what went wrong, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grok_tui.numbers import grouped
from grok_tui.tui.widgets.lines import Line, Lines, Span, clean, wrapped

if TYPE_CHECKING:
    from grok_tui.engine.snapshot import Snapshot

REASON_ROWS = 3


def banner_lines(snapshot: Snapshot, width: int, *, ellipsis: str = "…") -> list[Line]:
    """Return the notice for a run that failed or diverged, or nothing."""
    if snapshot.failure is not None:
        rows = wrapped(clean(snapshot.failure), width - 2, REASON_ROWS, ellipsis=ellipsis)
        return [
            (Span("Training stopped. ", "bad"), Span("What was recorded is kept.", "muted")),
            *((Span(row),) for row in rows),
            _keys(("r", "restart"), ("b", "presets"), ("e", "export"), ("D", "details")),
        ]
    fallen = [
        f"{arm.name} at step {grouped(min(e.step for e in arm.events if e.name == 'divergence'))}"
        for arm in snapshot.arms
        if any(event.name == "divergence" for event in arm.events)
    ]
    if not fallen:
        return []
    text = f"The loss became NaN or infinite: {', '.join(fallen)}. "
    return [
        *((Span(row, "warning"),) for row in wrapped(clean(text), width - 2, 2, ellipsis=ellipsis)),
        _keys(("r", "restart"), ("o", "another optimizer, then r")),
    ]


def _keys(*pairs: tuple[str, str]) -> Line:
    spans: list[Span] = []
    for key, what in pairs:
        spans += [Span(key, "key"), Span(f" {what}  ", "muted")]
    return tuple(spans)


class Banner(Lines):
    """The notice; it takes no room when all is well."""

    def update_from(self, snapshot: Snapshot) -> None:
        """Show what is wrong with a run, if anything is."""
        found = banner_lines(snapshot, self.size.width or 40, ellipsis=self.explorer.glyphs.ellipsis)
        self.display = bool(found)
        self.show(found)
