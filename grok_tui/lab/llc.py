"""The local learning coefficient: how much the loss rises on average around a point, in units of n beta.

Lau et al. 2023 (2308.12108): LLC = n beta (E[L(w)] - L(w0)), the mean being over the posterior that is
tempered by beta and held near w0, of density exp(-n beta L(w) - gamma/2 |w - w0|^2). At a minimum with a
Hessian of full rank it is P/2; degenerate minima have less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad

from ..catalog.llc import Sgld
from .process_wide import trace
from .shapes import Float
from .streams import Purpose, stream

Loss = Callable[[Tensor], Tensor]
"""Maps parameters [R, C, P] of C chains of R replicas to losses [R, C], each the mean over all samples."""

BLOCKS = 10
"""Parts that the draws of a chain are divided in, to tell a trend from noise by their means."""
TREND = 0.1
"""Change over the draws, as a share of their mean, from which on a trace has not levelled."""
ACCEPTANCE = 0.7
"""Share of steps that a Metropolis test has to take; around a quadratic minimum it is never below a half."""
CERTAINTY = 6.0
"""Standard errors by which a trend must differ from none; with 8 degrees of freedom p is below 2e-4."""


@dataclass(frozen=True)
class Estimate:
    """What the chains found around each of R centres.

    Attributes:
        losses: [T, R, C], float64: L at each step of each chain, burn-in included; the first is L(w0).
        distances: ||w - w0||_2 likewise.
        acceptances: likewise the probability that a Metropolis test would have taken the step; it falls where
            the step is so large that the chains no longer follow the posterior.
        burn_in: how many of the T steps do not count.
        nbeta: n beta.
        size: P.
    """

    losses: Float[Tensor, "T R C"]
    distances: Float[Tensor, "T R C"]
    acceptances: Float[Tensor, "T R C"]
    burn_in: int
    nbeta: float
    size: int

    @property
    def by_chain(self) -> Float[Tensor, "R C"]:
        """The estimate of each chain alone [R, C]."""
        above = self.losses[self.burn_in :].mean(0) - self.losses[0]
        return above * self.nbeta

    @property
    def llc(self) -> Float[Tensor, " R"]:
        """The estimate [R]; NaN where a chain met a loss that is no number."""
        return self.by_chain.mean(-1)

    @property
    def error(self) -> Float[Tensor, " R"]:
        """The standard error of `llc` [R] from the spread over the chains; NaN of a single chain."""
        chains = self.losses.shape[-1]
        if chains == 1:
            return torch.full_like(self.llc, torch.nan)
        error: Tensor = self.by_chain.std(-1) / chains**0.5
        return error

    @property
    def acceptance(self) -> Float[Tensor, " R"]:
        """Share of the steps that a Metropolis test would have taken [R]."""
        return self.acceptances[self.burn_in :].mean((0, 2))

    def warnings(self, replica: int = 0) -> tuple[str, ...]:
        """Return what speaks against the estimate for a replica; nothing where all seems well.

        These are the signs that a chain has left the neighbourhood of w0 or has not settled in it yet.
        """
        losses, distances = (trace[:, replica].cpu() for trace in (self.losses, self.distances))
        if not (losses.isfinite().all() and distances.isfinite().all()):
            return ("a chain ran away: its loss is not finite",)
        above = losses[self.burn_in :] - losses[0]
        loss_trend, distance_trend = (trend(trace.mean(-1)) for trace in (above, distances[self.burn_in :]))
        llc = self.nbeta * above.mean().item()
        accepted = self.acceptance[replica].item()
        found = {
            f"a Metropolis test would have taken {accepted:.0%} of the steps: they are too large": accepted
            < ACCEPTANCE,
            "the loss falls below that of the centre, which is no minimum": llc < 0,
            "it is more than half the number of parameters, as no coefficient can be": llc
            > (1 + TREND) * self.size / 2,
            "the loss still rises": loss_trend > TREND,
            "the loss still falls": loss_trend < -TREND,
            "the distance from the centre still grows": distance_trend > TREND,
        }
        return tuple(warning for warning, holds in found.items() if holds)


def estimate(
    loss: Loss, centres: Float[Tensor, "R P"], samples: int, settings: Sgld, seed: int = 0
) -> Estimate:
    """Estimate the local learning coefficient around R points.

    w' = w - epsilon/2 (n beta grad L(w) + gamma (w - w0)) + N(0, epsilon), with the gradient of all samples.
    The noise is a function of the seed, of the number of chains and of P alone: it is the same for every
    replica, and in every call, so that differences between two points are not those between two draws.

    Args:
        loss: see `Loss`; nothing in it is random, or branches on values.
        centres: w0 of each replica [R, P].
        samples: n, the training samples over which the loss is a mean.
        settings: of the dynamics.
        seed: of the noise.
    """
    nbeta, epsilon = settings.nbeta_for(samples), settings.step_size

    def energy(theta: Tensor, centre: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        losses, distances = loss(theta), torch.linalg.vector_norm(theta - centre, dim=-1)
        energies = nbeta * losses + settings.gamma / 2 * (theta - centre).square().sum(-1)
        return energies.sum(), (energies, losses, distances)

    def step(
        theta: Tensor, slope: Tensor, energies: Tensor, noise: Tensor, centre: Tensor
    ) -> tuple[Tensor, ...]:
        theta = theta - epsilon / 2 * slope + epsilon**0.5 * noise
        next_slope, (next_energies, losses, distances) = grad(energy, has_aux=True)(theta, centre)
        both = epsilon**0.5 / 2 * (slope + next_slope)
        log_ratio = energies - next_energies + (both * (noise - both / 2)).sum(-1)
        seen = torch.stack([losses, distances, log_ratio.clamp(max=0).exp()])
        return theta, next_slope, next_energies, seen

    centre = centres.detach().unsqueeze(1)
    theta = centre.repeat(1, settings.chains, 1)
    # Without slope and noise the first step stays at the centre.
    slope, noise = torch.zeros_like(theta), torch.zeros_like(theta[0])
    energies = torch.zeros_like(theta[..., 0])
    generator = torch.Generator(centres.device)
    generator.manual_seed(int(stream(seed, Purpose.SGLD).integers(2**63)))
    traces = theta.new_empty((settings.steps, 3, *theta.shape[:2]), dtype=torch.float64)
    with torch.no_grad():
        # Traced, a step of a small network takes half the time: no graph for autograd is built.
        traced = trace(step, theta, slope, energies, noise, centre)
        traced.graph.eliminate_dead_code()
        traced.recompile()
        for i in range(settings.steps):
            theta, slope, energies, traces[i] = traced(theta, slope, energies, noise, centre)
            noise.normal_(generator=generator)
    losses, distances, acceptances = traces.unbind(1)
    return Estimate(losses, distances, acceptances, settings.burn_in, nbeta, centres.shape[1])


def trend(trace: Float[Tensor, " T"]) -> float:
    """Return by which share of its mean a trace [T] changes from its beginning to its end.

    It is the slope of the line through the means of `BLOCKS` equal parts, or 0 where that is not certain.
    """
    means = trace[len(trace) % BLOCKS :].view(BLOCKS, -1).mean(1)
    place = torch.arange(BLOCKS, dtype=trace.dtype, device=trace.device) - (BLOCKS - 1) / 2
    spread = place.square().sum()
    slope = (place * means).sum() / spread
    residual = means - means.mean() - slope * place
    error = (residual.square().sum() / (BLOCKS - 2) / spread).sqrt()
    if slope.abs() <= CERTAINTY * error:
        return 0.0
    return (slope * BLOCKS / means.mean().abs()).item()
