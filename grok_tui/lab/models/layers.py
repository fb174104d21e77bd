"""What networks are built of: activations, and linear layers that start in a given way."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...catalog.models import Layered
from .roles import Roles

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "quadratic": torch.square,
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda x: x,
}


class Network(nn.Module):
    """A network: `forward(inputs, keep=None)` maps inputs [N, I] to outputs [N, O].

    `keep` [N, dropout_units] is dropout's: the factors on the units, 0 or 1 / (1 - rate).

    Attributes:
        roles: what its parameters are, by their names.
        dropout_units: how many activations of a sample dropout can mask; 0 where `forward` takes no `keep`.
    """

    roles: Roles
    dropout_units = 0


class Layer(nn.Linear):
    """A linear layer [..., I] -> [..., O] that starts as `Layered` says."""

    def __init__(self, inputs: int, outputs: int, spec: Layered) -> None:
        super().__init__(inputs, outputs, bias=spec.bias)
        sd = {
            "normal": inputs**-0.5,
            "he": (2 / inputs) ** 0.5,
            "gromov": 0.5 * (2 * spec.hidden) ** (-1 / 3),
        }
        if spec.init in sd:
            nn.init.normal_(self.weight, std=sd[spec.init])
            if spec.bias:
                nn.init.zeros_(self.bias)
        self.factor = 1.0 if spec.parametrization == "standard" else inputs**-0.5
        with torch.no_grad():
            self.weight.div_(self.factor)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the layer's outputs."""
        weight = self.weight if self.factor == 1 else self.weight * self.factor
        return functional.linear(inputs, weight, self.bias)


def scale(network: nn.Module, factor: float) -> None:
    """Multiply all parameters by a number."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(factor)
