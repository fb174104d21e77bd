"""What is recorded of a run: curves, vectors and weights of each arm, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.base import nearest
from grok_tui.errors import GrokTuiError
from grok_tui.frontend.report import Report

if TYPE_CHECKING:
    from grok_tui.engine.arm.arm import Arm

T = TypeVar("T")


class Curve(NamedTuple):
    """A measure over the recorded steps.

    Attributes:
        steps: int64 [n].
        values: float64 [n, R], a column a replica; NaN where nothing was measured.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float64]


class Vector(NamedTuple):
    """A measure with axes over the recorded steps that are kept.

    Attributes:
        steps: int64 [n].
        values: float32 [n, R, ...], an axis of the array for each name in `axes`.
        axes: the names of the axes.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float32]
    axes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ArmResult:
    """What came of one arm.

    Attributes:
        curves: the measures by name, the sides of the envelope among them.
        vectors: the measures with axes that were asked for, by name.
        theta: the weights at the end [R, P].
        layout: name and shape of each tensor in theta, in its order.
    """

    curves: Mapping[str, Curve]
    vectors: Mapping[str, Vector]
    theta: NDArray[np.floating[Any]]
    layout: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, arm: Arm) -> ArmResult:
        """Return what an arm has recorded and become."""
        history, back = arm.history, arm.looked_back
        curves = {name: Curve(*history.curve(name)) for name in history.names}
        curves |= {name: Curve(back.steps, back.values(name)) for name in back.names if len(back)}
        vectors = {
            name: Vector(*kept.table(), tuple(axis.name for axis in kept.axes))
            for name, kept in arm.vectors.items()
        }
        layout = tuple((piece.name, tuple(piece.shape)) for piece in arm.optimizer.rule.layout)
        return cls(curves, vectors, arm.theta.detach().cpu().numpy().copy(), layout)

    @property
    def parameters(self) -> dict[str, NDArray[np.floating[Any]]]:
        """The tensors of the network at the end by name, [R, ...] each."""
        found, start = {}, 0
        for name, shape in self.layout:
            end = start + int(np.prod(shape, dtype=int))
            found[name] = self.theta[:, start:end].reshape(-1, *shape)
            start = end
        return found


@dataclass(frozen=True, eq=False)
class Recorded:
    """All that there is of a run.

    Attributes:
        report: the document that `--json` prints; `report.to_json()` is its text.
        arms: what came of each arm, by name.
    """

    report: Report
    arms: Mapping[str, ArmResult]


def found(kind: str, name: str, among: Mapping[str, T]) -> T:
    """Return what has a name.

    Raises:
        GrokTuiError: nothing has.
    """
    if name not in among:
        raise GrokTuiError(f"unknown {kind}: '{name}'{nearest(name, list(among))}")
    return among[name]
