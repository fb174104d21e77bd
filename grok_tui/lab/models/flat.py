"""A module as a function of one flat vector theta."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, vmap
from torch.utils._pytree import tree_leaves, tree_map

from ...catalog.models import ModelSpec
from ...catalog.tasks import Shape
from ..process_wide import PROCESS_WIDE
from ..shapes import Float
from ..streams import Purpose, stream
from .layers import Network
from .layout import Weights
from .networks import build_network


def over_replicas(function: Callable[..., Any], in_dims: Sequence[int | None], *given: Any) -> Any:
    """Apply a function of one replica to all replicas.

    A replica alone is not batched: plain matrix products are faster than batches of one.

    Args:
        function: from tensors, or dicts of them, of one replica to such.
        in_dims: for each argument 0, where it has the replicas as its leading axis, or None, where they share
            it.
        given: the arguments; the first has the replicas.

    Returns:
        What the function returns, each tensor with a leading axis [R, ...].
    """
    if len(tree_leaves(given[0])[0]) > 1:
        return vmap(function, in_dims=tuple(in_dims))(*given)
    alone = [tree_map(_first, one) if axis == 0 else one for one, axis in zip(given, in_dims, strict=True)]
    return tree_map(lambda tensor: tensor.unsqueeze(0), function(*alone))


def _first(tensor: Tensor) -> Tensor:
    return tensor[0]


class FlatNetwork:
    """A network whose parameters all lie in theta.

    Attributes:
        module: the network; its own parameters are never used in a computation.
        layout: what theta is made of.
        output_scale: factor alpha on the outputs.
        centered: whether the outputs at theta_0 are subtracted.
        dropout_units: activations of a sample that dropout can mask; 0 where it has no place.
    """

    def __init__(self, module: Network, output_scale: float = 1.0, centered: bool = False) -> None:
        self.module = module
        self.output_scale = output_scale
        self.centered = centered
        self.dropout_units = module.dropout_units
        self.layout = module.layout()

    def parameters(self, theta: Tensor) -> dict[str, Tensor]:
        """Return the parameters as views of theta [..., P], each [..., *shape]."""
        return self.layout.parameters(theta)

    def weights(self, theta: Tensor) -> Weights:
        """Return the parameters as views of theta [..., P], with what they are."""
        return Weights(self.parameters(theta), self.layout)

    def apply(
        self,
        parameters: Mapping[str, Tensor],
        inputs: Float[Tensor, "N I"],
        start: Mapping[str, Tensor] | None = None,
        keep: Float[Tensor, "N _"] | None = None,
    ) -> Float[Tensor, "N O"]:
        """Return the outputs alpha f(theta), or alpha (f(theta) - f(theta_0)) of a centered network.

        Args:
            parameters: of one replica, each [*shape].
            inputs: [N, I].
            start: the parameters at theta_0; what is not centered needs none.
            keep: dropout's factors on f(theta) [N, dropout_units], 0 or 1 / (1 - rate); None: no dropout.

        Returns:
            [N, O].
        """
        outputs: Tensor = functional_call(
            self.module, dict(parameters), (inputs,) if keep is None else (inputs, keep)
        )
        if self.centered:
            assert start is not None, "a centered network is given theta_0"
            outputs = outputs - functional_call(self.module, dict(start), (inputs,))
        return outputs if self.output_scale == 1 else outputs * self.output_scale


def initial_theta(
    spec: ModelSpec, shape: Shape, seeds: Sequence[int], dtype: torch.dtype
) -> tuple[FlatNetwork, Float[Tensor, "R P"]]:
    """Build a network and the theta [R, P] it starts from, one replica a seed, on the CPU.

    The numbers drawn are the same for every dtype and device.
    """
    starts = []
    for seed in seeds:
        with PROCESS_WIDE, torch.random.fork_rng(devices=[]):
            # The CPU's alone: seeding all kinds of devices notes for each who asked, which is slow.
            torch.default_generator.manual_seed(int(stream(seed, Purpose.INIT).integers(2**63)))
            module = build_network(spec, shape)
        starts.append(torch.cat([p.detach().reshape(-1) for p in module.parameters()]))
    return FlatNetwork(module, spec.output_scale, spec.centered), torch.stack(starts).to(dtype)
