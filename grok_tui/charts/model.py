"""What a chart shows: series, marks, bars and heatmaps, as frozen values that pickle and compare cheaply."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Range: TypeAlias = tuple[float, float]
Line = Literal["solid", "dashed", "dotted"]
MarkKind = Literal["event", "intervention", "cursor"]
Role = Literal["memorizer", "generalizer", "wrong", "other"]
Legend = Literal["always", "if room", "never"]


class _ByValue:
    """Equality and a cheap hash for dataclasses that hold arrays; NaN equals NaN."""

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, _ByValue):
            return NotImplemented
        return all(_same(a, b) for a, b in zip(vars(self).values(), vars(other).values(), strict=True))

    def __hash__(self) -> int:
        return hash(tuple(_key(value) for value in vars(self).values()))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and bool(a == b)


def _key(value: Any) -> Hashable:
    """Look at the end of an array only: that is where a growing curve differs from what it was."""
    if isinstance(value, np.ndarray):
        return value.shape, value[..., -1:].tobytes()
    return hash(value)


def _freeze(chart: object, names: tuple[str, ...], what: str, ndim: int = 1) -> None:
    """Replace the named fields by read-only float64 copies; None inside an array becomes NaN."""
    for name in names:
        array = np.array(getattr(chart, name), dtype=np.float64)
        if array.ndim != ndim:
            raise ValueError(f"{what}: {name} has {array.ndim} dimensions, expected {ndim}")
        array.flags.writeable = False
        object.__setattr__(chart, name, array)


@dataclass(frozen=True, eq=False)
class Series(_ByValue):
    """One curve, optionally with a band around it.

    x: steps [n]; y: values [n]; low, high: a band (over time, memorizers or replicas) [n], or None.
    color: an abstract name (see `Palette`); empty means "series-1", "series-2".. by place in the chart.
    line: how the line is broken; None cycles through the patterns by place in the chart.
    marker: one character put on the line here and there; empty: one is chosen where patterns repeat.
    legend: whether the legend names it always, only where all such have room, or never.

    Whatever numpy turns into float64 is accepted and copied; None, NaN and infinities are drawn as gaps.
    Later series are drawn on top of earlier ones. Raises ValueError when lengths differ.
    """

    label: str
    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None
    color: str = ""
    line: Line | None = None
    marker: str = ""
    legend: Legend = "always"

    def __post_init__(self) -> None:
        what = f"series '{self.label}'"
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{what}: low and high are given together or not at all")
        names = ("x", "y") if self.low is None else ("x", "y", "low", "high")
        _freeze(self, names, what)
        lengths = [getattr(self, name).size for name in names]
        if len(set(lengths)) > 1:
            counts = ", ".join(f"{name} {size}" for name, size in zip(names, lengths, strict=True))
            raise ValueError(f"{what}: lengths differ ({counts})")


@dataclass(frozen=True)
class Mark:
    """Something at a step: an event that was seen, an intervention that was made, or where one looks."""

    step: float
    label: str
    kind: MarkKind = "event"
    color: str = "mark"


@dataclass(frozen=True)
class LineChart:
    """Curves over steps.

    x_range, y_range: (low, high) in data units, or None to fit the data (y is rounded outward, so it seldom
    moves).
    log_x, log_y: values <= 0 become gaps; an axis without positive data stays linear.
    """

    title: str
    series: tuple[Series, ...] = ()
    marks: tuple[Mark, ...] = ()
    log_x: bool = False
    log_y: bool = False
    x_range: Range | None = None
    y_range: Range | None = None
    x_label: str = "step"
    y_label: str = ""
    empty: str = "no data yet"


@dataclass(frozen=True, eq=False)
class Bars(_ByValue):
    """One value per coordinate, standing on zero; or a histogram.

    values: [n]; labels: a name per value or none; roles: the role of each coordinate or none.
    called: what the legend calls memorizers and generalizers.
    bins: of a histogram, where the first of its n equal bins begins and the last one ends; its bars touch,
    and the axis below them shows what was counted.
    marks: on that axis.
    Raises ValueError when lengths differ or bins have no width.
    """

    title: str
    values: Floats
    labels: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    called: tuple[str, str] = ("memorizers", "generalizers")
    y_range: Range | None = None
    y_label: str = ""
    bins: Range | None = None
    marks: tuple[Mark, ...] = ()
    empty: str = "no data yet"

    def __post_init__(self) -> None:
        what = f"bars '{self.title}'"
        _freeze(self, ("values",), what)
        for name, size in (("labels", len(self.labels)), ("roles", len(self.roles))):
            if size not in (0, self.values.size):
                raise ValueError(f"{what}: {size} {name} for {self.values.size} values")
        if self.bins is not None and not -math.inf < self.bins[0] < self.bins[1] < math.inf:
            raise ValueError(f"{what}: bins from {self.bins[0]} to {self.bins[1]}")


@dataclass(frozen=True, eq=False)
class Heatmap(_ByValue):
    """A quantity per coordinate (rows, the first on top) over steps (columns).

    z: [rows, columns]; x: the step of each column, increasing [columns]; labels: a name per row or none;
    z_range: the values at the two ends of the colour ramp, or None to fit the data.
    Raises ValueError when shapes do not match.
    """

    title: str
    z: Floats
    x: Floats
    labels: tuple[str, ...] = ()
    log_x: bool = False
    z_range: Range | None = None
    x_label: str = "step"
    empty: str = "no data yet"

    def __post_init__(self) -> None:
        what = f"heatmap '{self.title}'"
        _freeze(self, ("z",), what, ndim=2)
        _freeze(self, ("x",), what)
        rows, columns = self.z.shape
        if self.x.size != columns:
            raise ValueError(f"{what}: {self.x.size} steps for {columns} columns")
        if len(self.labels) not in (0, rows):
            raise ValueError(f"{what}: {len(self.labels)} labels for {rows} rows")


@dataclass(frozen=True, eq=False)
class Cells(_ByValue):
    """A table of which every cell is of one of a few kinds.

    kind: the number of each cell's kind, -1 where there is none [rows, columns], int8; kinds: name and
    abstract colour (see `Palette`) of each kind; note: what is written beside the title.
    Raises ValueError when a cell is of no kind.
    """

    title: str
    kind: NDArray[np.int8]
    kinds: tuple[tuple[str, str], ...]
    note: str = ""
    empty: str = "no data yet"

    def __post_init__(self) -> None:
        kind = np.array(self.kind, dtype=np.int8)
        if kind.ndim != 2 or (kind.size and not -1 <= kind.min() <= kind.max() < len(self.kinds)):
            raise ValueError(f"cells '{self.title}': not a table of {len(self.kinds)} kinds")
        kind.flags.writeable = False
        object.__setattr__(self, "kind", kind)


Chart: TypeAlias = LineChart | Bars | Heatmap | Cells
