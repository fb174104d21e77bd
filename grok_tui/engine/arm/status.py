"""An arm as others see it. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.catalog.modifiers import Modifiers
    from grok_tui.catalog.optimizers import OptimizerSpec
    from grok_tui.engine.record.history import CoordinateHistory, Event, History


@dataclass(frozen=True)
class ArmStatus:
    """One arm as it stands; any thread may read `history.curve` and `coordinates.table`."""

    name: str
    step: int
    end: int
    optimizer: OptimizerSpec
    since: int
    modifiers: Modifiers
    batch_size: int | Literal["full"]
    diverged: bool
    interventions: tuple[AnyIntervention, ...]
    events: tuple[Event, ...]
    history: History
    coordinates: CoordinateHistory | None
    grid: NDArray[np.int8] | None
    """What is learnt of a table, [n, n], a `grok_tui.lab.measures.grid.Cell` each."""
    margins: NDArray[np.float32] | None
    """By how much the first replica is right on each training sample, [N], where it tells classes apart."""
    labels: tuple[str, ...]
    """One label a coordinate."""
    generalizes: tuple[bool, ...]
    """Which coordinates generalize."""
    parent: str = ""
    """Of a fork: the arm that it comes from."""
    born: int = 0
    """Of a fork: the step of its parent that it began with."""
