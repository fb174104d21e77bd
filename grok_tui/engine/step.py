"""One training step as a plan, and chunks of k steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad_and_value, vmap

from grok_tui.lab.losses import SampleLoss
from grok_tui.lab.models import FlatNetwork
from grok_tui.lab.optimizers import Rule
from grok_tui.lab.tasks import Samples

from .plan import Plan


@dataclass(frozen=True)
class Learner:
    """What is differentiated: a network on training samples under a loss, for R replicas.

    Attributes:
        network: maps the parameters of one replica to outputs.
        loss: by sample; their mean is minimized.
        samples: shared by all replicas [N, ...], or one set a replica [R, N, ...].
        shared: which of the two.
    """

    network: FlatNetwork
    loss: SampleLoss
    samples: Samples
    shared: bool

    def gradient(self, theta: Tensor, indices: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the gradient [R, P] and the loss [R] at theta [R, P], on all samples or those at [R, B]."""
        inputs, targets = self.samples.inputs, self.samples.targets
        shared = self.shared
        if indices is not None:
            inputs, targets = self._picked(inputs, indices), self._picked(targets, indices)
            shared = False
        parameters = self.network.parameters(theta)
        if len(theta) == 1:
            # A replica alone is not batched: plain matrix products are faster than batches of one.
            x, y = (inputs, targets) if shared else (inputs[0], targets[0])
            alone = {name: value[0] for name, value in parameters.items()}
            grads, loss = grad_and_value(self._mean_loss)(alone, x, y)
            return self.network.flatten(grads).unsqueeze(0), loss.unsqueeze(0)
        axis = None if shared else 0
        grads, loss = vmap(grad_and_value(self._mean_loss), in_dims=(0, axis, axis))(
            parameters, inputs, targets
        )
        return torch.cat([grads[name].flatten(1) for name in parameters], dim=1), loss

    def _mean_loss(self, parameters: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
        return self.loss(self.network.apply(parameters, inputs), targets).mean()

    def _picked(self, data: Tensor, indices: Tensor) -> Tensor:
        """Return the samples at indices [R, B]: [R, B, ...]."""
        replicas, size = indices.shape
        if not self.shared:
            first = torch.arange(replicas, device=indices.device).unsqueeze(1) * data.shape[1]
            data, indices = data.flatten(0, 1), indices + first
        return data.index_select(0, indices.reshape(-1)).view(replicas, size, *data.shape[1:])


class Stepper:
    """Training steps of one arm under one rule and one batch size, on tensors that stay in place.

    Args:
        learner: gives the gradient.
        rule: the update rule.
        theta: [R, P], changed in place.
        state: the rule's slots, [R, P] each, changed in place.
        coefficients: names of the rule's coefficients, in the order of the rows that `run` is given.
        batch_size: B, or None for all samples.
    """

    def __init__(
        self,
        learner: Learner,
        rule: Rule,
        theta: Tensor,
        state: dict[str, Tensor],
        coefficients: tuple[str, ...],
        batch_size: int | None,
    ) -> None:
        replicas, device = len(theta), theta.device
        self._coefficients = torch.zeros(len(coefficients), replicas, 1, dtype=theta.dtype, device=device)
        self._indices = (
            None
            if batch_size is None
            else torch.zeros(replicas, batch_size, dtype=torch.int64, device=device)
        )
        picks = () if self._indices is None else (self._indices,)

        def step(
            theta: Tensor, table: Tensor, inputs: Tensor, targets: Tensor, *rest: Tensor
        ) -> tuple[Tensor, ...]:
            slots, picked = rest[: len(state)], rest[len(state) :]
            on = Learner(learner.network, learner.loss, Samples(inputs, targets), learner.shared)
            gradient, loss = on.gradient(theta, picked[0] if picked else None)
            c = dict(zip(coefficients, table.unbind(0), strict=True))
            moved, slots_after = rule.update(theta, gradient, dict(zip(state, slots, strict=True)), c)
            size = torch.linalg.vector_norm(moved - theta, dim=-1)
            return moved, *(slots_after[name] for name in state), loss, size

        samples = (learner.samples.inputs, learner.samples.targets)
        first_slot = 2 + len(samples)
        self._plan = Plan(
            step,
            (theta, self._coefficients, *samples, *state.values(), *picks),
            constant=(False, False, True, True, *(False for _ in (*state, *picks))),
            updates={0: 0} | {1 + i: first_slot + i for i in range(len(state))},
        )
        self._loss, self._size = self._plan.outputs[-2:]

    def run(self, table: Tensor, indices: Tensor | None, losses: list[Tensor], sizes: list[Tensor]) -> None:
        """Take k steps.

        Args:
            table: coefficients [k or 1, C, R, 1]; one row serves all steps.
            indices: samples [k, R, B], or None for all.
            losses: k tensors [R] that receive each step's batch loss, before the step.
            sizes: k tensors [R] that receive each step's ||theta change||_2.
        """
        rows = table.unbind(0) if len(table) > 1 else None
        if rows is None:
            self._coefficients.copy_(table[0])
        picked = indices.unbind(0) if indices is not None else None
        kernels, loss, size = self._plan.kernels, self._loss, self._size
        for i, (loss_out, size_out) in enumerate(zip(losses, sizes, strict=True)):
            if rows is not None:
                self._coefficients.copy_(rows[i])
            if picked is not None and self._indices is not None:
                self._indices.copy_(picked[i])
            for kernel in kernels:
                kernel()
            loss_out.copy_(loss)
            size_out.copy_(size)
