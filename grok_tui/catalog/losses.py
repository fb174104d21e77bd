"""The losses by sample, whose mean over a batch is minimized."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, SerializerFunctionWrapHandler, WrapSerializer

from .base import Spec, knob
from .entry import Entry
from .plugins import require
from .registry import Registry, by_name

Targets = Literal["numbers", "classes", "signs"]
"""What a sample is to have: numbers [O], the index of a class, or +1 or -1."""

NUMBERS: frozenset[Targets] = frozenset({"numbers"})
CLASSES: frozenset[Targets] = frozenset({"classes"})
SIGNS: frozenset[Targets] = frozenset({"signs"})


class Loss(Spec):
    """What every loss declares."""

    targets: ClassVar[frozenset[Targets]]
    """The targets it is made for."""

    name: str

    def __str__(self) -> str:
        special = self.model_dump(exclude={"name"}, exclude_defaults=True)
        return " ".join([self.name, *(f"{key} {value:g}" for key, value in special.items())])


def _declares(spec: Loss) -> None:
    """Raise ContractError unless a plugin's loss says for which targets it is made."""
    targets = getattr(spec, "targets", None)
    known = get_args(Targets)
    fits = isinstance(targets, frozenset) and bool(targets) and targets <= set(known)
    require(fits, f"its targets are {targets!r}, not a frozenset of {', '.join(known)}")


class Mse(Loss):
    """mean squared error"""

    targets: ClassVar[frozenset[Targets]] = NUMBERS | CLASSES
    name: Literal["mse"]


class CrossEntropy(Loss):
    """softmax cross-entropy on class indices"""

    targets: ClassVar[frozenset[Targets]] = CLASSES
    name: Literal["cross_entropy"]


class CrossEntropyBalanced(Loss):
    """softmax cross-entropy whose gradients sum to 0 over the classes but for the rounding of each"""

    targets: ClassVar[frozenset[Targets]] = CLASSES
    name: Literal["cross_entropy_balanced"]


class StableMax(Loss):
    """cross-entropy with x + 1 (x >= 0) or 1 / (1 - x) (x < 0) in place of exp, on class indices"""

    targets: ClassVar[frozenset[Targets]] = CLASSES
    name: Literal["stablemax"]


class SmoothedCrossEntropy(Loss):
    """softmax cross-entropy on class indices, with a share of the label spread over all classes"""

    targets: ClassVar[frozenset[Targets]] = CLASSES
    name: Literal["cross_entropy_smoothed"]
    smoothing: float = knob(0.1, ge=0, lt=1, help="share of the label that all classes have alike")


class Focal(Loss):
    """softmax cross-entropy on class indices, less for samples that are right: (1 - p)^gamma in front"""

    targets: ClassVar[frozenset[Targets]] = CLASSES
    name: Literal["focal"]
    gamma: float = knob(2.0, ge=0, help="how much less samples count that are nearly right; 0: cross-entropy")


class Hinge(Loss):
    """max(0, 1 - y f) on labels +1 and -1"""

    targets: ClassVar[frozenset[Targets]] = SIGNS
    name: Literal["hinge"]


class Logistic(Loss):
    """log(1 + exp(-y f)) on labels +1 and -1"""

    targets: ClassVar[frozenset[Targets]] = SIGNS
    name: Literal["logistic"]


LOSSES: Registry[Loss] = Registry(
    "loss",
    Loss,
    Entry(Mse, "grok_tui.lab.losses:mse"),
    Entry(CrossEntropy, "grok_tui.lab.losses:cross_entropy"),
    Entry(CrossEntropyBalanced, "grok_tui.lab.losses:cross_entropy_balanced"),
    Entry(StableMax, "grok_tui.lab.losses:stablemax"),
    Entry(SmoothedCrossEntropy, "grok_tui.lab.losses:cross_entropy_smoothed"),
    Entry(Focal, "grok_tui.lab.losses:focal"),
    Entry(Hinge, "grok_tui.lab.losses:hinge"),
    Entry(Logistic, "grok_tui.lab.losses:logistic"),
    plugins="grok_tui.losses",
    contract=_declares,
)
"""The implementation of a loss is called with outputs [..., N, O], targets, and its parameters by name; it
returns losses [..., N]."""


def _as_written(loss: Loss, dump: SerializerFunctionWrapHandler) -> Any:
    return loss.name if not loss.model_dump(exclude={"name"}, exclude_defaults=True) else dump(loss)


LossSpec = Annotated[Loss, LOSSES, BeforeValidator(by_name), WrapSerializer(_as_written)]
"""A loss as presets state it: a name, or a table where its parameters are not the usual ones."""
