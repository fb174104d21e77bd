"""How long the presets that ship took where the pages of all claims were written: one thread of a CPU.

The table beside this module is made of those pages (`grok_tui.headless.times`), which tell the same.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ..reading import read_toml

FILE = Path(__file__).with_name("times.toml")
LARGEST_FILE = 100_000  # bytes


@cache
def known_seconds() -> dict[str, dict[str, float]]:
    """Return the seconds that presets took, by profile and name."""
    return read_toml(FILE, LARGEST_FILE, "table of times")
