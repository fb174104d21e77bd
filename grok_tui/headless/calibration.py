"""What `grok-tui llc` found: estimates of a local learning coefficient under several settings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.llc import Sgld


@dataclass(frozen=True)
class Cell:
    """One estimate.

    Attributes:
        settings: with the n beta that was used.
        llc: the estimate; NaN where a chain ran away.
        error: its standard error over the chains; NaN of a single chain.
        acceptance: share of steps that a Metropolis test would have taken.
        warnings: what speaks against it.
        losses: L at each step, the mean over the chains [T].
        distances: ||w - w0||_2 likewise.
        seconds: how long it took.
    """

    settings: Sgld
    llc: float
    error: float
    acceptance: float
    warnings: tuple[str, ...]
    losses: NDArray[np.float64]
    distances: NDArray[np.float64]
    seconds: float

    @property
    def nbeta(self) -> float:
        """N beta."""
        assert self.settings.nbeta is not None
        return self.settings.nbeta


@dataclass(frozen=True)
class Calibration:
    """All estimates for an arm at one step.

    Attributes:
        preset: its name.
        arm: its name.
        seed: of the arm.
        step: at which the estimates were made.
        device: its name for people.
        samples: n.
        default: n / log n.
        cells: row by row, as far as they were made.
    """

    preset: str
    arm: str
    seed: int
    step: int
    device: str
    samples: int
    default: float
    cells: Sequence[Cell]

    @property
    def shown(self) -> Cell:
        """The cell whose traces are shown: the nearest to the default settings."""
        epsilon = Sgld().step_size

        def distance(cell: Cell) -> float:
            off = (cell.settings.step_size / epsilon, cell.nbeta / self.default)
            return sum(abs(math.log(ratio)) for ratio in off)

        return min(self.cells, key=distance)

    @property
    def gradients(self) -> int:
        """How many gradients of the loss over all samples were taken, by all chains together."""
        return sum(cell.settings.steps * cell.settings.chains for cell in self.cells)

    @property
    def seconds(self) -> float:
        """How long the estimates took."""
        return sum(cell.seconds for cell in self.cells)

    def document(self) -> dict[str, Any]:
        """Return all there is as JSON has it; what is not finite is null."""
        shown = self.shown
        return {
            "preset": self.preset,
            "arm": self.arm,
            "seed": self.seed,
            "step": self.step,
            "device": self.device,
            "samples": self.samples,
            "default_nbeta": self.default,
            "loss": _finite(shown.losses[0]),
            "estimates": [
                {
                    **cell.settings.model_dump(),
                    "llc": _finite(cell.llc),
                    "error": _finite(cell.error),
                    "acceptance": _finite(cell.acceptance),
                    "warnings": list(cell.warnings),
                    "seconds": cell.seconds,
                }
                for cell in self.cells
            ],
            "traces": {
                **shown.settings.model_dump(),
                "loss": _all_finite(shown.losses),
                "distance": _all_finite(shown.distances),
            },
            "cost": {"seconds": self.seconds, "gradients": self.gradients},
        }


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None


def _all_finite(numbers: Iterable[float]) -> list[float | None]:
    return [_finite(number) for number in numbers]
