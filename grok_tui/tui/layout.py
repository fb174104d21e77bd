"""What has room on a screen of some size."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How the live screen is divided.

    Attributes:
        name: "minimal", "small", "normal" or "wide"; also a class of the screen for styles.
        columns: of the grid of charts.
        rows: of the grid of charts.
        side: the width of the panel beside the charts, or 0 for none.
        claims: rows for claims or event log in that panel, or 0 for none.
        log: whether the event log stands below the claims, not in their place.
        timeline: whether the strip of events is shown.
        notice: what to tell the user, or nothing.
    """

    name: str
    columns: int
    rows: int
    side: int
    claims: int
    log: bool = False
    timeline: bool = True
    notice: str = ""

    @property
    def charts(self) -> int:
        """How many charts are shown at once."""
        return self.columns * self.rows


def plan(width: int, height: int, *, side: int = 30) -> Plan:
    """Divide a screen of `width` x `height` cells.

    side: the width that the user wants for the panel beside the charts.
    """
    if width < 60 or height < 20:
        notice = "60 x 20 cells or more show the parameters as well"
        return Plan("minimal", 1, 1, 0, 0, timeline=height >= 12, notice=notice)
    side = max(18, min(side, width * 3 // 8))
    if width < 80 or height < 24:
        return Plan("small", 1, 1, min(side, 24), 0)
    if width < 100 or height < 30:
        rows = 2 if height < 40 else 3
        return Plan("small", 1, rows, min(side, 28), max(0, height - 18))
    if width < 170 or height < 44:
        return Plan("normal", 2, 2 if height < 60 else 3, min(side + 4, 40), max(7, height // 3))
    return Plan("wide", 3, 2 if height < 72 else 3, min(side + 14, 52), height // 3, log=True)
