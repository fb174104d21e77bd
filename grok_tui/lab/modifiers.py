"""Regularizers, noise and gradient filters as pure functions on the flat vector of all parameters.

Which of them act is a `Structure`: a step is traced for one structure. Their numbers are tensors, as those of
the optimizers are, so that a knob turns without tracing again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from grok_tui.catalog.modifiers import Modifiers

# Keeps the perpendicular part of a zero gradient, or of zero weights, zero.
TINY = 1e-30

# As torch.nn.utils.clip_grad_norm_ has it.
CLIP_SLACK = 1e-6


@dataclass(frozen=True)
class Structure:
    """Which modifiers act.

    Attributes:
        l_inf: the form of the penalty on the maximum norm, or "".
        window: steps of Grokfast's moving average, or 0.
        resets: whether a step may begin by making the optimizer's state anew.
        ema: whether Grokfast's EMA acts.
    """

    weight_noise: bool
    dropout: bool
    l_inf: str
    ema: bool
    window: int
    perp_grad: bool
    clip: bool
    towards_init: bool
    update_noise: bool
    constrained: bool
    resets: bool
    reset_on_return: bool

    @classmethod
    def of(cls, spec: Modifiers) -> Structure:
        """Return what acts under a spec."""
        return cls(
            weight_noise=spec.weight_noise > 0,
            dropout=spec.dropout > 0,
            l_inf=spec.l_inf_form if spec.l_inf > 0 else "",
            ema=spec.grokfast == "ema",
            window=spec.grokfast_window if spec.grokfast == "ma" else 0,
            perp_grad=spec.perp_grad,
            clip=spec.clip_norm > 0,
            towards_init=spec.decay_towards == "init",
            update_noise=spec.update_noise > 0,
            constrained=spec.norm_factor > 0,
            resets=spec.reset_every > 0 or spec.reset_on_return,
            reset_on_return=spec.reset_on_return,
        )

    @property
    def filters(self) -> bool:
        """Whether earlier gradients take part, so that there is a state."""
        return self.ema or self.window > 0


def initial_state(structure: Structure, theta: Tensor) -> dict[str, Tensor]:
    """Return the state before the first step.

    It is an EMA [R, P] or a window of gradients [R, W, P], all zeros, and the last loss [R, 1] where the
    optimizer is reset.
    """
    found = {}
    replicas, size = theta.shape
    if structure.ema:
        found["slow"] = torch.zeros_like(theta)
    if structure.window:
        found["window"] = theta.new_zeros(replicas, structure.window, size)
    if structure.resets:
        found["last_loss"] = theta.new_ones(replicas, 1)
    return found


def coefficients(spec: Modifiers, structure: Structure, lr: Tensor, step: Tensor) -> dict[str, Tensor]:
    """Return the numbers that a step needs, float64, each broadcastable to [k, R, 1].

    Args:
        spec: their settings.
        structure: what of them acts.
        lr: the optimizer's learning rate, [R, 1] or [k, R, 1].
        step: float64 [k, 1, 1], counted from 1 since the state was initial.
    """
    number = lr.new_tensor
    found: dict[str, Tensor] = {}
    if structure.weight_noise:
        found["weight_noise"] = number(spec.weight_noise)
    if structure.l_inf:
        strength = number(spec.l_inf)
        found["l_inf"] = strength * lr if structure.l_inf == "proximal" else strength
        found["l_inf_sharpness"] = number(spec.l_inf_sharpness)
    if structure.ema:
        # The reference starts the average at the first gradient.
        found["slow_intake"] = torch.where(step > 1, number(1 - spec.grokfast_decay), 1.0)
        found["slow_factor"] = number(spec.grokfast_factor)
    if structure.window:
        mean = number(spec.grokfast_factor / structure.window)
        found["slow_factor"] = torch.where(step >= structure.window, mean, 0.0)
    if structure.clip:
        found["clip_norm"] = number(spec.clip_norm)
    if structure.update_noise:
        found["update_noise"] = -lr * spec.update_noise
    if structure.constrained:
        found["norm_factor"] = number(spec.norm_factor)
    if structure.resets:
        found["reset_every"] = number(float(spec.reset_every or torch.inf))
    return found


def modified_gradient(
    structure: Structure,
    theta: Tensor,
    grad: Tensor,
    state: Mapping[str, Tensor],
    c: Mapping[str, Tensor],
    sizes: list[int],
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the gradient that the optimizer sees, and the state after it.

    Args:
        structure: what acts.
        theta: [R, P].
        grad: the gradient of the training loss, [R, P].
        state: as `initial_state` shapes it.
        c: the coefficients of this step, [R, 1] each.
        sizes: how many numbers each tensor of the network takes of theta.
    """
    after = dict(state)
    if structure.l_inf and structure.l_inf != "proximal":
        grad = torch.addcmul(grad, l_inf_gradient(structure.l_inf, theta, c["l_inf_sharpness"]), c["l_inf"])
    if structure.ema:
        after["slow"] = torch.lerp(state["slow"], grad, c["slow_intake"])
        grad = torch.addcmul(grad, after["slow"], c["slow_factor"])
    if structure.window:
        after["window"] = torch.cat([state["window"][:, 1:], grad.unsqueeze(1)], dim=1)
        grad = torch.addcmul(grad, after["window"].sum(1), c["slow_factor"])
    if structure.perp_grad:
        grad = perpendicular(theta, grad, sizes)
    if structure.clip:
        norm = torch.linalg.vector_norm(grad, dim=-1, keepdim=True)
        grad = grad * (c["clip_norm"] / (norm + CLIP_SLACK)).clamp(max=1.0)
    return grad, after


