"""The losses, one value a sample; the training loss is their mean."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from grok_tui.catalog.losses import CLASSES, LOSSES, SIGNS, Loss, Targets
from grok_tui.catalog.plugins import require

from .contract import is_a
from .shapes import Float, Shaped

Outputs = Float[Tensor, "*N O"]
"""Of N samples, with any further axes in front."""

Wanted = Shaped[Tensor, "..."]
"""What the samples are to have: numbers [..., N, O], or the index of a class or a sign [..., N]."""

Values = Float[Tensor, "*N"]
"""A loss a sample."""

SampleLoss = Callable[[Tensor, Tensor], Tensor]
"""Maps outputs [..., N, O] and targets [..., N] or [..., N, O] to losses [..., N]."""


def mse(outputs: Outputs, targets: Wanted) -> Values:
    """Return the squared error of each sample, averaged over its outputs.

    Targets [..., N, O], or class indices, int64 [..., N]: then 1 for the right class and 0 for the others.
    """
    if not targets.is_floating_point():
        classes = torch.arange(outputs.shape[-1], device=targets.device)
        targets = (targets.unsqueeze(-1) == classes).to(outputs.dtype)
    return (outputs - targets).square().mean(-1)


def cross_entropy(outputs: Outputs, targets: Wanted) -> Values:
    """Return -log softmax(outputs)[target]; targets are class indices, int64 [..., N]."""
    picked = targets.expand(outputs.shape[:-1]).unsqueeze(-1)
    return -torch.log_softmax(outputs, -1).gather(-1, picked).squeeze(-1)


def cross_entropy_balanced(outputs: Outputs, targets: Wanted) -> Values:
    """Return the cross-entropy as log(1 + exp(lse of the wrong scores - right score)).

    Where the right score leads far, 1 - softmax rounds to 0 in float32 and the right class gets no gradient
    while the wrong ones still do, which drives slingshots (Liu et al. 2026, arXiv 2605.06152). In this form
    its gradient is minus the sum of theirs but for the rounding of each: in float32 the gradients of a sample
    sum to 1.5e-6 at most at scores of sd 20. Targets are class indices, int64 [..., N].
    """
    classes = torch.arange(outputs.shape[-1], device=outputs.device)
    is_right = targets.expand(outputs.shape[:-1]).unsqueeze(-1) == classes
    right = torch.where(is_right, outputs, 0).sum(-1)
    wrong = torch.logsumexp(torch.where(is_right, -torch.inf, outputs), -1)
    return torch.nn.functional.softplus(wrong - right, threshold=80)


def stablemax(outputs: Outputs, targets: Wanted) -> Values:
    """Return -log(s(f)_target / sum s(f)), s(x) = x + 1, but 1 / (1 - x) where x < 0.

    StableMax cross-entropy (Prieto et al. 2025, 2501.04697); targets are class indices, int64 [..., N]. It is
    taken as the softmax cross-entropy of log s, which overflows nowhere.
    """
    # Of the two terms that meet at 0, clamp has derivative 1 there and relu 0: together that of log s.
    log_s = torch.log1p(outputs.clamp(min=0)) - torch.log1p(torch.relu(-outputs))
    return cross_entropy(log_s, targets)


def cross_entropy_smoothed(outputs: Outputs, targets: Wanted, smoothing: float) -> Values:
    """Return the cross-entropy with the label (1 - smoothing) [target] + smoothing / O.

    Szegedy et al. 2016 (1512.00567), section 7. Targets are class indices, int64 [..., N].
    """
    spread = -torch.log_softmax(outputs, -1).mean(-1)
    return torch.lerp(cross_entropy(outputs, targets), spread, smoothing)


def focal(outputs: Outputs, targets: Wanted, gamma: float) -> Values:
    """Return -(1 - p)^gamma log p, p being the target's share of the softmax (Lin et al. 2017, 1708.02002).

    Targets are class indices, int64 [..., N].
    """
    surprise = cross_entropy(outputs, targets)
    # Not 0 where p rounds to 1: the slope of a power below 1 has a pole there.
    missed = (-torch.expm1(-surprise)).clamp(min=torch.finfo(outputs.dtype).tiny)
    return missed**gamma * surprise


def hinge(outputs: Outputs, targets: Wanted) -> Values:
    """Return max(0, 1 - y f); one output a sample, targets y = +1 or -1, [..., N]."""
    return torch.relu(1 - targets * outputs.squeeze(-1))


def logistic(outputs: Outputs, targets: Wanted) -> Values:
    """Return log(1 + exp(-y f)); one output a sample, targets y = +1 or -1, [..., N]."""
    return torch.nn.functional.softplus(-targets * outputs.squeeze(-1))


def check_loss(loss: SampleLoss, targets: frozenset[Targets]) -> None:
    """Check that a loss gives one finite value a sample.

    Raises:
        ContractError: it does not.
    """
    wanted, outputs = samples_for(targets)
    for given in (outputs, torch.stack([outputs, outputs * 2])):
        values = loss(given.requires_grad_(), wanted)
        is_a(Tensor, "what it gives", values)
        expected = given.shape[:-1]
        require(values.shape == expected, f"it gives {list(values.shape)} for outputs {list(given.shape)}")
        require(values.dtype == given.dtype, f"it gives {values.dtype} for outputs of {given.dtype}")
        require(bool(values.isfinite().all()), f"it gives {values.tolist()}, which is not finite")
        require(values.requires_grad, "its values do not depend on the outputs")


def samples_for(targets: frozenset[Targets]) -> tuple[Tensor, Tensor]:
    """Return targets and outputs of three samples that a loss may meet; the last is wrong."""
    if targets >= SIGNS:
        return torch.tensor([1.0, -1.0, 1.0]), torch.tensor([[2.0], [-0.5], [-1.0]])
    outputs = torch.tensor([[2.0, 0.0, -1.0], [0.1, 0.4, 0.0], [3.0, 1.0, 0.0]])
    return (torch.tensor([0, 1, 2]) if targets >= CLASSES else torch.zeros(3, 3)), outputs


def sample_loss(spec: Loss, dtype: torch.dtype) -> SampleLoss:
    """Return a loss that is computed in `dtype` whatever the dtype of the outputs."""
    loss = partial(LOSSES.implementation(spec.name), **spec.model_dump(exclude={"name"}))
    LOSSES.asked(spec.name, lambda: check_loss(loss, type(spec).targets))

    def in_dtype(outputs: Tensor, targets: Tensor) -> Tensor:
        targets = targets.to(dtype) if targets.is_floating_point() else targets
        found: Tensor = loss(outputs.to(dtype), targets)
        return found

    return in_dtype
