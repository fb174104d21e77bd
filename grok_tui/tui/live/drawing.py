"""The part of the live screen that has its charts drawn, at a pace that leaves training its time."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import TYPE_CHECKING

from grok_tui.frontend.charts_of_runs import ranked, title, version
from grok_tui.tui.live.chart import MEASURE_TO_COME
from grok_tui.tui.live.stage import Stage
from grok_tui.tui.live.viewing import Viewing
from grok_tui.tui.look.pacing import Pacer

if TYPE_CHECKING:
    from grok_tui.charts.model import Chart
    from grok_tui.charts.picture import Picture
    from grok_tui.engine.run.snapshot import Snapshot

LATEST = 0.2  # seconds that a picture that is ready waits for the others


class Drawing:
    """Which charts are stale, which are being drawn, and the pictures that are ready.

    Attributes:
        pacer: says when a frame may be drawn; None until the screen stands.
    """

    def __init__(self, stage: Stage, viewing: Viewing) -> None:
        self.pacer: Pacer | None = None
        self._stage, self._viewing = stage, viewing
        self._drawing: set[int] = set()  # the places whose pictures are being drawn
        self._pictures: dict[int, Picture] = {}  # those that are ready, while others are being drawn
        self._asked = 0.0  # when they were asked for
        self._keys: dict[Hashable, int] = {}

    @property
    def under_way(self) -> bool:
        """Whether pictures are being drawn."""
        return bool(self._drawing)

    @property
    def busy(self) -> bool:
        """Whether pictures are still to come or to be shown."""
        return self._stage.explorer.drawer.busy or bool(self._pictures)

    def hasten(self) -> None:
        """Draw the next frame at once."""
        if self.pacer is not None:
            self.pacer.hasten()

    def stale(self, snapshot: Snapshot, selected: str) -> list[tuple[int, object]]:
        """List the places whose charts would look other than they do, and what they would then show."""
        seen, style = version(snapshot), self._stage.explorer.chart_style
        found: list[tuple[int, object]] = []
        for place, pane in enumerate(self._viewing.places):
            if pane.display and all(pane.room):
                key = (pane.chart, seen, self._viewing.view, selected, pane.room, style)
                if key != pane.shown:
                    found.append((place, key))
        return found

    def draw(self, snapshot: Snapshot, selected: str) -> bool:
        """Have those charts drawn that would look other than they do; return whether there are any."""
        pacer = self.pacer
        if pacer is None or not snapshot.arms or not pacer.due():
            return False
        stale = self.stale(snapshot, selected)
        for place, key in stale:
            pane = self._viewing.places[place]
            if pane.chart == MEASURE_TO_COME:
                pane.chart = self._another_chart(place)
            pane.shown = key
            width, height = pane.room
            chart = self._chart(pane.chart, snapshot, selected, width)
            style = self._stage.explorer.chart_style
            self._stage.explorer.drawer.submit(self._key(place), chart, width, height, style=style)
            self._drawing.add(place)
        if stale:
            pacer.drawn()
            self._asked = time.monotonic()
        return bool(stale)

    def _another_chart(self, place: int) -> str:
        """Return a chart for a place, one that no place before it shows if there is any."""
        charts, before = self._viewing.chart_ids(), {pane.chart for pane in self._viewing.places[:place]}
        others = [chart for chart in charts if chart not in before]
        first = [chart for chart in others if chart not in ranked("asked for")]
        return (first or others or charts)[0]

    def _key(self, place: int) -> Hashable:
        key = (id(self), place)
        self._keys[key] = place
        return key

    def _chart(self, name: str, snapshot: Snapshot, selected: str, width: int) -> Chart:
        from grok_tui.charts.model import LineChart
        from grok_tui.frontend import chart_builder

        try:
            return chart_builder.build(
                name, snapshot, self._viewing.view, selected, width, self._stage.explorer.glyphs.arms
            )
        except Exception as error:  # one chart that cannot be made must not end the explorer
            from grok_tui.catalog.blame import accounted

            return LineChart(title(name), empty=accounted(error))

    def take(self) -> bool:
        """Show the pictures that are ready, all at once; return whether there were any.

        Each time that Textual paints, it goes through the whole screen.
        """
        for key, picture in self._stage.explorer.drawer.poll().items():
            place = self._keys.get(key)  # none for a picture that another live screen asked for
            if place is not None:
                self._pictures[place] = picture
                self._drawing.discard(place)
        if not self._pictures or (self._drawing and time.monotonic() <= self._asked + LATEST):
            return False
        for place, picture in self._pictures.items():
            self._viewing.places[place].show(picture)
        self._pictures.clear()
        return True
