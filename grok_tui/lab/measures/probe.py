"""What a measure may look at: all replicas of an arm at one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor
from torch.func import vmap

from ..losses import SampleLoss
from ..models import FlatNetwork
from ..tasks import Samples, Task


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
    """

    theta: Tensor
    theta_0: Tensor
    network: FlatNetwork
    task: Task
    train: Samples
    validation: Samples
    loss: SampleLoss
    shared: bool

    @cached_property
    def train_outputs(self) -> Tensor:
        """Outputs [R, N, O] for the training samples."""
        return self._outputs(self.train)

    @cached_property
    def val_outputs(self) -> Tensor:
        """Outputs [R, N, O] for the validation samples."""
        return self._outputs(self.validation)

    @cached_property
    def coordinates(self) -> Tensor:
        """The task's coordinates [R, C]."""
        assert self.task.coordinates is not None, (
            "the catalog grants coordinate measures to tasks that have them"
        )
        return self.each(self.task.coordinates.of)

    @cached_property
    def memorizers(self) -> Tensor:
        """The coordinates that memorize [R, M]."""
        return self._with_role(generalizing=False)

    @cached_property
    def generalizers(self) -> Tensor:
        """The coordinates that generalize [R, G]."""
        return self._with_role(generalizing=True)

    def each(self, function: Callable[[dict[str, Tensor]], Tensor]) -> Tensor:
        """Apply a function of one replica's parameters to every replica: [R, ...]."""
        parameters = self.network.parameters(self.theta)
        if len(self.theta) == 1:
            return function({name: value[0] for name, value in parameters.items()}).unsqueeze(0)
        result: Tensor = vmap(function)(parameters)
        return result

    def _with_role(self, *, generalizing: bool) -> Tensor:
        assert self.task.coordinates is not None, (
            "the catalog grants coordinate measures to tasks that have them"
        )
        chosen = (self.task.coordinates.generalizes == generalizing).nonzero().squeeze(-1)
        return self.coordinates.index_select(-1, chosen.to(self.theta.device))

    def _outputs(self, samples: Samples) -> Tensor:
        parameters = self.network.parameters(self.theta)
        if len(self.theta) == 1:
            inputs = samples.inputs if self.shared else samples.inputs[0]
            return self.network.apply({n: v[0] for n, v in parameters.items()}, inputs).unsqueeze(0)
        outputs: Tensor = vmap(self.network.apply, in_dims=(0, None if self.shared else 0))(
            parameters, samples.inputs
        )
        return outputs
