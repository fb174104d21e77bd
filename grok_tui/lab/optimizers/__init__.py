"""The optimizers: update rules as pure functions on the flat vector of all parameters."""

from __future__ import annotations

from collections.abc import Mapping

from .muon import Muon
from .rules import RULES, SMALLEST_LR, Hyper, Rule, hyperparameters


def build_rule(name: str, shapes: Mapping[str, tuple[int, ...]]) -> Rule:
    """Return the update rule of this name for a network whose tensors lie in theta with these shapes."""
    return Muon(shapes) if name == "muon" else RULES[name]


__all__ = ["RULES", "SMALLEST_LR", "Hyper", "Muon", "Rule", "build_rule", "hyperparameters"]
