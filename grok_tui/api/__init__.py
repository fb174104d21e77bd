"""The Python interface: presets carried out, and what came of them, for scripts and notebooks."""

from __future__ import annotations

from grok_tui.errors import GrokTuiError
from grok_tui.presets import Preset

from .exploring import explore
from .recorded import Curve, Vector
from .result import Result, load
from .running import preset, run

__all__ = ["Curve", "GrokTuiError", "Preset", "Result", "Vector", "explore", "load", "preset", "run"]
