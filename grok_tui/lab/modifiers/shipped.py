"""The modifiers that ship with grok-tui, each as its spec asks for it, or None where it asks for nothing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...catalog import modifiers as catalog
from .acting import Acting, Coefficients, State, Theta
from .penalties import l_inf_gradient, l_inf_proximal, perpendicular

# As torch.nn.utils.clip_grad_norm_ has it.
CLIP_SLACK = 1e-6


def _number(lr: Tensor, value: float | Tensor) -> Tensor:
    """Return a value as a coefficient: of all steps, or, where it follows a schedule, of each [k, 1, 1]."""
    return value if isinstance(value, Tensor) else lr.new_tensor(value)


@dataclass(frozen=True)
class WeightNoise(Acting):
    """Takes the gradient beside the weights."""

    draws = True

    def coefficients(self, spec: catalog.WeightNoise, lr: Tensor, step: Tensor) -> dict[str, Tensor]:
        """Its standard deviation."""
        del step
        return {"sd": _number(lr, spec.weight_noise)}

    def weights(self, theta: Theta, noise: Tensor | None, c: Coefficients) -> Theta:
        """Add the noise."""
        assert noise is not None
        return torch.addcmul(theta, noise, c["sd"])


def weight_noise(spec: catalog.WeightNoise) -> Acting | None:
    """Noise on the weights."""
    return WeightNoise() if spec.weight_noise > 0 else None


@dataclass(frozen=True)
class Dropout(Acting):
    """Drops activations; the network does it, with factors that are drawn for it."""


def dropout(spec: catalog.Dropout) -> Acting | None:
    """Dropout."""
    return Dropout() if spec.dropout > 0 else None


@dataclass(frozen=True)
class LInf(Acting):
    """Penalizes the maximum norm, by its gradient or by a proximal step after the update."""

    form: str

    def coefficients(self, spec: catalog.LInf, lr: Tensor, step: Tensor) -> dict[str, Tensor]:
        """Strength, of a proximal step times the learning rate, and sharpness."""
        del step
        strength = _number(lr, spec.l_inf)
        return {
            "strength": strength * lr if self.form == "proximal" else strength,
            "sharpness": _number(lr, spec.l_inf_sharpness),
        }

    def gradient(
        self, theta: Theta, grad: Theta, state: State, c: Coefficients, sizes: list[int]
    ) -> tuple[Theta, dict[str, Tensor]]:
        """Add the gradient of the penalty."""
        del sizes
        if self.form != "proximal":
            grad = torch.addcmul(grad, l_inf_gradient(self.form, theta, c["sharpness"]), c["strength"])
        return grad, dict(state)

    def update(self, theta: Theta, theta_0: Theta, noise: Tensor | None, c: Coefficients) -> Theta:
        """Take the proximal step."""
        del theta_0, noise
        return l_inf_proximal(theta, c["strength"]) if self.form == "proximal" else theta


def l_inf(spec: catalog.LInf) -> Acting | None:
    """A penalty on the maximum norm."""
    return LInf(spec.l_inf_form) if spec.l_inf > 0 else None


@dataclass(frozen=True)
class SlowAverage(Acting):
    """Grokfast with an EMA of gradients [R, P]."""

    slots = ("slow",)

    def initial(self, theta: Theta) -> dict[str, Tensor]:
        """Zeros."""
        return {"slow": torch.zeros_like(theta)}

    def coefficients(self, spec: catalog.Grokfast, lr: Tensor, step: Tensor) -> dict[str, Tensor]:
        """The reference starts the average at the first gradient."""
        intake = torch.where(step > 1, _number(lr, 1 - spec.grokfast_decay), 1.0)
        return {"intake": intake, "factor": _number(lr, spec.grokfast_factor)}

    def gradient(
        self, theta: Theta, grad: Theta, state: State, c: Coefficients, sizes: list[int]
    ) -> tuple[Theta, dict[str, Tensor]]:
        """Take the gradient into the average, and add that."""
        del theta, sizes
        slow = torch.lerp(state["slow"], grad, c["intake"])
        return torch.addcmul(grad, slow, c["factor"]), {"slow": slow}


@dataclass(frozen=True)
class SlowWindow(Acting):
    """Grokfast with the mean of a window of gradients [R, W, P]."""

    steps: int

    slots = ("window",)

    def initial(self, theta: Theta) -> dict[str, Tensor]:
        """Zeros."""
        replicas, size = theta.shape
        return {"window": theta.new_zeros(replicas, self.steps, size)}

    def coefficients(self, spec: catalog.Grokfast, lr: Tensor, step: Tensor) -> dict[str, Tensor]:
        """It acts once the window is full."""
        mean = _number(lr, spec.grokfast_factor / self.steps)
        return {"factor": torch.where(step >= self.steps, mean, 0.0)}

    def gradient(
        self, theta: Theta, grad: Theta, state: State, c: Coefficients, sizes: list[int]
    ) -> tuple[Theta, dict[str, Tensor]]:
        """Take the gradient into the window, and add its mean."""
        del theta, sizes
        window = torch.cat([state["window"][:, 1:], grad.unsqueeze(1)], dim=1)
        return torch.addcmul(grad, window.sum(1), c["factor"]), {"window": window}


def grokfast(spec: catalog.Grokfast) -> Acting | None:
    """Grokfast in one of its forms."""
    if spec.grokfast == "ema":
        return SlowAverage()
    return SlowWindow(spec.grokfast_window) if spec.grokfast == "ma" else None


@dataclass(frozen=True)
class PerpGrad(Acting):
    """Takes out of the gradient its part along the weights."""

    def gradient(
        self, theta: Theta, grad: Theta, state: State, c: Coefficients, sizes: list[int]
    ) -> tuple[Theta, dict[str, Tensor]]:
        """Tensor by tensor."""
        del c
        return perpendicular(theta, grad, sizes), dict(state)


def perp_grad(spec: catalog.PerpGrad) -> Acting | None:
    """Perpendicular gradients."""
    return PerpGrad() if spec.perp_grad else None


@dataclass(frozen=True)
class ClipNorm(Acting):
    """Makes the gradient no longer than a norm."""

    def coefficients(self, spec: catalog.ClipNorm, lr: Tensor, step: Tensor) -> dict[str, Tensor]:
        """The norm."""
        del step
        return {"norm": _number(lr, spec.clip_norm)}

    def gradient(
        self, theta: Theta, grad: Theta, state: State, c: Coefficients, sizes: list[int]
    ) -> tuple[Theta, dict[str, Tensor]]:
        """Scale it down."""
        del theta, sizes
        norm = torch.linalg.vector_norm(grad, dim=-1, keepdim=True)
        return grad * (c["norm"] / (norm + CLIP_SLACK)).clamp(max=1.0), dict(state)


def clip_norm(spec: catalog.ClipNorm) -> Acting | None:
    """Clipping of the gradient's norm."""
    return ClipNorm() if spec.clip_norm > 0 else None


