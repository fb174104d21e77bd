"""What the engine takes for granted of a network; asked of those that plugins bring."""

from __future__ import annotations

import torch

from ...catalog.models import ModelSpec
from ...catalog.plugins import require
from ...catalog.tasks import Shape
from .layers import Network


def check_network(network: object, spec: ModelSpec, shape: Shape) -> None:
    """Check a network's size, roles and outputs.

    Raises:
        ContractError: one is not as its spec or its roles say.
    """
    require(isinstance(network, Network), f"it is built as {type(network).__name__}, not as a Network")
    assert isinstance(network, Network)
    names = dict(network.named_parameters())
    size, counted = sum(parameter.numel() for parameter in names.values()), spec.parameter_count(shape)
    require(size == counted, f"{size} parameters, but {counted} by its parameter_count")
    for role in ("readout", "first", "embedding"):
        name = getattr(network.roles, role, None)
        require(name is None or name in names, f"its {role} is '{name}', which is no parameter of it")
    with torch.no_grad():
        outputs = network(torch.zeros(2, shape.inputs))
    expected = (2, shape.outputs)
    require(outputs.shape == expected, f"outputs {list(outputs.shape)} of 2 samples, not {list(expected)}")
