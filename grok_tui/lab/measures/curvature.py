"""The curvature of the training loss at theta."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.func import grad, vmap

from grok_tui.errors import GrokTuiError

from ..shapes import Float
from .probe import Probe

ITERATIONS = 20

FLAT = 1e-3
"""A direction is flat when its curvature is below this share of the largest, in absolute values."""

LARGEST_HESSIAN = 4096
"""Most parameters of a network whose Hessian is computed whole."""

AT_ONCE = 64
"""Rows of a Hessian that are computed together."""


def sharpness(probe: Probe) -> Float[Tensor, " R"]:
    """Return the largest eigenvalue of the Hessian of the training loss [R], to about a per mille."""
    start = torch.randn(probe.theta.shape[1], generator=torch.Generator().manual_seed(0))
    return largest_eigenvalue(
        lambda vectors: hessian_product(probe, vectors),
        start.to(probe.theta).expand_as(probe.theta),
        ITERATIONS,
    )


def flat_directions(probe: Probe) -> Float[Tensor, " R"]:
    """Return the share of the Hessian's eigenvalues that are next to 0 [R]; of the training loss, exact.

    As in Sagun et al. 2017 (1706.04454) most are, where there are more parameters than there is to fit.

    Raises:
        GrokTuiError: the network has more than `LARGEST_HESSIAN` parameters.
    """
    replicas, size = probe.theta.shape
    if size > LARGEST_HESSIAN:
        raise GrokTuiError(f"measure 'flat_directions': {size} parameters are more than {LARGEST_HESSIAN}")
    basis = torch.eye(size, dtype=probe.theta.dtype, device=probe.theta.device)
    hessian = vmap(
        lambda vector: hessian_product(probe, vector.expand(replicas, -1)), out_dims=1, chunk_size=AT_ONCE
    )(basis)
    curvatures = torch.linalg.eigvalsh(hessian.double()).abs()
    flat: Tensor = curvatures < FLAT * curvatures.amax(-1, keepdim=True)
    return flat.to(probe.theta.dtype).mean(-1)


def hessian_product(probe: Probe, vectors: Tensor) -> Tensor:
    """Return the Hessian of each replica's training loss times its vector [R, P]."""

    def loss(theta: Tensor) -> Tensor:
        return replace(probe, theta=theta).train_loss.sum()

    product: Tensor = grad(lambda theta: (grad(loss)(theta) * vectors).sum())(probe.theta)
    return product


def largest_eigenvalue(product: Callable[[Tensor], Tensor], start: Tensor, iterations: int) -> Tensor:
    """Return the largest eigenvalue [R] of symmetric matrices, one a replica, by Lanczos iteration.

    Lost orthogonality only repeats eigenvalues that are found already (Paige 1980), so nothing is kept of the
    Krylov space but its last two vectors.

    Args:
        product: maps vectors [R, P] to matrix times vector [R, P].
        start: [R, P].
        iterations: products taken.
    """
    vector = start / torch.linalg.vector_norm(start, dim=-1, keepdim=True)
    previous, off = torch.zeros_like(vector), torch.zeros_like(vector[:, :1])
    diagonal, beside = [], []
    for _ in range(min(iterations, start.shape[-1])):
        following = product(vector) - off * previous
        along = (following * vector).sum(-1, keepdim=True)
        following = following - along * vector
        off = torch.linalg.vector_norm(following, dim=-1, keepdim=True)
        diagonal.append(along)
        beside.append(off)
        previous, vector = vector, following / off.clamp(min=torch.finfo(off.dtype).tiny)
    inner = torch.diag_embed(torch.cat(beside[:-1], -1).double(), 1) if len(beside) > 1 else 0
    tridiagonal = torch.diag_embed(torch.cat(diagonal, -1).double()) + inner
    eigenvalues: Tensor = torch.linalg.eigvalsh(tridiagonal, UPLO="U")
    return eigenvalues[:, -1].to(start.dtype)
