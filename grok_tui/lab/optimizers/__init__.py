"""The optimizers: update rules as pure functions on the flat vector of all parameters."""

from __future__ import annotations

from ..models import Layout
from .muon import Muon
from .rules import SMALLEST_LR, Adagrad, Adam, AdamW, Hyper, RMSprop, Rule, Sgd, Sign, hyperparameters
from .shared_moments import AdamBlockwise, AdaSgd

RULES: dict[str, type[Rule]] = {
    "sgd": Sgd,
    "adam": Adam,
    "adamw": AdamW,
    "adasgd": AdaSgd,
    "adam_blockwise": AdamBlockwise,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "sign": Sign,
    "muon": Muon,
}


def build_rule(name: str, layout: Layout) -> Rule:
    """Return the update rule of this name for a network whose theta has this layout."""
    return RULES[name](layout)


__all__ = ["RULES", "SMALLEST_LR", "Hyper", "Rule", "build_rule", "hyperparameters"]
