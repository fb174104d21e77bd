"""The optimizers: update rules as pure functions on the flat vector of all parameters."""

from __future__ import annotations

from ...catalog.optimizers import OPTIMIZERS
from ..models import Layout
from .contract import is_rule
from .rules import SMALLEST_LR, Hyper, Rule, hyperparameters


def build_rule(name: str, layout: Layout) -> Rule:
    """Return the update rule of this name for a network whose theta has this layout."""
    rule: Rule = OPTIMIZERS.made(name, layout, check=is_rule)
    return rule


__all__ = ["SMALLEST_LR", "Hyper", "Rule", "build_rule", "hyperparameters"]
