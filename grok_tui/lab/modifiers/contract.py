"""What the engine takes for granted of a modifier; asked of those that plugins bring."""

from __future__ import annotations

import torch
from torch import Tensor

from ...catalog.base import Spec
from ...catalog.plugins import require
from ..contract import are_coefficients, draws_nothing, is_kept, is_like, is_pair, is_state
from .acting import Acting


def is_acting(acting: object) -> None:
    """Check that what an implementation has made is a modifier, or None, and can tell traces apart.

    Raises:
        ContractError: it is not.
    """
    if acting is None:
        return
    require(isinstance(acting, Acting), f"it is built as {type(acting).__name__}, neither Acting nor None")
    try:
        hash(acting)
    except TypeError as error:
        require(False, f"it cannot be hashed, as a frozen dataclass can: {error}")


def check_acting(acting: Acting, spec: Spec, theta: Tensor, sizes: list[int]) -> None:
    """Check that each hook keeps the shapes and dtypes of theta [R, P] and of the state, and draws nothing.

    Raises:
        ContractError: one does not.
    """
    state = acting.initial(theta)
    is_state(state, acting.slots, theta)
    c = numbers(acting, spec, theta)
    noise = torch.ones_like(theta) if acting.draws else None
    with draws_nothing("noise is given where draws is True"):
        weights = acting.weights(theta, noise, c)
        grad, kept = is_pair("gradient", acting.gradient(theta, torch.ones_like(theta), state, c, sizes))
        update = acting.update(theta, theta, noise, c)
    is_like("theta at the weights", weights, theta)
    is_like("the gradient", grad, theta)
    is_kept("gradient", kept, state)
    is_like("theta at the update", update, theta)


def numbers(acting: Acting, spec: Spec, theta: Tensor, at: int = 1) -> dict[str, Tensor]:
    """Return the coefficients of a step, [R, 1] each, in theta's dtype.

    Raises:
        ContractError: they are not float64 or do not fit replicas.
    """
    lr = torch.full((len(theta), 1), 0.1, dtype=torch.float64)
    step = torch.full((1, 1, 1), float(at), dtype=torch.float64)
    found = acting.coefficients(spec, lr, step)
    are_coefficients(found, len(theta))
    return {name: value.expand(1, len(theta), 1)[0].to(theta) for name, value in found.items()}
