"""One training step as a plan, and chunks of k steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.func import grad_and_value

from grok_tui.lab.frames import Frame
from grok_tui.lab.losses import SampleLoss
from grok_tui.lab.models import FlatNetwork, over_replicas
from grok_tui.lab.modifiers import Structure
from grok_tui.lab.optimizers import Rule
from grok_tui.lab.tasks import Samples

from .plan import Plan

HYPER = "hyper."
"""How the names of hyperparameters begin among what a step is given."""


@dataclass(frozen=True)
class Learner:
    """What is differentiated: a network on training samples under a loss, for R replicas.

    Attributes:
        network: maps the parameters of one replica to outputs.
        loss: by sample; their mean is minimized.
        samples: shared by all replicas [N, ...], or one set a replica [R, N, ...].
        shared: which of the two; if something changes, targets are one set a replica in any case.
        theta_0: [R, P], where the replicas started.
        changing: which of "targets" and "theta_0" change while training goes on; with the former goes a mask.
    """

    network: FlatNetwork
    loss: SampleLoss
    samples: Samples
    shared: bool
    theta_0: Tensor
    changing: frozenset[str] = frozenset()

    def gradient(
        self,
        theta: Tensor,
        indices: Tensor | None = None,
        keep: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the gradient [R, P] and the loss [R] at theta [R, P].

        Args:
            theta: where.
            indices: the samples to take it on [R, B], or None for all.
            keep: dropout's factors [R, N or B, U], or None for no dropout.
            mask: which samples count, bool [R, N], or None for all: the mean is over those.
        """
        inputs, targets = self.samples.inputs, self.samples.targets
        shared, shared_targets = self.shared, self.shared and "targets" not in self.changing
        if indices is not None:
            inputs, targets = _picked(inputs, indices, shared), _picked(targets, indices, shared_targets)
            shared = shared_targets = False
        parameters = self.network.parameters(theta)
        extras: dict[str, Any] = {}
        if self.network.centered:
            extras["start"] = self.network.parameters(self.theta_0)
        if keep is not None:
            extras["keep"] = keep
        axes = (0, None if shared else 0, None if shared_targets else 0, 0)
        if mask is None:
            grads, loss = over_replicas(
                grad_and_value(self._mean_loss), axes, parameters, inputs, targets, extras
            )
        else:
            grads, loss = over_replicas(
                grad_and_value(self._mean_of_some), (*axes, 0), parameters, inputs, targets, extras, mask
            )
        return torch.cat([grads[name].flatten(1) for name in parameters], dim=1), loss

    def _mean_loss(
        self, parameters: dict[str, Tensor], inputs: Tensor, targets: Tensor, extras: Mapping[str, Any]
    ) -> Tensor:
        return self.loss(self.network.apply(parameters, inputs, **extras), targets).mean()

    def _mean_of_some(
        self,
        parameters: dict[str, Tensor],
        inputs: Tensor,
        targets: Tensor,
        extras: Mapping[str, Any],
        mask: Tensor,
    ) -> Tensor:
        """Return the mean loss over the samples of a mask [N]: their sum, divided by how many they are."""
        outputs = self.network.apply(parameters, inputs, **extras)
        # Before the loss, so that what is infinite for the others makes no NaN of their gradient.
        losses = self.loss(torch.where(mask.unsqueeze(-1), outputs, 0), targets)
        return torch.where(mask, losses, 0).sum() / mask.sum()


def _picked(data: Tensor, indices: Tensor, shared: bool) -> Tensor:
    """Return of data [N, ...] or [R, N, ...] the samples at indices [R, B]: [R, B, ...]."""
    replicas, size = indices.shape
    if not shared:
        first = torch.arange(replicas, device=indices.device).unsqueeze(1) * data.shape[1]
        data, indices = data.flatten(0, 1), indices + first
    return data.index_select(0, indices.reshape(-1)).view(replicas, size, *data.shape[1:])


