"""From a declared model to its module."""

from __future__ import annotations

from ...catalog import models as catalog
from ...catalog.tasks import Shape
from .contract import check_network
from .layers import Network, scale


def build_network(spec: catalog.ModelSpec, shape: Shape) -> Network:
    """Build a network on the CPU in float32, initialized from torch's global generator."""
    network: Network = catalog.MODELS.made(
        spec.name, spec, shape, check=lambda made: check_network(made, spec, shape)
    )
    scale(network, spec.init_scale)
    return network
