"""A module as a function of one flat vector theta."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ...catalog.models import AnyModel
from ...catalog.tasks import Shape
from ..streams import Purpose, stream
from .networks import build_network


class FlatNetwork:
    """A network whose parameters all lie in theta.

    Attributes:
        module: the network; its own parameters are never used in a computation.
        size: P, the number of parameters.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
        self.sizes = [prod(shape) for shape in self.shapes.values()]
        self.size = sum(self.sizes)

    def parameters(self, theta: Tensor) -> dict[str, Tensor]:
        """Return the parameters as views of theta [..., P], each [..., *shape]."""
        pieces = torch.split(theta, self.sizes, -1)
        leading = theta.shape[:-1]
        return {
            name: piece.view(*leading, *shape)
            for piece, (name, shape) in zip(pieces, self.shapes.items(), strict=True)
        }

    def flatten(self, parameters: dict[str, Tensor]) -> Tensor:
        """Return parameters of one replica as one vector [P]."""
        return torch.cat([parameters[name].reshape(-1) for name in self.shapes])

    def apply(self, parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs [N, O] of one replica with these parameters for inputs [N, ...]."""
        outputs: Tensor = functional_call(self.module, parameters, (inputs,))
        return outputs


def initial_theta(
    spec: AnyModel, shape: Shape, seeds: Sequence[int], dtype: torch.dtype
) -> tuple[FlatNetwork, Tensor]:
    """Build a network and the theta [R, P] it starts from, one replica a seed, on the CPU.

    The numbers drawn are the same for every dtype and device.
    """
    starts = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(stream(seed, Purpose.INIT).integers(2**63)))
            module = build_network(spec, shape)
        starts.append(torch.cat([p.detach().reshape(-1) for p in module.parameters()]))
    return FlatNetwork(module), torch.stack(starts).to(dtype)
