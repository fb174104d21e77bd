"""How the local learning coefficient is estimated: the settings of the Langevin dynamics."""

from __future__ import annotations

from math import log

from .base import Spec, knob


class Sgld(Spec):
    """Localized stochastic gradient Langevin dynamics (Lau et al. 2023, 2308.12108, algorithm 1).

    The defaults compare networks. As a number an estimate is too small: on a quadratic of 10 dimensions,
    whose coefficient is 5, they give 4.14 +- .12, because gamma = 10 localizes (4.45 by the closed form) and
    500 steps do not reach equilibrium. With gamma = 0 and longer chains it is 5.09 +- .05.
    """

    step_size: float = knob(1e-3, gt=0, le=1, help="epsilon, the variance of the noise of a step")
    nbeta: float | None = knob(
        None, gt=0, le=1e12, help="samples times inverse temperature; n / log n where it is not given"
    )
    gamma: float = knob(
        10.0, ge=0, le=1e12, help="strength of the pull back to the centre; it lowers estimates"
    )
    chains: int = knob(2, ge=1, le=1000, help="independent chains, all from the centre")
    draws: int = knob(250, ge=20, le=1_000_000, help="steps of a chain that count")
    burn_in: int = knob(250, ge=1, le=1_000_000, help="steps of a chain before those")

    @property
    def steps(self) -> int:
        """Gradients that a chain takes."""
        return self.burn_in + self.draws

    def nbeta_for(self, samples: int) -> float:
        """Return n beta for n training samples, by default that of Lau et al., n / log n.

        Below n = 3, where log n < 1, the default is n.
        """
        return samples / max(1.0, log(samples)) if self.nbeta is None else self.nbeta
