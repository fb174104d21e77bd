"""Networks, and networks as functions of one flat vector."""

from .flat import FlatNetwork, initial_theta
from .networks import build_network

__all__ = ["FlatNetwork", "build_network", "initial_theta"]
