"""How the explorer opens a preset: on which charts, and along which axis."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field

from ..catalog.base import Spec, knob, nearest
from ..catalog.charts import CHART_NAMES

MOST_CHARTS = 9


class PresetView(Spec):
    """What the explorer shows at first; everything else is a key away."""

    charts: Annotated[list[str], Field(max_length=MOST_CHARTS)] = knob(
        [],
        help="charts or measures, the most telling first; by default what claims name",
    )
    axis: Literal["log", "linear"] = knob("log", help="how steps are laid along the axis")

    def check(self, measures: Collection[str]) -> None:
        """Raise ValueError unless a run that takes these measures has all its charts."""
        valid = [*(name for name, of_some in CHART_NAMES.items() if not of_some), *measures]
        for i, name in enumerate(self.charts):
            if name not in valid:
                raise ValueError(f"view.charts[{i}]: unknown chart or measure '{name}'{nearest(name, valid)}")
            if name in self.charts[:i]:
                raise ValueError(f"view.charts[{i}]: '{name}' is named twice")
