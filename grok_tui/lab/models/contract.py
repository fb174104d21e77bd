"""What the engine takes for granted of a network; asked of those that plugins bring."""

from __future__ import annotations

import torch
from torch import Tensor

from ...catalog.models import ModelSpec
from ...catalog.plugins import require
from ...catalog.tasks import Shape
from ..contract import is_a
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
    for samples in (2, 3):
        outputs = network(torch.zeros(samples, shape.inputs))
        is_a(Tensor, "what forward gives", outputs)
        expected = [samples, shape.outputs]
        found = list(outputs.shape)
        require(found == expected, f"outputs {found} of {samples} samples, not {expected}")
        require(outputs.is_floating_point(), f"outputs of {outputs.dtype}")
        require(outputs.requires_grad, "its outputs depend on no parameter")
