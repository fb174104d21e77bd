"""The optimizers and their hyperparameters, with the names and defaults of `torch.optim`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from .base import Spec, knob
from .entry import Entry
from .registry import Registry

Beta = Annotated[float, Field(ge=0, lt=1)]

LR = "learning rate"
COUPLED = "L2 penalty, coupled: weight_decay * theta is added to the gradient"
DECOUPLED = "decoupled: theta shrinks by the factor 1 - lr * weight_decay at each step"
BETAS = "EMA coefficients of the gradient and of its square, each in [0, 1)"
EPS = "added to the denominator, after the square root"


class Optimizer(Spec):
    """What every optimizer declares: a name, and the knobs `lr`, its learning rate, and `weight_decay`."""

    name: str

    if TYPE_CHECKING:  # each declares them itself, in the order in which people read its knobs
        lr: float
        weight_decay: float

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        super().__pydantic_init_subclass__(**given)
        for name in ("lr", "weight_decay"):
            if name not in cls.model_fields:
                raise TypeError(f"the spec of an optimizer needs a knob '{name}', which {cls.__name__} lacks")


class Sgd(Optimizer):
    """SGD, with momentum (Polyak 1964) or Nesterov's (Sutskever et al. 2013)."""

    name: Literal["sgd"]
    lr: float = knob(1e-3, live=True, ge=0, help=LR)
    momentum: float = knob(0.0, live=True, ge=0, le=1, help="share of the buffer kept at each step")
    dampening: float = knob(0.0, live=True, ge=0, le=1, help="the buffer takes 1 - dampening of the gradient")
    weight_decay: float = knob(0.0, live=True, ge=0, help=COUPLED)
    nesterov: bool = knob(False, live=True, help="step along gradient + momentum * buffer, not the buffer")

    @model_validator(mode="after")
    def _nesterov_needs_plain_momentum(self) -> Sgd:
        if self.nesterov and (self.momentum == 0 or self.dampening > 0):
            raise ValueError("nesterov needs momentum > 0 and dampening = 0")
        return self


class Adam(Optimizer):
    """Adam with coupled L2 (Kingma & Ba 2015)."""

    name: Literal["adam"]
    lr: float = knob(1e-3, live=True, ge=0, help=LR)
    betas: tuple[Beta, Beta] = knob((0.9, 0.999), live=True, strict=False, help=BETAS)
    eps: float = knob(1e-8, live=True, ge=0, help=EPS)
    weight_decay: float = knob(0.0, live=True, ge=0, help=COUPLED)


