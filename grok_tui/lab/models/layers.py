"""What networks are built of: activations, and linear layers that start in a given way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...catalog.models import Layered
from ..shapes import Float
from .layout import Layout, Role

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "quadratic": torch.square,
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "exp": lambda x: torch.exp(x - 1),  # of mean square 1 where x is N(0, 1)
    "identity": lambda x: x,
}


HOMOGENEOUS = frozenset({"relu", "leaky_relu", "identity"})
"""Activations s with s(a x) = a s(x) for a > 0."""

Declared = Sequence[tuple[nn.Module | Tensor, Role]]
"""What a layer is made of: parameters, and modules of weights with this role and of biases."""


class Network(nn.Module, ABC):
    """A network: `forward(inputs, keep=None)` maps inputs [N, I] to outputs [N, O].

    `keep` [N, dropout_units] is dropout's: the factors on the units, 0 or 1 / (1 - rate).

    Attributes:
        dropout_units: how many activations of a sample dropout can mask; 0 where `forward` takes no `keep`.
        homogeneous: whether weights times a > 0, and biases of layer l = 1..L times a^l, give outputs times
            a^L.
    """

    dropout_units = 0
    homogeneous = False

    @abstractmethod
    def layers(self) -> Sequence[Declared]:
        """Return what the network is made of, layer by layer from the inputs to the outputs."""

    def layout(self) -> Layout:
        """Return what each parameter is, in the order of `named_parameters`.

        Raises:
            TypeError: a parameter belongs to no layer.
        """
        declared = {
            id(parameter): (role, number)
            for number, layer in enumerate(self.layers())
            for part, of_part in layer
            for parameter, role in _roles(part, of_part)
        }
        named = dict(self.named_parameters())
        missing = [name for name, parameter in named.items() if id(parameter) not in declared]
        if missing:
            raise TypeError(f"{type(self).__name__} does not say what '{missing[0]}' is")
        return Layout.of(
            (name, parameter.shape, *declared[id(parameter)]) for name, parameter in named.items()
        )


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

    def forward(self, inputs: Float[Tensor, "*N I"]) -> Float[Tensor, "*N O"]:
        """Return the layer's outputs."""
        weight = self.weight if self.factor == 1 else self.weight * self.factor
        return functional.linear(inputs, weight, self.bias)


def _roles(part: nn.Module | Tensor, role: Role) -> Iterator[tuple[Tensor, Role]]:
    """Yield each parameter of a part of a layer, and its role."""
    if isinstance(part, Tensor):
        yield part, role
        return
    for parameter in part.parameters():
        yield parameter, Role.BIAS if parameter is getattr(part, "bias", None) else role


def scale(network: nn.Module, factor: float) -> None:
    """Multiply all parameters by a number."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(factor)