def modified_update(
    structure: Structure,
    theta: Tensor,
    theta_0: Tensor,
    noise: Tensor | None,
    c: Mapping[str, Tensor],
) -> Tensor:
    """Return theta [R, P] as it is after a step, given what the optimizer made of it.

    Args:
        structure: what acts.
        theta: after the optimizer's step, [R, P].
        theta_0: where the arm started, [R, P].
        noise: standard normal [R, P] where there is update noise.
        c: the coefficients of this step, [R, 1] each.
    """
    if noise is not None:
        theta = torch.addcmul(theta, noise, c["update_noise"])
    if structure.l_inf == "proximal":
        theta = l_inf_proximal(theta, c["l_inf"])
    if structure.constrained:
        wanted = c["norm_factor"] * torch.linalg.vector_norm(theta_0, dim=-1, keepdim=True)
        theta = theta * (wanted / torch.linalg.vector_norm(theta, dim=-1, keepdim=True))
    return theta


def l_inf_gradient(form: str, theta: Tensor, sharpness: Tensor) -> Tensor:
    """Return the gradient [R, P] of a penalty on the maximum norm of theta [R, P].

    Args:
        form: "log_sum_exp": of log(sum_i exp(s |theta_i|)) / s; "p_norm": of ||theta||_s; "max": a
            subgradient of max_i |theta_i|, shared between coordinates that tie.
        theta: where.
        sharpness: s, [R, 1].
    """
    size = theta.abs()
    if form == "log_sum_exp":
        return torch.softmax(size * sharpness, -1) * theta.sign()
    largest = size.amax(-1, keepdim=True)
    if form == "p_norm":
        # Relative to the largest, so that no power overflows.
        relative = size / largest.clamp(min=TINY)
        total = relative.pow(sharpness).sum(-1, keepdim=True).clamp(min=1)
        return relative.pow(sharpness - 1) * total.pow(1 / sharpness - 1) * theta.sign()
    at_top = (size == largest).to(theta.dtype)
    return at_top * theta.sign() / at_top.sum(-1, keepdim=True)


def l_inf_proximal(theta: Tensor, strength: Tensor) -> Tensor:
    """Return argmin_x ||x - theta||^2 / 2 + strength * max |x_i|, theta [R, P], strength [R, 1].

    By Moreau's identity it is what is left of theta after projection onto the L1 ball of radius `strength`;
    the projection is that of Duchi et al. 2008, figure 1. The result is theta with its top cut off.
    """
    ordered = theta.abs().sort(dim=-1, descending=True).values
    excess = _row_sums(ordered) - strength
    count = torch.arange(1, theta.shape[-1] + 1, dtype=theta.dtype, device=theta.device)
    above = (ordered * count > excess).sum(-1, keepdim=True).clamp(min=1)
    level = (excess.gather(-1, above - 1) / above).clamp(min=0)
    return torch.minimum(theta.abs(), level) * theta.sign()


def _row_sums(values: Tensor) -> Tensor:
    """Return the sums up to each place of a row [R, P], in an order that is the same every time.

    CUDA adds up a single row in blocks, in whatever order they come; several rows it takes one by one.
    """
    if values.is_cuda and len(values) == 1:
        return values.expand(2, -1).cumsum(-1)[:1]
    return values.cumsum(-1)


def perpendicular(theta: Tensor, grad: Tensor, sizes: list[int]) -> Tensor:
    """Return the gradient [R, P] without its part along the weights, tensor by tensor, each at its old norm.

    Prieto et al. 2025 (arXiv 2501.04697), section 5: perpendicular-Grad.
    """
    parts = []
    for weights, direction in zip(torch.split(theta, sizes, -1), torch.split(grad, sizes, -1), strict=True):
        along = (weights * direction).sum(-1, keepdim=True) / (weights * weights).sum(-1, keepdim=True).clamp(
            min=TINY
        )
        rest = torch.addcmul(direction, weights, -along)
        old = torch.linalg.vector_norm(direction, dim=-1, keepdim=True)
        new = torch.linalg.vector_norm(rest, dim=-1, keepdim=True).clamp(min=TINY)
        parts.append(rest * (old / new))
    return torch.cat(parts, -1)
