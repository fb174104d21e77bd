"""The names of the charts that show more than one measure; how they look is the front ends' matter."""

from __future__ import annotations

from typing import Literal, get_args

ChartName = Literal["accuracy", "loss", "weights", "pairs", "margins", "norms", "update", "update_in_lr"]

OF_SOME_TASKS = ("pairs", "margins")
"""Those that only runs have which take the measure of that name."""

CHART_NAMES: dict[str, bool] = {name: name in OF_SOME_TASKS for name in get_args(ChartName)}
"""Every such chart, and whether only some tasks have it."""
