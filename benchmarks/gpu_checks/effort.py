"""How much the checks do, as every process of a run is told: through its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

SHORT = "GROK_TUI_GPU_SHORT"
EMULATED = "GROK_TUI_GPU_EMULATED"

EMULATED_SLOWNESS = 10.0


@dataclass(frozen=True)
class Effort:
    """How much to do.

    Attributes:
        short: whether the short form of each check will do.
        emulated: the Python file or package that emulates a CUDA device, or None where there is a real one.
            Problems are then tiny, and no speed is judged.
    """

    short: bool = False
    emulated: Path | None = None

    @classmethod
    def of_this_process(cls) -> Effort:
        """Return what the process was told."""
        emulated = os.environ.get(EMULATED)
        return cls(os.environ.get(SHORT) == "1", Path(emulated) if emulated else None)

    @property
    def environment(self) -> dict[str, str]:
        """What tells it to a process."""
        return {SHORT: "1" if self.short else "0", EMULATED: str(self.emulated or "")}

    @property
    def slowness(self) -> float:
        """How many times longer than on a GPU whatever is waited for may take."""
        return EMULATED_SLOWNESS if self.emulated else 1.0

    @property
    def tiny(self) -> bool:
        """Whether problems have to be as small as an emulated device wants them."""
        return self.emulated is not None


def allowed(seconds: float) -> float:
    """Return the seconds that something may take in this process, which takes so many at most on a GPU."""
    return seconds * Effort.of_this_process().slowness
