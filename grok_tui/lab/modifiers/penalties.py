"""Penalties on the maximum norm, and perpendicular gradients, as pure functions of all parameters."""

from __future__ import annotations

import torch
from torch import Tensor

from ..shapes import Float

# Keeps the perpendicular part of a zero gradient, or of zero weights, zero.
TINY = 1e-30


def l_inf_gradient(
    form: str, theta: Float[Tensor, "R P"], sharpness: Float[Tensor, "R 1"]
) -> Float[Tensor, "R P"]:
    """Return the gradient of a penalty on the maximum norm of theta.

    Args:
        form: "log_sum_exp": of log(sum_i exp(s |theta_i|)) / s; "p_norm": of ||theta||_s; "max": a
            subgradient of max_i |theta_i|, shared between coordinates that tie.
        theta: where.
        sharpness: s.
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


def l_inf_proximal(theta: Float[Tensor, "R P"], strength: Float[Tensor, "R 1"]) -> Float[Tensor, "R P"]:
    """Return argmin_x ||x - theta||^2 / 2 + strength * max |x_i|.

    By Moreau's identity it is what is left of theta after projection onto the L1 ball of radius `strength`;
    the projection is that of Duchi et al. 2008, figure 1. The result is theta with its top cut off.
    """
    ordered = theta.abs().sort(dim=-1, descending=True).values
    excess = _row_sums(ordered) - strength
    count = torch.arange(1, theta.shape[-1] + 1, dtype=theta.dtype, device=theta.device)
    above = (ordered * count > excess).sum(-1, keepdim=True).clamp(min=1)
    level = (excess.gather(-1, above - 1) / above).clamp(min=0)
    return torch.minimum(theta.abs(), level) * theta.sign()


def _row_sums(values: Float[Tensor, "R P"]) -> Float[Tensor, "R P"]:
    """Return the sums up to each place of a row, in an order that is the same every time.

    CUDA adds up a single row in blocks, in whatever order they come; several rows it takes one by one.
    """
    if values.is_cuda and len(values) == 1:
        return values.expand(2, -1).cumsum(-1)[:1]
    return values.cumsum(-1)


def perpendicular(
    theta: Float[Tensor, "R P"], grad: Float[Tensor, "R P"], sizes: list[int]
) -> Float[Tensor, "R P"]:
    """Return the gradient without its part along the weights, tensor by tensor, each at its old norm.

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
