"""What a measure may look at: all replicas of an arm at one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ..frames import IDENTITY, Frame
from ..losses import SampleLoss
from ..models import FlatNetwork, Weights, over_replicas
from ..shapes import Bool, Float, Int, Shaped
from ..tasks import Basis, Coordinates, Samples, Task


@dataclass(frozen=True)
class Probe:
    """R replicas at one step; every computed part is computed once, and only when a measure asks for it.

    Attributes:
        theta: [R, P].
        theta_0: [R, P], where they started.
        network: maps theta to outputs.
        task: what they learn; of its data only the shapes are used.
        train: the training samples, shared [N, ...] or one set a replica [R, N, ...].
        validation: the validation samples, likewise.
        loss: the training loss by sample.
        shared: whether all replicas have the same samples.
        mask: which training samples are in the training set, bool [R, N]; None: all. The others are no part
            of measures on training samples. Where there is a mask, targets are one set a replica.
        frame: the coordinates that their optimizers work in.
        end: the same replicas at their end, where measures look back on the way there; None: this is it.
    """

    theta: Float[Tensor, "R P"]
    theta_0: Float[Tensor, "_ P"]
    network: FlatNetwork
    task: Task
    train: Samples
    validation: Samples
    loss: SampleLoss
    shared: bool
    mask: Bool[Tensor, "_ N"] | None = None
    end: Probe | None = None
    frame: Frame = IDENTITY

    @property
    def final(self) -> Probe:
        """The replicas at their end, for measures that look back."""
        return self if self.end is None else self.end

    @cached_property
    def weights(self) -> Weights:
        """The parameters of all replicas, each [R, ...]."""
        return self.network.weights(self.theta)

    @cached_property
    def framed(self) -> Float[Tensor, "R P"]:
        """The parameters of all replicas in the frame's coordinates, [R, P]; tensors stay where they are."""
        return self.frame.there(self.theta)

    @cached_property
    def train_outputs(self) -> Float[Tensor, "R N O"]:
        """Outputs [R, N, O] for the training samples."""
        return self._outputs(self.train)

    @cached_property
    def val_outputs(self) -> Float[Tensor, "R N O"]:
        """Outputs [R, N, O] for the validation samples."""
        return self._outputs(self.validation)

    @cached_property
    def coordinates(self) -> Float[Tensor, "R C"]:
        """The task's coordinates [R, C]."""
        return self.each(self._coordinates.of)

    @cached_property
    def generalizes(self) -> Bool[Tensor, "R C"]:
        """Which coordinates generalize, bool [R, C]; the others memorize."""
        generalizes = self._coordinates.generalizes(self.coordinates)
        return generalizes.to(self.theta.device).expand_as(self.coordinates)

    @property
    def basis(self) -> Basis:
        """The spectrum of the task's symbols."""
        assert self.task.symbols is not None
        assert self.task.symbols.basis is not None, "the catalog grants spectra to tasks that have a basis"
        return self.task.symbols.basis

    @cached_property
    def product_places(self) -> Int[Tensor, "R N"]:
        """Which of the m elements of the group x o y is, for all samples, training ones first: [R, N].

        It is m where x o y is not in the group. Labels that are outliers make no difference.
        """
        x, y = self._operands
        assert self.task.symbols is not None
        return self._places[self.task.symbols.table.to(x.device)[x, y]]

    @cached_property
    def products(self) -> Float[Tensor, "R m m O"]:
        """The outputs for all pairs of the group, by their product, then by x: [R, m, m, O]."""
        m = len(self.basis.elements)
        order = (self.product_places * m + self._places[self._operands[0]]).argsort(-1)[:, : m * m]
        outputs = torch.cat([self.train_outputs, self.val_outputs], 1)
        ordered = outputs.gather(1, order.unsqueeze(-1).expand(-1, -1, outputs.shape[-1]))
        return ordered.view(len(outputs), m, m, -1)

    @cached_property
    def train_losses(self) -> Float[Tensor, "R N"]:
        """The loss of each training sample [R, N]."""
        return self.loss(self.train_outputs, self.train.targets)

    @cached_property
    def train_loss(self) -> Float[Tensor, " R"]:
        """The mean loss over the training samples [R]."""
        return self.train_mean(self.train_losses)

    def train_mean(self, values: Shaped[Tensor, "R N"]) -> Float[Tensor, " R"]:
        """Return the mean of values of training samples [R, N] over those in the training set: [R]."""
        if self.mask is None:
            return values.mean(-1)
        return torch.where(self.mask, values, 0).sum(-1) / self.mask.sum(-1)

    @cached_property
    def margins(self) -> Float[Tensor, "R N"]:
        """The margin of each training sample [R, N], where outputs are scores of classes."""
        return margins(self.train_outputs, self.train.targets)

    def each(self, function: Callable[[Weights], Tensor]) -> Shaped[Tensor, "R ..."]:
        """Apply a function of one replica's weights to every replica: [R, ...]."""
        layout = self.network.layout
        result: Tensor = over_replicas(
            lambda parameters: function(Weights(parameters, layout)), (0,), self.weights.parameters
        )
        return result

    @cached_property
    def train_right(self) -> Bool[Tensor, "R N"]:
        """Which training samples are right, bool [R, N]."""
        return self.task.correct(self.train_outputs, self.train.targets)

    @cached_property
    def val_right(self) -> Bool[Tensor, "R N"]:
        """Which validation samples are right, bool [R, N]."""
        return self.task.correct(self.val_outputs, self.validation.targets)

    @property
    def _coordinates(self) -> Coordinates:
        assert self.task.coordinates is not None, (
            "the catalog grants coordinate measures to tasks that have them"
        )
        return self.task.coordinates

    @cached_property
    def _operands(self) -> tuple[Tensor, Tensor]:
        """The symbols x and y of all samples, training ones first: two [R, N]."""
        n = len(self.task.symbols or ())
        both = (self.train.inputs, self.validation.inputs)
        x, y = (
            torch.cat([inputs[..., place].argmax(-1) for inputs in both], -1).expand(len(self.theta), -1)
            for place in (slice(n), slice(n, None))
        )
        return x, y

    @cached_property
    def _places(self) -> Tensor:
        """Which element of the group each symbol is, int64 [n]; m where it is none."""
        elements = self.basis.elements
        places = torch.full((len(self.task.symbols or ()),), len(elements))
        places[elements] = torch.arange(len(elements))
        return places.to(self.theta.device)

    def _outputs(self, samples: Samples) -> Tensor:
        start = (self.network.parameters(self.theta_0),) if self.network.centered else ()
        axes = (0, None if self.shared else 0, 0)[: 2 + len(start)]
        outputs: Tensor = over_replicas(
            self.network.apply, axes, self.weights.parameters, samples.inputs, *start
        )
        return outputs


def margins(outputs: Float[Tensor, "*N O"], targets: Shaped[Tensor, ...]) -> Float[Tensor, "*N"]:
    """Return the right score less the best other one [..., N], of scores [..., N, O] and classes [..., N].

    Of one score whose sign tells +1 from -1, targets [..., N] of floating point, it is y f.
    """
    if targets.is_floating_point():
        return targets * outputs.squeeze(-1)
    right = targets.unsqueeze(-1) == torch.arange(outputs.shape[-1], device=outputs.device)
    best_other = torch.where(right, -torch.inf, outputs).amax(-1)
    return torch.where(right, outputs, -torch.inf).amax(-1) - best_other