@dataclass(frozen=True)
class Parts:
    """What a training step is made of, besides the tensors that it reads and renews.

    Attributes:
        learner: gives the gradient.
        rule: the update rule.
        frame: the coordinates that the rule works in.
        slots: names of the rule's state.
        structure: which modifiers act.
        filters: names of their state.
        coefficients: names of the coefficients, in the order of the rows of a table.
        online: whether the samples are new at each step, [R, B, ...].
    """

    learner: Learner
    rule: Rule
    frame: Frame
    slots: tuple[str, ...]
    structure: Structure
    filters: tuple[str, ...]
    coefficients: tuple[str, ...]
    online: bool = False

    @property
    def renewed(self) -> tuple[str, ...]:
        """What a step renews, by name."""
        return ("theta", *self.slots, *self.filters, *(("age",) if self.structure.resets else ()))

    @property
    def constant(self) -> frozenset[str]:
        """What no step changes, and nothing else either."""
        never = frozenset(("theta_0",) if self.online else ("theta_0", "inputs", "targets"))
        return never - self.learner.changing

    def step(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what a step makes of theta, slots and filters, and what is "seen" of it: [S, R], see `SEEN`.

        given: by name theta [R, P], each slot and filter [R, ...], the coefficients "table" [C, R, 1], the
            constants inputs, targets and theta_0; and, where there are such, "mask" [R, N], "indices" [R, B],
            "keep", and noise [R, P] by the names of the modifiers that add it. Where state is reset within
            steps, also its "age" [R, 1] and the hyperparameters, their names after `HYPER`, both float64.
        """
        theta, theta_0 = given["theta"], given["theta_0"]
        c = dict(zip(self.coefficients, given["table"].unbind(0), strict=True))
        samples = Samples(given["inputs"], given["targets"])
        shared = self.learner.shared and not self.online
        learner = replace(self.learner, samples=samples, theta_0=theta_0, shared=shared)
        at = self.structure.weights(theta, given, c)
        gradient, loss = learner.gradient(at, given.get("indices"), given.get("keep"), given.get("mask"))
        filters = {name: given[name] for name in self.filters}
        sizes = learner.network.layout.sizes
        gradient, filters = self.structure.gradient(theta, gradient, filters, c, sizes)
        slots = {name: given[name] for name in self.slots}
        renewed: dict[str, Tensor] = {}
        if self.structure.resets:
            slots, renewed, own = self._reset(given, slots, filters, loss.unsqueeze(-1), c)
            filters, c = filters | {"last_loss": renewed.pop("last_loss")}, c | own
        if self.structure.towards_init:
            away, slots = self.frame.update(self.rule, theta - theta_0, gradient, slots, c)
            moved = away + theta_0
        else:
            moved, slots = self.frame.update(self.rule, theta, gradient, slots, c)
        moved = self.structure.update(moved, theta_0, given, c)
        change = moved - theta
        readout = learner.network.weights(moved).readout.flatten(1)
        norms = [
            torch.linalg.vector_norm(change, dim=-1),
            change.abs().amax(-1),  # five times as fast on a CPU as the norm of that name
            torch.linalg.vector_norm(readout, dim=-1),
        ]
        # Stacking takes the widest of their dtypes: a float64 loss of a float32 network stays what it is.
        return {"theta": moved, **slots, **filters, **renewed, "seen": torch.stack([loss, *norms])}

    def _reset(
        self,
        given: Mapping[str, Tensor],
        slots: dict[str, Tensor],
        filters: Mapping[str, Tensor],
        loss: Tensor,
        c: Mapping[str, Tensor],
    ) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
        """Make the state anew in the replicas whose turn it is, and look up what the rule needs at its age.

        Args:
            given: as of `step`.
            slots: the rule's state.
            filters: the state of filters, among which the last loss is.
            loss: of this step, [R, 1].
            c: the modifiers' coefficients.

        Returns:
            The slots; age and last loss as they are after the step; the rule's coefficients, [R, 1] each.
        """
        hyper = {name.removeprefix(HYPER): given[name] for name in given if name.startswith(HYPER)}
        theta, age = given["theta"], given["age"]
        due = age >= c["reset.every"]
        if self.structure.reset_on_return:
            due = due | ((loss != 0) & (filters["last_loss"] == 0))
        initial = self.rule.initial(theta, hyper)
        slots = {
            name: torch.where(_beside(due, value), initial[name], value) for name, value in slots.items()
        }
        age = torch.where(due, 0.0, age) + 1
        own = {name: value.to(theta.dtype) for name, value in self.rule.coefficients(hyper, age).items()}
        return slots, {"age": age, "last_loss": loss.to(theta.dtype)}, own


def _beside(due: Tensor, value: Tensor) -> Tensor:
    """Return a number a replica [R, 1] as it goes with a value [R, ...] of any shape."""
    return due.view(-1, *(1 for _ in value.shape[1:]))


class Drawing(Protocol):
    """Draws the random numbers that steps read; called with i, those of the i-th of them into their tensors.

    Attributes:
        most: for how many steps a block can be drawn on the device at once; 0 if the host has to draw.
    """

    most: int

    def begin(self, step: int, rate: float) -> None:
        """Go on after `step`, with this rate of dropout."""
        ...

    def __call__(self, i: int) -> None:
        """Fill the tensors for the i-th step."""
        ...

    def block(self, steps: int) -> dict[str, Tensor]:
        """Return what the next steps read, by name [k, R, ...], and count on; the host reads no values."""
        ...


class Stepper(Protocol):
    """Takes training steps of one arm, as long as its parts stay the same, on tensors that stay in place."""

    def run(
        self,
        table: Tensor,
        indices: Tensor | None,
        seen: Tensor,
        draw: Callable[[int], None] | None = None,
    ) -> None:
        """Take k steps.

        Args:
            table: coefficients [k or 1, C, R, 1]; one row serves all steps.
            indices: samples [k, R, B], or None for all.
            seen: [k, S, R], float64; receives what is seen of each step, see `SEEN`.
            draw: draws the random numbers of the i-th of these steps, or None where there are none.
        """
        ...


class EagerStepper:
    """Takes steps by replaying a plan.

    Args:
        parts: what a step is made of.
        tensors: what a step reads by name, as `Parts.step` says; theta, slots and filters are renewed in
            place, and all that is drawn anew for each step is written into its tensor by the caller.

    Attributes:
        plan: one step.
        names: of its inputs.
        renewed: the inputs that its first outputs renew; after them comes what is seen.
        seen: what the last replay saw of its step, [S, R]; see `SEEN`.
    """

    def __init__(self, parts: Parts, tensors: Mapping[str, Tensor]) -> None:
        self.names = names = tuple(tensors)
        self.renewed = parts.renewed

        def step(*given: Tensor) -> tuple[Tensor, ...]:
            after = parts.step(dict(zip(names, given, strict=True)))
            return tuple(after[name] for name in (*self.renewed, "seen"))

        self.plan = Plan(
            step,
            list(tensors.values()),
            constant=[name in parts.constant for name in names],
            updates={i: names.index(name) for i, name in enumerate(self.renewed)},
        )
        self.seen = dict(zip((*self.renewed, "seen"), self.plan.outputs, strict=True))["seen"]
        self.table = tensors["table"]
        self.indices = tensors.get("indices")

    def run(
        self,
        table: Tensor,
        indices: Tensor | None,
        seen: Tensor,
        draw: Callable[[int], None] | None = None,
    ) -> None:
        """Take k steps; see `Stepper`."""
        rows = table.unbind(0) if len(table) > 1 else None
        if rows is None:
            self.table.copy_(table[0])
        picked = indices.unbind(0) if indices is not None else None
        kernels, result = self.plan.kernels, self.seen
        for i, row in enumerate(seen.unbind(0)):
            if rows is not None:
                self.table.copy_(rows[i])
            if picked is not None and self.indices is not None:
                self.indices.copy_(picked[i])
            if draw is not None:
                draw(i)
            for kernel in kernels:
                kernel()
            row.copy_(result)
