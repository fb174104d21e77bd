"""What a measure says of itself: its settings, its cost, where it applies, and the shape of what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .base import Spec, knob
from .entry import Entry, in_a_line
from .families import GENERAL, Family
from .llc import Sgld
from .models import ModelSpec
from .plugins import ContractError, require
from .sizes import Sizes
from .tasks import TaskSpec

MOST_STATES_BYTES = 128 * 2**20
"""What the weights may take that an arm keeps for measures that look back, all replicas together."""

LEAST_KEPT_STATES, MOST_KEPT_STATES = 16, 1024
"""Recorded steps of which the weights have to fit in that, and of which they are kept at most."""


def kept_states(numbers: int, size: int) -> int:
    """Return of how many recorded steps the weights fit that are so many numbers of so many bytes."""
    return min(MOST_STATES_BYTES // max(1, numbers * size), MOST_KEPT_STATES)


class MeasureSpec(Spec):
    """What a preset says of a measure: its name and its settings, which most have none of."""

    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "name"}


class Llc(MeasureSpec, Sgld):
    """A local learning coefficient, estimated by Langevin dynamics."""


class Frequencies(MeasureSpec):
    """Which frequencies of the scores are kept or taken out."""

    frequencies: Literal["key", "all"] = knob(
        "key", help="key: those that stand out in the embedding at that step; all: every one"
    )


Part = Literal["readout", "first", "embedding"]


class SingularValues(MeasureSpec):
    """Which singular values are asked for."""

    part: Part = knob(
        "readout",
        help="the matrix; first: of the layer that reads the inputs, or their embedding",
    )


@dataclass(frozen=True, kw_only=True)
class Measure(Entry[MeasureSpec]):
    """All that is known of a measure.

    Its implementation is called with a `grok_tui.lab.measures.Probe` and, by name, its settings. It gives a
    number a replica, [R], or the numbers along its axes, [R, ...].

    Attributes:
        spec: its settings.
        called: its name; by default that of the function.
        says: what it is, in a line.
        family: which arms have it.
        needs: tells by task and model whether an arm of the family has it; None where all do.
        costly: whether it takes far longer than a forward pass, so that it is taken only where asked for.
        traced: whether it is part of the one function that is traced; what iterates or enumerates is not,
            since that would keep the memory of it all; what has axes never is.
        axes: the names of its axes; of a number there are none.
        sizes: tells by task, model and settings how long they are, so that a preset which asks for more than
            can be kept is refused at once; None, or one that gives None: that is seen when a run is built.
        shown: how much of a vector is kept of the first replica for those who look on, where the preset does
            not ask for it: "latest", the last record alone; "history", as of any other vector; "", nothing.
        looks_back: whether it is asked when the arm has come to its end, about all states that were kept on
            the way: it may then read `Probe.final`, the same replicas at their end. It is a number, and is
            taken only where it is asked for.
    """

    spec: type[MeasureSpec] = MeasureSpec
    called: str = ""
    says: str
    family: Family = GENERAL
    needs: Callable[[TaskSpec, ModelSpec], bool] | None = None
    costly: bool = False
    traced: bool = True
    axes: tuple[str, ...] = ()
    sizes: Callable[[TaskSpec, ModelSpec, Mapping[str, Any]], Sizes] | None = None
    shown: Literal["", "latest", "history"] = ""
    looks_back: bool = False

    def __post_init__(self) -> None:
        if self.looks_back and self.axes:
            raise ValueError(f"measure '{self.name}' looks back and has axes: one excludes the other")

    @property
    def name(self) -> str:
        """The name that presets use.

        Raises:
            ContractError: it has none.
        """
        if self.called:
            return self.called
        function = self.implementation
        name = function.rpartition(":")[2] if isinstance(function, str) else getattr(function, "__name__", "")
        if not name:
            raise ContractError("it is called nothing, and its implementation has no name either")
        return str(name)

    @property
    def help(self) -> str:
        """What it is, in a line."""
        return in_a_line(self.says)

    def lengths(self, task: TaskSpec, model: ModelSpec, settings: Mapping[str, Any]) -> Sizes:
        """Return how long its axes are in an arm; None where that is seen when a run is built.

        Raises:
            ContractError: what it says of them are no lengths.
        """
        sizes = None if self.sizes is None else self.sizes(task, model, settings)
        if sizes is not None:
            whole = isinstance(sizes, tuple) and all(type(size) is int and size >= 0 for size in sizes)
            require(
                whole and len(sizes) == len(self.axes),
                f"measure '{self.name}': its sizes are {sizes!r}, not a length for each of {self.axes}",
            )
        return sizes

    def applies(self, task: TaskSpec, model: ModelSpec | None = None) -> bool:
        """Tell whether an arm with this task and model has it; None: with some model."""
        return self.family.has(task) and (self.needs is None or model is None or self.needs(task, model))
