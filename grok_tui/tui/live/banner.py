"""A calm notice above the charts: what went wrong, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from grok_tui.numbers import grouped
from grok_tui.tui.keys import BY_ID, key_name
from grok_tui.tui.keys.keymap import keys_of
from grok_tui.tui.parts.lines import Line, Lines, Span, clean, wrapped

if TYPE_CHECKING:
    from grok_tui.engine.run.snapshot import Snapshot

REASON_ROWS = 3
NARROW = 40  # cells that are taken for granted until the width is known


def banner_lines(
    snapshot: Snapshot, width: int, keymap: Mapping[str, str], *, ellipsis: str = "…"
) -> list[Line]:
    """Return the notice for a run that failed or diverged, or nothing."""
    if snapshot.failure is not None:
        rows = wrapped(clean(snapshot.failure), width - 2, REASON_ROWS, ellipsis=ellipsis)
        return [
            (Span("Training stopped. ", "bad"), Span("What was recorded is kept.", "muted")),
            *((Span(row),) for row in rows),
            _keys(keymap, "run.restart", "explorer.presets", "explorer.export", "explorer.debug"),
        ]
    fallen = [
        f"{arm.name} at step {grouped(min(e.step for e in arm.events if e.name == 'divergence'))}"
        for arm in snapshot.arms
        if arm.diverged
    ]
    if not fallen:
        return []
    text = f"The loss became NaN or infinite: {', '.join(fallen)}. "
    return [
        *((Span(row, "warning"),) for row in wrapped(clean(text), width - 2, 2, ellipsis=ellipsis)),
        _keys(keymap, "run.restart", "optimizer.choose"),
    ]


def _keys(keymap: Mapping[str, str], *actions: str) -> Line:
    spans: list[Span] = []
    for action in map(BY_ID.__getitem__, actions):
        key = key_name(keys_of(action, keymap)[0])
        spans += [Span(key, "key"), Span(f" {action.verb[0].lower()}{action.verb[1:]}  ", "muted")]
    return tuple(spans)


class Banner(Lines):
    """The notice; it takes no room when all is well."""

    _snapshot: Snapshot | None = None

    def on_mount(self) -> None:
        """Take no room before there is a run."""
        self.display = False

    def update_from(self, snapshot: Snapshot) -> None:
        """Show what is wrong with a run, if anything is."""
        self._snapshot = snapshot
        explorer, width = self.explorer, self.size.width or NARROW
        found = banner_lines(snapshot, width, explorer.settings.keymap, ellipsis=explorer.glyphs.ellipsis)
        self.display = bool(found)
        self.show(found)

    def on_resize(self) -> None:
        """Use the room there is."""
        if self._snapshot is not None:
            self.update_from(self._snapshot)
