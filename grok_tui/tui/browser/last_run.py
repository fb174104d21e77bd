"""A small picture of how a preset's last run went: a row an arm, in one line of characters each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from grok_tui.charts.sparkline import sparkline
from grok_tui.charts.text import fit
from grok_tui.frontend.glyphs import arm_look
from grok_tui.numbers import grouped
from grok_tui.tui.parts.lines import Line, Span, clean

if TYPE_CHECKING:
    from grok_tui.frontend.glyphs import Glyphs
    from grok_tui.frontend.verdicts import Outcome
    from grok_tui.presets import Preset

MOST_ROWS = 8  # arms; the rest are counted
WIDEST = 48  # cells
LONGEST_NAME = 18  # cells of an arm's name
NARROWEST = 8  # cells, below which there is nothing to see


def picture(preset: Preset, outcome: Outcome | None, width: int, glyphs: Glyphs) -> list[Line]:
    """Return rows with the validation accuracy of each arm over the steps of its last run.

    It has none where nothing is remembered, or of arms that the preset has no more.
    """
    places = {arm.name: place for place, arm in enumerate(preset.arms)}
    curves = [(name, curve) for name, curve in (outcome.curves if outcome else {}).items() if name in places]
    column = min(max((len(name) for name, _ in curves), default=0), LONGEST_NAME) + 1
    room = min(width - column - 9, WIDEST)
    if not curves or room < NARROWEST:
        return []
    last = max(arm.training.steps for arm in preset.arms)
    rows: list[Line] = [
        (Span("Validation accuracy", "accent"), Span(f"  last run, steps 1 to {grouped(last)}, log", "muted"))
    ]
    for name, curve in curves[:MOST_ROWS]:
        color, sign = arm_look(places[name], glyphs.arms)
        label = fit(clean(name, ascii_only=glyphs.ascii), column - 1, ellipsis=glyphs.ellipsis).ljust(column)
        values = np.array([np.nan if value is None else value for value in curve])
        along = np.linspace(0, 1, values.size)
        drawn = sparkline(along, values, room, "ascii" if glyphs.ascii else "braille")
        known = [value for value in curve if value is not None]
        end = f"{known[-1]:5.2f}" if known else ""
        rows.append(
            (Span("  "), Span(f"{sign} ", color), Span(label), Span(drawn, color), Span(end, "muted"))
        )
    if len(curves) > MOST_ROWS:
        rows.append((Span(f"  {len(preset.arms) - MOST_ROWS} more arms", "muted"),))
    return [*rows, ()]
