"""How the charts are looked at: axes, window of time, arms, and the view of the weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from grok_tui.frontend.charts_of_runs import CHARTS

if TYPE_CHECKING:
    from grok_tui.engine.run.snapshot import Snapshot

WeightsView = Literal["trajectories", "bars", "heatmap"]
WEIGHTS_VIEWS: tuple[WeightsView, ...] = ("trajectories", "bars", "heatmap")

SMALLEST_SPAN = 1 / 256
PAN = 0.25  # of the window
ZOOM = 2.0


def last_step(snapshot: Snapshot, view: View | None = None, selected: str = "") -> int:
    """Return the step that the furthest arm has come to; where a part is looked at, the selected one.

    Else a window at the end would be at that of another arm, and the selected one out of the picture.
    """
    if view is not None and (view.span < 1 or not view.overlay):
        steps = [arm.step for arm in snapshot.arms if arm.name == selected]
        if steps:
            return steps[0]
    return max((arm.step for arm in snapshot.arms), default=0)


def roomy(step: int) -> int:
    """Return the first of 10, 13, 16, 20, 25, 32, 40, 50, 63, 79, 100... that is not below a step."""
    place = math.ceil(10 * math.log10(max(step, 10)) - 0.02)
    return max(step, round(10 ** (place / 10)))


@dataclass(frozen=True)
class View:
    """One way to look at all charts of a run; frozen, and changed by copies.

    Attributes:
        log_x: whether the time axis is logarithmic.
        log_y: the charts with logarithmic values.
        overlay: whether all arms are shown, or the selected one alone.
        weights: how the weights are shown.
        span: the share of the time axis that the window shows, along the axis as it is drawn.
        end: the step at which a window that stands still ends; None follows the run.
        cursor: the earlier step that is looked at, or None for now.
    """

    log_x: bool = True
    log_y: frozenset[str] = frozenset(chart.id for chart in CHARTS.values() if chart.log_y)
    overlay: bool = True
    weights: WeightsView = "trajectories"
    span: float = 1.0
    end: float | None = None
    cursor: int | None = None

    @property
    def following(self) -> bool:
        """Whether the window ends at the latest step."""
        return self.end is None

    def window(self, last: int, *, growing: bool = False) -> tuple[float, float]:
        """Return the first and the last step shown of a run that has come to step `last`.

        growing: leave room for steps to come, so that the axis seldom moves.
        """
        if self.span >= 1 and self.end is None:
            return self._first, float(roomy(last) if growing else max(last, 2))
        start, stop = self._place(self._first), self._place(max(last, 2))
        end = stop if self.end is None else self._place(self.end)
        return self._step(max(start, end - self.span * (stop - start))), self._step(end)

    def zoomed(self, factor: float) -> View:
        """Return the view with `factor` times as much time in the window."""
        return replace(self, span=min(1.0, max(SMALLEST_SPAN, self.span * factor)))

    def panned(self, windows: float, last: int) -> View:
        """Return the view moved by so many windows; at the latest step it follows again."""
        start, stop = self._place(self._first), self._place(max(last, 2))
        width = self.span * (stop - start)
        end = (stop if self.end is None else self._place(self.end)) + windows * width
        if end >= stop - 1e-9:
            return replace(self, end=None)
        return replace(self, end=self._step(max(end, start + width)))

    def frozen(self, last: int) -> View:
        """Return the view that stands still at step `last`, or that follows again if it stood still."""
        return replace(self, end=float(max(last, 2)) if self.end is None else None)

    def at(self, cursor: int | None, last: int) -> View:
        """Return the view with the cursor, in sight, at a step of a run that has come to step `last`."""
        view = replace(self, cursor=cursor)
        first, end = view.window(last)
        if cursor is None or first <= cursor <= end:
            return view
        start, stop = view._place(view._first), view._place(max(last, 2))
        width = view.span * (stop - start)
        middle = view._place(cursor) + width / 2
        return replace(view, end=view._step(min(max(middle, start + width), stop)))

    def whole(self) -> View:
        """Return the view of all steps, following."""
        return replace(self, span=1.0, end=None)

    def with_log_y(self, chart: str) -> View:
        """Return the view with logarithmic and linear values of a chart swapped."""
        return replace(self, log_y=self.log_y ^ {chart})

    def next_weights(self) -> View:
        """Return the view with the next way to show the weights."""
        place = WEIGHTS_VIEWS.index(self.weights) + 1
        return replace(self, weights=WEIGHTS_VIEWS[place % len(WEIGHTS_VIEWS)])

    @property
    def _first(self) -> float:
        return 1.0 if self.log_x else 0.0

    def _place(self, step: float) -> float:
        return math.log10(max(step, 1.0)) if self.log_x else float(step)

    def _step(self, place: float) -> float:
        return float(10.0**place) if self.log_x else place
