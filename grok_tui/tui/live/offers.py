"""What the command palette offers of a run: its measures, its arms, and what happened to them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from grok_tui.frontend.charts_of_runs import MEASURE, phrase, title
from grok_tui.frontend.happenings import happenings
from grok_tui.numbers import grouped
from grok_tui.tui.parts.command import Command

if TYPE_CHECKING:
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.tui.live.steering import Steering
    from grok_tui.tui.live.travelling import Travelling
    from grok_tui.tui.live.viewing import Viewing

MOST_EVENTS = 50  # of an arm; the latest are offered


def offers(snapshot: Snapshot, viewing: Viewing, steering: Steering, travelling: Travelling) -> list[Command]:
    """List what can be shown, selected and gone to in a run as it stands."""
    charts = [
        Command(f"chart: Show {title(chart).lower()}", phrase(chart), partial(viewing.show_chart, chart))
        for chart in viewing.chart_ids()
        if chart.startswith(MEASURE)
    ]
    arms = [
        Command(
            f"arm: Select {arm.name}",
            "Knobs and interventions go to it.",
            partial(steering.select, arm.name),
        )
        for arm in snapshot.arms
    ]
    steps = [
        Command(
            f"time: Look at {label} of {arm.name}, step {grouped(step)}",
            "See the run as it was, in all panes.",
            partial(travelling.look_at, arm.name, step),
        )
        for arm in snapshot.arms
        for step, label, _ in happenings(arm)[-MOST_EVENTS:]
    ]
    return [*charts, *arms, *steps]
