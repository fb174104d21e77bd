"""The Python interface: presets carried out, and what came of them, for scripts and notebooks."""

from __future__ import annotations

from grok_tui.errors import GrokTuiError
from grok_tui.presets import Preset

from .exploring import explore
from .result import Curve, Result, Vector
from .running import preset, run
from .saving import load

__all__ = ["Curve", "GrokTuiError", "Preset", "Result", "Vector", "explore", "load", "preset", "run"]
