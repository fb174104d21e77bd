"""What has room on a screen of some size."""

from __future__ import annotations

from dataclasses import dataclass, replace

CHROME = 3  # header, timeline and footer
LEAST_CHART = 9  # rows of the screen for each chart of a claim
MOST_ROWS = 3  # of charts
LEAST_PARAMETERS = 14  # rows that the parameters keep beside claims and log


@dataclass(frozen=True)
class ScreenPlan:
    """How the live screen is divided.

    Attributes:
        name: "minimal", "small", "normal" or "wide"; also a class of the screen for styles.
        columns: of the grid of charts.
        rows: of the grid of charts.
        side: the width of the panel beside the charts, or 0 for none.
        claims: rows for the claims in that panel; with 0 they take turns with the parameters.
        log: rows for the event log below them; with 0 it takes turns with the claims.
        timeline: whether the strip of events is shown.
    """

    name: str
    columns: int
    rows: int
    side: int = 0
    claims: int = 0
    log: int = 0
    timeline: bool = True

    @property
    def charts(self) -> int:
        """How many charts are shown at once."""
        return self.columns * self.rows


def claim_plan(chosen: ScreenPlan, comparisons: int, width: int, height: int) -> ScreenPlan:
    """Return how the screen is divided for the charts of a claim, one a comparison as far as they fit."""
    most = max(1, height // LEAST_CHART)
    if width < 100:
        return replace(chosen, columns=1, rows=min(comparisons, most), side=0)
    columns = 1 if comparisons == 1 else 2 if comparisons <= 4 else 3
    return replace(chosen, columns=columns, rows=min(-(-comparisons // columns), most, MOST_ROWS), side=0)


def plan(width: int, height: int, *, side: int = 30, claims: int = 8) -> ScreenPlan:
    """Divide a screen of `width` x `height` cells.

    Args:
        width: in cells.
        height: in cells.
        side: the width that the user wants for the panel beside the charts.
        claims: how many the preset has.
    """
    if width < 60 or height < 20:
        return ScreenPlan("minimal", 1, 1, timeline=height >= 12)
    side = max(18, min(side, width * 3 // 8))
    room = height - CHROME - LEAST_PARAMETERS
    if width < 80 or height < 24:
        return ScreenPlan("small", 1, 1, min(side, 26))
    if width < 100 or height < 30:
        return ScreenPlan("small", 1, 2 if height < 40 else 3, min(side, 28), max(0, min(room, claims + 2)))
    if width < 170 or height < 44:
        rows = min(max(7, height // 3), 2 * claims + 2)
        return ScreenPlan("normal", 2, 2 if height < 60 else 3, min(side + 4, 40), rows)
    shown = min(2 * claims + 2, room // 2)
    return ScreenPlan("wide", 3, 2 if height < 72 else 3, min(side + 14, 52), shown, min(12, room - shown))
