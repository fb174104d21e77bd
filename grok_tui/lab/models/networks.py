"""The networks, as ordinary modules."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...catalog.models import AnyModel, Linear, Mlp
from ...catalog.tasks import Shape

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "quadratic": torch.square,
    "relu": torch.relu,
    "gelu": nn.functional.gelu,
    "tanh": torch.tanh,
}


class TwoLayer(nn.Module):
    """One hidden layer: inputs [..., I] -> outputs [..., O]."""

    def __init__(self, spec: Mlp, shape: Shape) -> None:
        super().__init__()
        self.hidden = nn.Linear(shape.inputs, spec.hidden, bias=spec.bias)
        self.readout = nn.Linear(spec.hidden, shape.outputs, bias=spec.bias)
        self.activation = ACTIVATIONS[spec.activation]
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.mul_(spec.init_scale)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs of one layer of hidden units."""
        outputs: Tensor = self.readout(self.activation(self.hidden(inputs)))
        return outputs


def build_network(spec: AnyModel, shape: Shape) -> nn.Module:
    """Build a network on the CPU in float32, initialized from torch's global generator."""
    match spec:
        case Linear():
            network = nn.Linear(shape.inputs, shape.outputs, bias=False)
            if spec.init == "zeros":
                nn.init.zeros_(network.weight)
            return network
        case Mlp():
            return TwoLayer(spec, shape)
