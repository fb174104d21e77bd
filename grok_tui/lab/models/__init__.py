"""Networks, and networks as functions of one flat vector."""

from .flat import FlatNetwork, initial_theta
from .networks import build_network
from .roles import embedding, first_weights, unembedding

__all__ = ["FlatNetwork", "build_network", "embedding", "first_weights", "initial_theta", "unembedding"]