class AdamW(Optimizer):
    """AdamW: Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    name: Literal["adamw"]
    lr: float = knob(1e-3, live=True, ge=0, help=LR)
    betas: tuple[Beta, Beta] = knob((0.9, 0.999), live=True, strict=False, help=BETAS)
    eps: float = knob(1e-8, live=True, ge=0, help=EPS)
    weight_decay: float = knob(1e-2, live=True, ge=0, help=DECOUPLED)


class AdaSgd(Optimizer):
    """AdaSGD: AdamW with one second moment for all coordinates (Wang & Wiens 2020)."""

    name: Literal["adasgd"]
    lr: float = knob(1e-3, live=True, ge=0, help=LR)
    betas: tuple[Beta, Beta] = knob((0.9, 0.999), live=True, strict=False, help=BETAS)
    eps: float = knob(1e-8, live=True, ge=0, help=EPS)
    weight_decay: float = knob(0.0, live=True, ge=0, help=DECOUPLED)


class AdamBlockwise(Optimizer):
    """Blockwise Adam: AdamW with one second moment for each tensor (Xie et al. 2024)."""

    name: Literal["adam_blockwise"]
    lr: float = knob(1e-3, live=True, ge=0, help=LR)
    betas: tuple[Beta, Beta] = knob((0.9, 0.999), live=True, strict=False, help=BETAS)
    eps: float = knob(1e-8, live=True, ge=0, help=EPS)
    weight_decay: float = knob(0.0, live=True, ge=0, help=DECOUPLED)


class RMSprop(Optimizer):
    """RMSprop (Tieleman & Hinton 2012), centered as in Graves 2013."""

    name: Literal["rmsprop"]
    lr: float = knob(1e-2, live=True, ge=0, help=LR)
    alpha: float = knob(0.99, live=True, ge=0, lt=1, help="EMA coefficient of the squared gradient")
    eps: float = knob(1e-8, live=True, ge=0, help=EPS)
    weight_decay: float = knob(0.0, live=True, ge=0, help=COUPLED)
    momentum: float = knob(0.0, live=True, ge=0, le=1, help="share of the buffer kept at each step")
    centered: bool = knob(False, live=True, help="divide by the gradient's standard deviation, not its RMS")


class Adagrad(Optimizer):
    """Adagrad (Duchi et al. 2011)."""

    name: Literal["adagrad"]
    lr: float = knob(1e-2, live=True, ge=0, help=LR)
    lr_decay: float = knob(0.0, live=True, ge=0, help="step t, from 0, takes lr / (1 + t * lr_decay)")
    weight_decay: float = knob(0.0, live=True, ge=0, help=COUPLED)
    initial_accumulator_value: float = knob(
        0.0, live=True, ge=0, help="where the sum of squares starts, when the state is next made anew"
    )
    eps: float = knob(1e-10, live=True, ge=0, help=EPS)


class Sign(Optimizer):
    """Sign descent; Signum when momentum > 0 (Bernstein et al. 2018)."""

    name: Literal["sign"]
    lr: float = knob(1e-3, live=True, ge=0, help=LR)
    momentum: float = knob(0.0, live=True, ge=0, lt=1, help="EMA coefficient of the gradient before its sign")
    weight_decay: float = knob(0.0, live=True, ge=0, help=DECOUPLED)


class Lion(Optimizer):
    """Lion: the sign of gradient and its average mixed (Chen et al. 2023)."""

    name: Literal["lion"]
    lr: float = knob(1e-4, live=True, ge=0, help=LR)
    betas: tuple[Beta, Beta] = knob(
        (0.9, 0.99),
        live=True,
        strict=False,
        help="share of the average in the mix whose sign is the step; EMA coefficient of the average",
    )
    weight_decay: float = knob(0.0, live=True, ge=0, help=DECOUPLED)


class Muon(Optimizer):
    """Muon for matrices (Jordan et al. 2024), AdamW for vectors and, unless `ends` is on, for the ends."""

    name: Literal["muon"]
    lr: float = knob(0.02, live=True, ge=0, help=LR)
    momentum: float = knob(0.95, live=True, ge=0, lt=1, help="EMA coefficient of the gradient")
    nesterov: bool = knob(True, live=True, help="orthogonalize gradient and buffer mixed, not the buffer")
    weight_decay: float = knob(0.1, live=True, ge=0, help=DECOUPLED)
    ends: bool = knob(False, live=True, help="whether embeddings and readout are Muon's too")
    adamw_lr: float = knob(1e-3, live=True, ge=0, help=f"AdamW's: {LR}")
    adamw_betas: tuple[Beta, Beta] = knob((0.9, 0.999), live=True, strict=False, help=f"AdamW's: {BETAS}")
    adamw_eps: float = knob(1e-8, live=True, ge=0, help=f"AdamW's: {EPS}")
    adamw_weight_decay: float = knob(0.1, live=True, ge=0, help=f"AdamW's: {DECOUPLED}")


OPTIMIZERS: Registry[Optimizer] = Registry(
    "optimizer",
    Optimizer,
    Entry(Sgd, "grok_tui.lab.optimizers.rules:Sgd"),
    Entry(Adam, "grok_tui.lab.optimizers.rules:Adam"),
    Entry(AdamW, "grok_tui.lab.optimizers.rules:AdamW"),
    Entry(AdaSgd, "grok_tui.lab.optimizers.shared_moments:AdaSgd"),
    Entry(AdamBlockwise, "grok_tui.lab.optimizers.shared_moments:AdamBlockwise"),
    Entry(RMSprop, "grok_tui.lab.optimizers.rules:RMSprop"),
    Entry(Adagrad, "grok_tui.lab.optimizers.rules:Adagrad"),
    Entry(Sign, "grok_tui.lab.optimizers.rules:Sign"),
    Entry(Lion, "grok_tui.lab.optimizers.rules:Lion"),
    Entry(Muon, "grok_tui.lab.optimizers.muon:Muon"),
    plugins="grok_tui.optimizers",
)
"""The implementation of an optimizer is called with the `grok_tui.lab.models.Layout` of theta; it returns a
`grok_tui.lab.optimizers.Rule`."""

OptimizerSpec = Annotated[Optimizer, OPTIMIZERS]


def titled(optimizer: str) -> str:
    """Return the name of an optimizer as its papers write it; a plugin's as presets do."""
    if optimizer == "sgd":
        return "SGD"
    shipped = OPTIMIZERS.shipped.get(optimizer)
    return shipped.spec.__name__ if shipped else optimizer
