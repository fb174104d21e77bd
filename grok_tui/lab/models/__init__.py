"""Networks, and networks as functions of one flat vector."""

from .flat import FlatNetwork, initial_theta, over_replicas
from .networks import build_network
from .roles import Roles

__all__ = ["FlatNetwork", "Roles", "build_network", "initial_theta", "over_replicas"]
