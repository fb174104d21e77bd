"""Update rules as pure functions on the flat vector of all parameters.

What a step does is split in two. `Rule.coefficients` is all that depends on the hyperparameters and the step
count alone: a few numbers per step and replica, computed in float64 for a whole chunk of steps at once.
`Rule.update` is what is left for theta, gradient and state: a handful of elementwise kernels without
branches, which can be traced once and replayed. Hyperparameters are tensors, so a knob may turn, and replicas
may differ, without tracing again. Each rule follows `torch.optim` of the same name step by step; where one
rule stands in for several of torch's code paths (momentum or none, centered or not), coefficients choose.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from grok_tui.catalog.base import Spec

from ..models import Layout
from ..shapes import Float

Hyper = Mapping[str, Tensor]
"""Hyperparameters by name, float64: [R, 1] each, `betas` [2, R, 1]; booleans are 0 or 1."""

Theta = Float[Tensor, "R P"]
"""theta or its gradient."""

Slots = Mapping[str, Float[Tensor, "R ..."]]
"""The state of a rule, by name."""

Numbers = Mapping[str, Float[Tensor, "R 1"]]
"""The coefficients of one step, by name, in theta's dtype."""

# Below this 1 / lr may overflow float32; a step that small is taken as none.
SMALLEST_LR = 1e-30

# SGD's direction is scaled by the share of the gradient in it; with dampening 1 that is none, and this stands
# in for it: too small to show in float64, and large enough to divide by in float32.
SMALLEST_SHARE = 1e-20


