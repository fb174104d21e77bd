"""Networks, and networks as functions of one flat vector."""

from .flat import FlatNetwork, initial_theta, over_replicas
from .layout import BETWEEN, ENTRANCE, Layout, Piece, Role, Weights
from .networks import build_network

__all__ = [
    "BETWEEN",
    "ENTRANCE",
    "FlatNetwork",
    "Layout",
    "Piece",
    "Role",
    "Weights",
    "build_network",
    "initial_theta",
    "over_replicas",
]
