"""From a declared model to its module."""

from __future__ import annotations

from ...catalog import models as catalog
from ...catalog.tasks import Shape
from .layers import Network, scale
from .mlp import EmbeddingMlp, Linear, Mlp
from .transformer import Transformer


def build_network(spec: catalog.AnyModel, shape: Shape) -> Network:
    """Build a network on the CPU in float32, initialized from torch's global generator."""
    match spec:
        case catalog.Linear():
            network: Network = Linear(spec, shape)
        case catalog.Mlp():
            network = Mlp(spec, shape.inputs, shape.outputs)
        case catalog.EmbeddingMlp():
            network = EmbeddingMlp(spec, shape)
        case catalog.Transformer():
            network = Transformer(spec, shape)
    scale(network, spec.init_scale)
    return network