def hyperparameters(spec: Spec, replicas: int, device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """Return the hyperparameters that a spec declares as float64 tensors, the same for all replicas.

    Each has shape [R, 1] (a pair of numbers [2, R, 1]) and storage of its own: one may be changed in place.
    """
    found = {}
    for name, value in spec.model_dump(exclude={"name"}).items():
        number = torch.tensor(value, dtype=torch.float64, device=device)
        found[name] = number[..., None, None].repeat(*(1 for _ in number.shape), replicas, 1)
    return found


class Rule(ABC):
    """One optimizer, of an arm whose state it does not keep. R replicas, P parameters, k steps.

    Args:
        layout: what theta is made of.
    """

    slots: ClassVar[tuple[str, ...]]
    """Names of the state tensors, in theta's dtype."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each slot for one replica: [P], unless the rule says otherwise."""
        return dict.fromkeys(self.slots, (self.layout.size,))

    def initial(self, theta: Tensor, hyper: Hyper) -> dict[str, Tensor]:
        """Return the state [R, ...] before the first step: zeros, unless the rule says otherwise."""
        del hyper
        return {slot: theta.new_zeros(len(theta), *shape) for slot, shape in self.shapes().items()}

    @abstractmethod
    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """Return the numbers that `update` needs, float64, each broadcastable to [k, R, 1].

        Args:
            hyper: the hyperparameters, the same for all k steps.
            step: float64 [k, 1, 1], counted from 1 since the state was initial.
        """

    @abstractmethod
    def update(self, theta: Theta, grad: Theta, state: Slots, c: Numbers) -> tuple[Theta, dict[str, Tensor]]:
        """Return theta and state after one step.

        Args:
            theta: float32 or float64.
            grad: the loss's gradient at theta.
            state: the slots.
            c: the coefficients of this step.
        """


class Sgd(Rule):
    """SGD with heavy-ball (Polyak 1964) or Nesterov momentum (Sutskever et al. 2013).

    The first step fills the buffer with the gradient, undampened. While momentum is 0 the buffer is held at
    zero, so momentum that is turned on later starts afresh.
    """

    slots = ("momentum_buffer",)

    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """Write new buffer and direction both as combinations of the gradient and the old buffer."""
        lr, momentum = hyper["lr"], hyper["momentum"]
        moving, nesterov = momentum > 0, hyper["nesterov"] > 0
        intake = torch.where(step > 1, 1 - hyper["dampening"], 1.0)
        of_grad = torch.where(moving, torch.where(nesterov, 1 + momentum * intake, intake), 1.0)
        of_grad = of_grad.clamp(min=SMALLEST_SHARE)
        of_buffer = torch.where(nesterov, momentum * momentum, momentum)
        return {
            "weight_decay": hyper["weight_decay"],
            "buffer_per_grad": of_buffer / of_grad,
            "step": -lr * of_grad,
            "intake": torch.where(moving, intake, 0.0),
            "keep": momentum,
        }

    def update(self, theta: Theta, grad: Theta, state: Slots, c: Numbers) -> tuple[Theta, dict[str, Tensor]]:
        """Five kernels; theta takes part in one sum only, so that it is rounded once."""
        buffer = state["momentum_buffer"]
        grad = torch.addcmul(grad, theta, c["weight_decay"])
        theta = torch.addcmul(theta, torch.addcmul(grad, buffer, c["buffer_per_grad"]), c["step"])
        return theta, {"momentum_buffer": torch.addcmul(grad * c["intake"], buffer, c["keep"])}


class Adam(Rule):
    """Adam (Kingma & Ba 2015, algorithm 1): weight decay is *coupled*, a part of the gradient."""

    slots = ("exp_avg", "exp_avg_sq")

    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """Fold both bias corrections and the learning rate into the denominator."""
        return {"weight_decay": hyper["weight_decay"], **moment_coefficients(hyper, step)}

    def update(self, theta: Theta, grad: Theta, state: Slots, c: Numbers) -> tuple[Theta, dict[str, Tensor]]:
        """Seven kernels."""
        grad = torch.addcmul(grad, theta, c["weight_decay"])
        return moment_step(theta, grad, state, c)


class AdamW(Rule):
    """AdamW (Loshchilov & Hutter 2019, algorithm 2): weight decay is *decoupled*, theta shrinks by itself."""

    slots = ("exp_avg", "exp_avg_sq")

    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """As Adam's, and the factor by which theta shrinks."""
        return {"shrink": 1 - hyper["lr"] * hyper["weight_decay"], **moment_coefficients(hyper, step)}

    def update(self, theta: Theta, grad: Theta, state: Slots, c: Numbers) -> tuple[Theta, dict[str, Tensor]]:
        """Seven kernels."""
        return moment_step(theta * c["shrink"], grad, state, c)


class RMSprop(Rule):
    """RMSprop (Tieleman & Hinton 2012, lecture 6.5), centered as in Graves (2013, eq. 38-45).

    The mean gradient is followed whether or not it is used, so `centered` may be switched at any time. While
    momentum is 0 the buffer is held at zero.
    """

    slots = ("square_avg", "grad_avg", "momentum_buffer")

    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """None depends on the step."""
        del step
        return {
            "weight_decay": hyper["weight_decay"],
            "intake": 1 - hyper["alpha"],
            "minus_centered": -hyper["centered"],
            "eps": hyper["eps"],
            "momentum": hyper["momentum"],
            "moving": (hyper["momentum"] > 0).to(hyper["momentum"]),
            "step": -hyper["lr"],
        }

    def update(self, theta: Theta, grad: Theta, state: Slots, c: Numbers) -> tuple[Theta, dict[str, Tensor]]:
        """Twelve kernels."""
        grad = torch.addcmul(grad, theta, c["weight_decay"])
        square = torch.lerp(state["square_avg"], grad * grad, c["intake"])
        mean = torch.lerp(state["grad_avg"], grad, c["intake"])
        variance = torch.addcmul(square, mean * c["minus_centered"], mean)
        buffer = torch.addcmul(grad / (variance.sqrt() + c["eps"]), state["momentum_buffer"], c["momentum"])
        theta = torch.addcmul(theta, buffer, c["step"])
        return theta, {"square_avg": square, "grad_avg": mean, "momentum_buffer": buffer * c["moving"]}


class Adagrad(Rule):
    """Adagrad (Duchi et al. 2011, the diagonal version, section 1.1)."""

    slots = ("sum",)

    def initial(self, theta: Tensor, hyper: Hyper) -> dict[str, Tensor]:
        """Return the sum of squares at `initial_accumulator_value`."""
        return {"sum": torch.zeros_like(theta) + hyper["initial_accumulator_value"].to(theta)}

    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """Fold the decaying learning rate into the denominator."""
        lr = hyper["lr"] / (1 + (step - 1) * hyper["lr_decay"])
        return {
            "weight_decay": hyper["weight_decay"],
            **_divided_by_lr(lr, hyper["eps"], torch.ones_like(lr)),
        }

    def update(self, theta: Theta, grad: Theta, state: Slots, c: Numbers) -> tuple[Theta, dict[str, Tensor]]:
        """Five kernels."""
        grad = torch.addcmul(grad, theta, c["weight_decay"])
        total = torch.addcmul(state["sum"], grad, grad)
        return _preconditioned_step(theta, grad, total.sqrt(), c), {"sum": total}


class Sign(Rule):
    """Sign descent, Signum when momentum > 0 (Bernstein et al. 2018); weight decay is decoupled.

    The momentum is an EMA, so with momentum 0 it is the last gradient, and goes on from there when turned on.
    """

    slots = ("exp_avg",)

    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """None depends on the step."""
        del step
        lr = hyper["lr"]
        return {"intake": 1 - hyper["momentum"], "shrink": 1 - lr * hyper["weight_decay"], "step": -lr}

    def update(self, theta: Theta, grad: Theta, state: Slots, c: Numbers) -> tuple[Theta, dict[str, Tensor]]:
        """Four kernels."""
        mean = torch.lerp(state["exp_avg"], grad, c["intake"])
        return torch.addcmul(theta * c["shrink"], mean.sign(), c["step"]), {"exp_avg": mean}


class Lion(Rule):
    """Lion (Chen et al. 2023, 2302.06675, algorithm 2); weight decay is decoupled."""

    slots = ("exp_avg",)

    def coefficients(self, hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
        """None depends on the step."""
        del step
        lr, (beta1, beta2) = hyper["lr"], hyper["betas"]
        shrink = 1 - lr * hyper["weight_decay"]
        return {"mix": 1 - beta1, "intake": 1 - beta2, "shrink": shrink, "step": -lr}

    def update(
        self, theta: Tensor, grad: Tensor, state: Mapping[str, Tensor], c: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Five kernels."""
        mean = state["exp_avg"]
        direction = torch.lerp(mean, grad, c["mix"]).sign()
        theta = torch.addcmul(theta * c["shrink"], direction, c["step"])
        return theta, {"exp_avg": torch.lerp(mean, grad, c["intake"])}


def moment_coefficients(hyper: Hyper, step: Tensor) -> dict[str, Tensor]:
    """What Adam and AdamW share: the EMA weights, and the denominator with bias corrections and lr in it."""
    beta1, beta2 = hyper["betas"]
    lr = hyper["lr"] / (1 - beta1**step)
    return {
        "intake": 1 - beta1,
        "intake_sq": 1 - beta2,
        **_divided_by_lr(lr, hyper["eps"], (1 - beta2**step).rsqrt()),
    }


def moment_step(theta: Theta, grad: Theta, state: Slots, c: Numbers) -> tuple[Theta, dict[str, Tensor]]:
    """Adam's step without weight decay: six kernels."""
    mean = torch.lerp(state["exp_avg"], grad, c["intake"])
    square = torch.lerp(state["exp_avg_sq"], grad * grad, c["intake_sq"])
    theta = _preconditioned_step(theta, mean, square.sqrt(), c)
    return theta, {"exp_avg": mean, "exp_avg_sq": square}


def _divided_by_lr(lr: Tensor, eps: Tensor, root_scale: Tensor) -> dict[str, Tensor]:
    """Coefficients for `_preconditioned_step`: the denominator root_scale * root + eps, over -lr.

    With lr in the denominator a kernel is saved; lr = 0 makes the denominator infinite and the step zero.
    """
    moves = lr > SMALLEST_LR
    rate = torch.where(moves, -lr, -1.0)
    return {
        "floor": torch.where(moves, eps / rate, -torch.inf),
        "slope": torch.where(moves, root_scale / rate, 0.0),
    }


def denominator(root: Float[Tensor, "R B"], c: Numbers) -> Float[Tensor, "R B"]:
    """Return -(root_scale * root + eps) / lr, what a direction is divided by: one kernel."""
    return torch.addcmul(c["floor"], root, c["slope"])


def _preconditioned_step(theta: Theta, direction: Theta, root: Theta, c: Numbers) -> Theta:
    """theta - lr * direction / (root_scale * root + eps): two kernels."""
    return torch.addcdiv(theta, direction, denominator(root, c))