@dataclass(frozen=True)
class DecayTowards(Acting):
    """Has the rule work on the distance from where the arm started; the step gives it that."""


def decay_towards(spec: catalog.DecayTowards) -> Acting | None:
    """Decay towards the start."""
    return DecayTowards() if spec.decay_towards == "init" else None


def warmup(spec: catalog.Warmup) -> None:
    """Nothing that is traced: the optimizer's coefficients are those of a smaller learning rate."""
    del spec


@dataclass(frozen=True)
class UpdateNoise(Acting):
    """Adds noise to the update."""

    draws = True

    def coefficients(self, spec: catalog.UpdateNoise, lr: Tensor, step: Tensor) -> dict[str, Tensor]:
        """Its standard deviation, times the learning rate."""
        del step
        return {"sd": -lr * spec.update_noise}

    def update(self, theta: Theta, theta_0: Theta, noise: Tensor | None, c: Coefficients) -> Theta:
        """Add it."""
        del theta_0
        assert noise is not None
        return torch.addcmul(theta, noise, c["sd"])


def update_noise(spec: catalog.UpdateNoise) -> Acting | None:
    """Noise on the update."""
    return UpdateNoise() if spec.update_noise > 0 else None


@dataclass(frozen=True)
class NormFactor(Acting):
    """Keeps the norm of theta."""

    def coefficients(self, spec: catalog.NormFactor, lr: Tensor, step: Tensor) -> dict[str, Tensor]:
        """At which factor of its start."""
        del step
        return {"factor": _number(lr, spec.norm_factor)}

    def update(self, theta: Theta, theta_0: Theta, noise: Tensor | None, c: Coefficients) -> Theta:
        """Scale theta."""
        del noise
        wanted = c["factor"] * torch.linalg.vector_norm(theta_0, dim=-1, keepdim=True)
        kept: Tensor = theta * (wanted / torch.linalg.vector_norm(theta, dim=-1, keepdim=True))
        return kept


def norm_factor(spec: catalog.NormFactor) -> Acting | None:
    """A fixed norm."""
    return NormFactor() if spec.norm_factor > 0 else None


@dataclass(frozen=True)
class Resets(Acting):
    """Has a step make the optimizer's state anew first; the step does it, and keeps the last loss [R, 1].

    Attributes:
        on_return: also when the loss returns from 0.
    """

    on_return: bool

    slots = ("last_loss",)

    def initial(self, theta: Theta) -> dict[str, Tensor]:
        """A loss that is not 0."""
        return {"last_loss": theta.new_ones(len(theta), 1)}

    def coefficients(self, spec: catalog.ResetWithin, lr: Tensor, step: Tensor) -> dict[str, Tensor]:
        """The age at which state is made anew."""
        del step
        return {"every": lr.new_tensor(float(spec.reset_every or torch.inf))}


def resets(spec: catalog.ResetWithin) -> Acting | None:
    """Resets within steps."""
    return Resets(spec.reset_on_return) if spec.reset_every > 0 or spec.reset_on_return else None
