"""The optimizers: update rules as pure functions on the flat vector of all parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...catalog.optimizers import OPTIMIZERS
from .muon import Muon
from .rules import SMALLEST_LR, Hyper, Rule, hyperparameters


def build_rule(name: str, shapes: Mapping[str, tuple[int, ...]], ends: Collection[str] = ()) -> Rule:
    """Return the update rule of this name for a network.

    Args:
        name: the optimizer's.
        shapes: of the network's tensors in theta, by name, in order.
        ends: those of them that look symbols up or read classes out.
    """
    rule: Rule = OPTIMIZERS.implementation(name)(shapes, ends)
    return rule


__all__ = ["SMALLEST_LR", "Hyper", "Muon", "Rule", "build_rule", "hyperparameters"]
