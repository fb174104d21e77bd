"""The schedules: how a hyperparameter changes from step to step, as `torch.optim.lr_scheduler` has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, WrapSerializer, model_validator
from pydantic.functional_validators import BeforeValidator

from .base import LARGEST_COUNT, Count, Spec, knob, nearest
from .entry import Entry
from .registry import Registry, by_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TO = "the value that it comes to, and then keeps"
OVER = "steps from its first value to its last"


class Schedule(Spec):
    """What every schedule declares: a name, and how it goes on from the value that is set."""

    name: str

    @property
    def lasts(self) -> int | None:
        """The steps after which it changes nothing any more, and another may follow; None: it never ends."""
        over: int | None = getattr(self, "over", None)
        return over

    def reached(self, value: float) -> tuple[float, ...]:
        """Return the smallest and the largest of its values, where this one is set."""
        return value, float(getattr(self, "to", value))

    def __str__(self) -> str:
        special = self.model_dump(exclude={"name"}, exclude_defaults=True)
        parts = (f"{key} {one}".removesuffix(".0") for key, one in special.items())
        return " ".join([self.name.replace("_", " "), *parts])


class Constant(Schedule):
    """The value times a factor, for some steps or for ever (`ConstantLR`)."""

    name: Literal["constant"]
    factor: float = knob(1.0, ge=0, help="times the value that is set")
    over: int | None = knob(None, ge=1, help="for so many steps, then the value itself; none: for ever")

    def reached(self, value: float) -> tuple[float, ...]:
        """Return both of its values."""
        return value * self.factor, value


class Linear(Schedule):
    """From the value to another along a line (`LinearLR`)."""

    name: Literal["linear"]
    to: float = knob(0.0, help=TO)
    over: int = knob(ge=1, help=OVER)


class Exponential(Schedule):
    """From the value to another by the same factor at each step (`ExponentialLR`)."""

    name: Literal["exponential"]
    to: float = knob(gt=0, help=TO)
    over: int = knob(ge=1, help=OVER)


class Cosine(Schedule):
    """From the value to another along half a cosine (`CosineAnnealingLR`; Loshchilov & Hutter 2017)."""

    name: Literal["cosine"]
    to: float = knob(0.0, help=TO)
    over: int = knob(ge=1, help=OVER)


class CosineRestarts(Schedule):
    """Half a cosine again and again, from the value each time (`CosineAnnealingWarmRestarts`)."""

    name: Literal["cosine_restarts"]
    to: float = knob(0.0, help="the value before each restart")
    period: int = knob(ge=1, help="steps before the first restart")
    times: int = knob(1, ge=1, le=1000, help="each period is so many times as long as the one before")


class OneCycle(Schedule):
    """Up to the value and far down again (`OneCycleLR`; Smith & Topin 2018)."""

    name: Literal["one_cycle"]
    over: int = knob(ge=2, help="steps from its first value to its last")
    rise: float = knob(0.3, ge=0, le=1, help="share of the steps that lead up")
    start: float = knob(25.0, ge=1, help="it begins at the value divided by this")
    end: float = knob(1e4, ge=1, help="it ends at the first value divided by this")
    along: Literal["cosine", "linear"] = knob("cosine", help="the form of both parts")

    def reached(self, value: float) -> tuple[float, ...]:
        """Return the last value and the one at the top."""
        return value / self.start / self.end, value


class Step(Schedule):
    """The value times a factor every so many steps (`StepLR`)."""

    name: Literal["step"]
    every: int = knob(ge=1, help="steps until the next factor")
    factor: float = knob(0.1, gt=0, le=1, help="what it is multiplied with")

    def reached(self, value: float) -> tuple[float, ...]:
        """Return where it begins and where it leads."""
        return value * self.factor, value


class WarmUp(Schedule):
    """Up to the value along a line (`LinearLR`)."""

    name: Literal["warmup"]
    over: int = knob(
        ge=1, help="the value is reached after so many steps; the modifier `warmup` reaches it a step earlier"
    )
    start: float = knob(0.0, ge=0, le=1, help="share of the value that the first step has")

    def reached(self, value: float) -> tuple[float, ...]:
        """Return both ends."""
        return value * self.start, value


class InverseSqrt(Schedule):
    """Up along a line, then down with the square root of the step (Vaswani et al. 2017, eq. 3)."""

    name: Literal["inverse_sqrt"]
    peak: int = knob(ge=1, help="the step that has the value itself; the first has 1 / peak of it")

    def reached(self, value: float) -> tuple[float, ...]:
        """Return the first value and the top."""
        return value / self.peak, value


SCHEDULES: Registry[Schedule] = Registry(
    "schedule",
    Schedule,
    Entry(Constant, "grok_tui.lab.schedules:constant"),
    Entry(Linear, "grok_tui.lab.schedules:linear"),
    Entry(Exponential, "grok_tui.lab.schedules:exponential"),
    Entry(Cosine, "grok_tui.lab.schedules:cosine"),
    Entry(CosineRestarts, "grok_tui.lab.schedules:cosine_restarts"),
    Entry(OneCycle, "grok_tui.lab.schedules:one_cycle"),
    Entry(Step, "grok_tui.lab.schedules:step"),
    Entry(WarmUp, "grok_tui.lab.schedules:warmup"),
    Entry(InverseSqrt, "grok_tui.lab.schedules:inverse_sqrt"),
)
"""The implementation of a schedule is called with its spec, step counts [k] from 0 and the value that is set;
it returns the values of these steps, [k]. It needs no torch."""

MOST_PARTS = 20


def _listed(given: Any) -> Any:
    """Return a list of tables of what may be one of them, or a name alone."""
    parts = given if isinstance(given, (list, tuple)) else (given,)
    return tuple(by_name(part) for part in parts)


def _as_written(parts: tuple[Schedule, ...], dump: SerializerFunctionWrapHandler) -> Any:
    written = dump(parts)
    return written[0] if len(parts) == 1 else list(written)


Parts = Annotated[
    tuple[Annotated[Schedule, SCHEDULES], ...],
    Field(min_length=1, max_length=MOST_PARTS),
    BeforeValidator(_listed),
    WrapSerializer(_as_written),
]
"""One schedule or several, each after the one before, as presets state them: a table, or a list of tables."""


def schedules_of(text: str) -> tuple[Schedule, ...]:
    """Return the schedules that a line says, as in "warmup over 100, then cosine to 0.1 over 900".

    Raises:
        ValueError: it says none, or one that there is not, or a key of one twice or without its value.
    """
    parts = [_table(words) for words in re.split(r",(?:\s*then\b)?|\bthen\b", text)]
    return Course.model_validate({"parts": parts}).parts


def _table(text: str) -> dict[str, Any]:
    """Return the table of one schedule, as a preset would have it."""
    words = text.replace("=", " ").split()
    names = {count: "_".join(words[:count]) for count in range(len(words), 0, -1)}
    count = next((count for count, one in names.items() if one in SCHEDULES), 0)
    if not count:
        first = " ".join(words[:1])
        raise ValueError(f"unknown schedule '{first}'{nearest(first, list(SCHEDULES))}")
    name, keys, values = names[count], words[count::2], words[count + 1 :: 2]
    if len(keys) > len(values):
        raise ValueError(f"{keys[-1]} of {name} needs a value")
    if len(set(keys)) < len(keys):
        raise ValueError(f"{name} has a key twice")
    return {"name": name} | {key: _value(value) for key, value in zip(keys, values, strict=True)}


def _value(word: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


class Course(Spec):
    """What a hyperparameter follows, and since when.

    As text: "warmup over 100, then cosine over 900".
    """

    parts: Parts
    since: Count = 0
    """The step of the arm that is the first to follow it."""

    @property
    def ends(self) -> int | None:
        """The step of the arm from which on nothing changes any more; None: it never ends."""
        lasts = self.parts[-1].lasts
        steps = None if lasts is None else sum(part.lasts or 0 for part in self.parts)
        return None if steps is None else self.since + steps

    def reached(self, value: float) -> list[float]:
        """Return the values between which it stays, where this one is set."""
        return [one for part in self.parts for one in part.reached(value)]

    def values(self, step: int, steps: int, value: float) -> NDArray[np.float64]:
        """Return the values [k], float64, that a hyperparameter takes in the next steps of an arm.

        Args:
            step: steps that the arm has taken.
            steps: k.
            value: the one that is set.
        """
        import numpy as np

        count = np.arange(steps, dtype=np.float64) + (step - self.since)
        found = np.empty_like(count)
        begins = 0
        for part in self.parts:
            here = count >= begins
            found[here] = SCHEDULES.implementation(part.name)(part, count[here] - begins, value)
            begins += part.lasts or 0
        return found

    def value(self, step: int, value: float) -> float:
        """Return the value that a hyperparameter takes in the step after so many, where this one is set."""
        return float(self.values(step, 1, value)[0])

    def __str__(self) -> str:
        return ", then ".join(map(str, self.parts))

    @model_validator(mode="after")
    def _all_but_the_last_end(self) -> Self:
        for part in self.parts[:-1]:
            if part.lasts is None:
                raise ValueError(f"nothing can follow '{part.name}', which has no last step")
        if sum(part.lasts or 0 for part in self.parts) > LARGEST_COUNT:
            raise ValueError("it lasts for more than 2^53 steps")
        return self
