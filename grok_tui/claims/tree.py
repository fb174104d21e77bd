"""The checked tree that a claim is parsed to.

A node is a *quantity* (a number or a curve) or a *truth*; `varies` says that it has a value at each step.
Every node keeps its source text, with whitespace tidied, to be shown. Nodes compare by identity: the middle
of a chained comparison is one node in two places.
"""

from __future__ import annotations

from dataclasses import dataclass


class ClaimError(ValueError):
    """A claim cannot be used; the message is one line and names the nearest valid name where there is one."""


@dataclass(frozen=True, eq=False)
class Literal:
    """A finite number as written."""

    value: float
    text: str
    varies = False


@dataclass(frozen=True, eq=False)
class Measure:
    """The curve `arm.name`."""

    arm: str
    name: str
    text: str
    varies = True


@dataclass(frozen=True, eq=False)
class Event:
    """The event `arm.name`: neither quantity nor truth, it stands only where a function takes an event."""

    arm: str
    name: str
    text: str


@dataclass(frozen=True, eq=False)
class EventNumber:
    """The curve `arm.name.number`: a number that the event has, at each step at which it was seen."""

    arm: str
    name: str
    number: str
    text: str
    varies = True


@dataclass(frozen=True, eq=False)
class Gain:
    """The curve, at the steps of an event, of how much another curve grew until `after` steps later."""

    curve: Quantity
    event: Event
    after: Quantity
    text: str
    varies = True


@dataclass(frozen=True, eq=False)
class Elementwise:
    """Arithmetic or a function such as `sqrt`, applied to a number or at each step of a curve."""

    function: str
    operands: tuple[Quantity, ...]
    text: str

    @property
    def varies(self) -> bool:
        """Whether an operand is a curve."""
        return any(operand.varies for operand in self.operands)


@dataclass(frozen=True, eq=False)
class Summary:
    """The number that `end`, `max`, `mean`... makes of a curve or of its part between two steps inclusive."""

    function: str
    curve: Quantity
    window: tuple[Quantity, ...]  # empty, (from,) or (from, to)
    text: str
    varies = False


@dataclass(frozen=True, eq=False)
class At:
    """The value of a curve at the last recorded step that is not after `step`."""

    step: Quantity
    curve: Quantity
    text: str
    varies = False


@dataclass(frozen=True, eq=False)
class Occurrence:
    """`first_step` or `last_step` of a condition or an event, `count` of an event, `share` of a condition."""

    function: str
    of: Truth | Event
    text: str
    since: Quantity | None = None  # the first step that counts
    varies = False


@dataclass(frozen=True, eq=False)
class OverReplicas:
    """The median over all replicas of a number that each of them has."""

    of: Quantity
    text: str
    varies = False


@dataclass(frozen=True, eq=False)
class Interval:
    """The closed interval `[low, high]` that stands to the right of `in`."""

    low: Quantity
    high: Quantity
    text: str

    @property
    def varies(self) -> bool:
        """Whether a bound is a curve."""
        return self.low.varies or self.high.varies


@dataclass(frozen=True, eq=False)
class Compare:
    """One comparison; a chain such as `a < b < c` is a `Logic` "and" of several."""

    left: Quantity
    operator: str
    right: Quantity | Interval

    @property
    def text(self) -> str:
        """The comparison as written."""
        return f"{self.left.text} {self.operator} {self.right.text}"

    @property
    def varies(self) -> bool:
        """Whether a side is a curve."""
        return self.left.varies or self.right.varies


@dataclass(frozen=True, eq=False)
class Logic:
    """`and` or `or` of two or more truths."""

    operator: str
    parts: tuple[Truth, ...]
    text: str

    @property
    def varies(self) -> bool:
        """Whether a part has a truth value at each step."""
        return any(part.varies for part in self.parts)


@dataclass(frozen=True, eq=False)
class Not:
    """`not` of a truth."""

    part: Truth
    text: str

    @property
    def varies(self) -> bool:
        """Whether the part has a truth value at each step."""
        return self.part.varies


@dataclass(frozen=True, eq=False)
class Throughout:
    """`never` or `always`: a condition at no recorded step or at each of them, or an event never seen."""

    quantifier: str
    of: Truth | Event
    text: str
    varies = False


Quantity = Literal | Measure | EventNumber | Gain | Elementwise | Summary | At | Occurrence | OverReplicas
Reference = Measure | Event | EventNumber
Truth = Compare | Logic | Not | Throughout
