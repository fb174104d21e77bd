"""A laboratory in the terminal for grokking and optimizer dynamics.

From Python:

    import grok_tui as gt

    result = gt.run("linear101", seed=7, replicas=8, set={"optimizer.lr": 0.01})
    steps, values = result.curve("adam.val_accuracy")  # [n], [n, R]

Importing it imports neither torch nor anything else that takes time; the first use does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Curve, GrokTuiError, Preset, Result, Vector, explore, load, preset, run

__all__ = ["Curve", "GrokTuiError", "Preset", "Result", "Vector", "explore", "load", "preset", "run"]


def __getattr__(name: str) -> Any:
    """Import what is asked for by name."""
    if name not in __all__:
        raise AttributeError(f"module 'grok_tui' has no attribute '{name}'")
    from . import api

    return getattr(api, name)


def __dir__() -> list[str]:
    """Return the names that the package offers, and its own."""
    return sorted({*globals(), *__all__})
