"""What the engine takes for granted of an update rule; asked of those that plugins bring."""

from __future__ import annotations

import torch
from torch import Tensor

from ...catalog.base import Spec
from ...catalog.plugins import require
from ..contract import are_coefficients, draws_nothing, is_kept, is_like, is_pair, is_state
from .rules import Rule, hyperparameters


def is_rule(rule: object) -> None:
    """Check that what an implementation has made is a rule.

    Raises:
        ContractError: it is not.
    """
    require(isinstance(rule, Rule), f"it is built as {type(rule).__name__}, not as a Rule")


def check_rule(rule: Rule, spec: Spec, theta: Tensor) -> None:
    """Check that an update keeps the shapes and dtypes of theta [R, P] and of the state, and draws nothing.

    Raises:
        ContractError: it does not.
    """
    hyper = hyperparameters(spec, len(theta), theta.device)
    state = rule.initial(theta, hyper)
    is_state(state, rule.slots, theta)
    step = torch.ones(1, 1, 1, dtype=torch.float64, device=theta.device)
    found = rule.coefficients(hyper, step)
    are_coefficients(found, len(theta))
    c = {name: value.expand(1, len(theta), 1)[0].to(theta.dtype) for name, value in found.items()}
    with draws_nothing("noise is what modifiers are given", by="update"):
        after, kept = is_pair("update", rule.update(theta, torch.zeros_like(theta), state, c))
    is_like("theta", after, theta)
    is_kept("update", kept, state)
