"""What the engine takes for granted of a modifier; asked of those that plugins bring."""

from __future__ import annotations

import torch
from torch import Tensor

from ...catalog.base import Spec
from ...catalog.plugins import require
from ..pure import Draws
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
    require(set(state) == set(acting.slots), f"slots are {sorted(acting.slots)}, the state {sorted(state)}")
    for slot, value in state.items():
        require(value.dtype == theta.dtype, f"state '{slot}' is {value.dtype} beside {theta.dtype}")
        require(len(value) == len(theta), f"state '{slot}' {list(value.shape)} has not one row a replica")
    c = numbers(acting, spec, theta)
    noise = torch.ones_like(theta) if acting.draws else None
    with Draws() as draws:
        weights = acting.weights(theta, noise, c)
        grad, kept = acting.gradient(theta, torch.ones_like(theta), state, c, sizes)
        update = acting.update(theta, theta, noise, c)
    otherwise = f"it draws random numbers ({', '.join(draws.seen)}): noise is given where draws is True"
    require(not draws.seen, otherwise)
    _check_like("theta at the weights", weights, theta)
    _check_like("the gradient", grad, theta)
    require(set(kept) == set(state), f"gradient keeps {sorted(kept)} of the state {sorted(state)}")
    for slot, value in state.items():
        _check_like(f"state '{slot}'", kept[slot], value)
    _check_like("theta at the update", update, theta)


def numbers(acting: Acting, spec: Spec, theta: Tensor, at: int = 1) -> dict[str, Tensor]:
    """Return the coefficients of a step, [R, 1] each, in theta's dtype.

    Raises:
        ContractError: they are not float64 or do not fit replicas.
    """
    lr = torch.full((len(theta), 1), 0.1, dtype=torch.float64)
    step = torch.full((1, 1, 1), float(at), dtype=torch.float64)
    found = acting.coefficients(spec, lr, step)
    for name, value in found.items():
        require(isinstance(value, Tensor), f"coefficient '{name}' is {type(value).__name__}, no tensor")
        require(value.dtype == torch.float64, f"coefficient '{name}' is {value.dtype}, not float64")
        shape = (1, 1, 1, *value.shape)[-3:]
        fits = value.dim() <= 3 and all(n in (1, m) for n, m in zip(shape, (1, len(theta), 1), strict=True))
        require(fits, f"coefficient '{name}' {list(value.shape)} does not fit [k, R, 1]")
    return {name: value.expand(1, len(theta), 1)[0].to(theta) for name, value in found.items()}


def _check_like(what: str, found: Tensor, before: Tensor) -> None:
    require(isinstance(found, Tensor), f"{what} becomes {type(found).__name__}")
    require(found.shape == before.shape, f"{what} {list(before.shape)} becomes {list(found.shape)}")
    require(found.dtype == before.dtype, f"{what} of {before.dtype} becomes {found.dtype}")
