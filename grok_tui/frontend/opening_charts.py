"""On which charts a preset opens: those that it names, or those of what its claims are about."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from grok_tui.frontend.charts_of_runs import CHARTS, MEASURE, measures_shown, ranked

if TYPE_CHECKING:
    from grok_tui.presets import Preset

EVENT_CHARTS = {"fit": "accuracy", "grok": "accuracy", "slingshot": "loss", "divergence": "loss"}
"""The charts in which events are seen."""

ENVELOPE_CHARTS = {"step_loss": "loss", "update_size": "update", "update_in_lr": "update_in_lr"}
"""The charts whose bands the sides of the envelope are, by what their names begin with."""


def opening_charts(preset: Preset) -> list[str]:
    """Return the charts that a preset opens on, the most telling first, and after them those of every run.

    Unless the preset names them, they are what its claims name: the chart that most of them read, then the
    measures that are this preset's own, and then the others.
    """
    named = [chart_of(name) for name in preset.view.charts] or _claimed(preset)
    return list(dict.fromkeys([*named, *ranked("first")]))


def _claimed(preset: Preset) -> list[str]:
    claims = [
        dict.fromkeys(chart_of(one.name) for one in claim.condition.references) for claim in preset.claims
    ]
    counted = [chart for chart, _ in Counter(chart for charts in claims for chart in charts).most_common()]
    own = [chart for chart in counted if chart.startswith(MEASURE)]
    return [*counted[:1], *own, *counted]


def chart_of(name: str) -> str:
    """Return the chart in which a measure or an event is seen; a chart's name stands for itself."""
    from grok_tui.catalog.families import COORDINATES, LINEAR101
    from grok_tui.catalog.measures import shipped

    if name in CHARTS:
        return name
    if name in EVENT_CHARTS:
        return EVENT_CHARTS[name]
    for beginning, chart in ENVELOPE_CHARTS.items():
        if name.startswith(beginning):
            return chart
    if name in shipped(COORDINATES) or name in shipped(LINEAR101):
        return "weights"
    showing = (chart.id for chart in CHARTS.values() if name in measures_shown(chart))
    return next(showing, MEASURE + name)
