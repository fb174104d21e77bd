"""Regularizers, noise and gradient filters, and the order in which they act on a step.

Which of them act is a `Structure`: a step is traced for one structure. Their numbers are tensors, as those of
the optimizers are, so that a knob turns without tracing again.
"""

from .acting import Acting, Coefficients, State
from .penalties import l_inf_gradient, l_inf_proximal, perpendicular
from .structure import NOISE, Structure

__all__ = [
    "NOISE",
    "Acting",
    "Coefficients",
    "State",
    "Structure",
    "l_inf_gradient",
    "l_inf_proximal",
    "perpendicular",
]
