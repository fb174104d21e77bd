"""What the engine takes for granted of a network; asked of those that plugins bring."""

from __future__ import annotations

import torch

from ...catalog.models import ModelSpec
from ...catalog.plugins import require
from ...catalog.tasks import Shape
from .layers import Network


def check_network(network: object, spec: ModelSpec, shape: Shape) -> None:
    """Check a network's size, what it says of its tensors, and its outputs.

    Raises:
        ContractError: one is not as its spec says.
        TypeError: a parameter belongs to no layer.
    """
    require(isinstance(network, Network), f"it is built as {type(network).__name__}, not as a Network")
    assert isinstance(network, Network)
    size, counted = sum(parameter.numel() for parameter in network.parameters()), spec.parameter_count(shape)
    require(size == counted, f"{size} parameters, but {counted} by its parameter_count")
    network.layout()
    with torch.no_grad():
        outputs = network(torch.zeros(2, shape.inputs))
    expected = (2, shape.outputs)
    require(outputs.shape == expected, f"outputs {list(outputs.shape)} of 2 samples, not {list(expected)}")
