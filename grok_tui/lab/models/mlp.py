"""Networks of fully connected layers, on their inputs or on an embedding of symbols."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul

import torch
from torch import Tensor, nn

from ...catalog import models as catalog
from ...catalog.tasks import Shape
from ..shapes import Float
from .layers import ACTIVATIONS, HOMOGENEOUS, Declared, Layer, Network, scale
from .layout import Role


class Linear(Network):
    """One linear map without a bias: outputs = inputs @ w.T.

    w is the product of D parameters of its own shape: a diagonal linear network (Woodworth et al. 2020,
    2002.09277), which with parameters that start alike has w = u^D.
    """

    homogeneous = True

    def __init__(self, spec: catalog.Linear, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Linear(shape.inputs, shape.outputs, bias=False).weight
        if spec.init != "uniform":
            nn.init.constant_(self.weight, spec.init in ("ones", "memorizers"))
        if spec.init in ("memorizers", "generalizer"):
            nn.init.constant_(self.weight.detach()[:, -1], spec.init == "generalizer")
        self.deeper = nn.ParameterList(self.weight.detach().clone() for _ in range(spec.depth - 1))

    def layers(self) -> Sequence[Declared]:
        """Return the parameters, one a layer; the first reads the inputs, the last gives the outputs."""
        every = [self.weight, *self.deeper]
        roles = [Role.HIDDEN] * len(every)
        roles[0], roles[-1] = Role.INPUT, Role.READOUT if len(every) > 1 else Role.INPUT | Role.READOUT
        return [[(parameter, role)] for parameter, role in zip(every, roles, strict=True)]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs."""
        return nn.functional.linear(inputs, reduce(mul, self.deeper, self.weight))


class Mlp(Network):
    """Hidden layers and a readout: inputs [N, I] -> outputs [N, O]; dropout masks the hidden activations."""

    def __init__(self, spec: catalog.Layered, shape: Shape) -> None:
        super().__init__()
        self.hidden = Layer(shape.inputs, spec.hidden, spec)
        self.deeper = nn.ModuleList(Layer(spec.hidden, spec.hidden, spec) for _ in range(spec.depth - 1))
        self.readout = Layer(spec.hidden, shape.outputs, spec)
        self.activation = ACTIVATIONS[spec.activation]
        self.dropout_units = spec.depth * spec.hidden
        self.homogeneous = spec.activation in HOMOGENEOUS

    def layers(self) -> Sequence[Declared]:
        """Return the layers in order; the first reads the inputs."""
        deeper: list[Declared] = [[(layer, Role.HIDDEN)] for layer in self.deeper]
        return [[(self.hidden, Role.INPUT)], *deeper, [(self.readout, Role.READOUT)]]

    def forward(
        self, inputs: Float[Tensor, "N I"], keep: Float[Tensor, "N _"] | None = None
    ) -> Float[Tensor, "N O"]:
        """Return the outputs; the units of `keep` go by hidden layer."""
        masks = None if keep is None else torch.split(keep, self.hidden.out_features, -1)
        stream = inputs
        for i, layer in enumerate((self.hidden, *self.deeper)):
            stream = self.activation(layer(stream))
            if masks is not None:
                stream = stream * masks[i]
        outputs: Tensor = self.readout(stream)
        return outputs


class EmbeddingMlp(Mlp):
    """Layers on the vectors of two symbols, summed or one after the other.

    One-hot inputs [N, 2 n] -> outputs [N, O], as in Liu et al. 2022 (2210.01117) and in devinterp's study of
    modular addition.
    """

    def __init__(self, spec: catalog.EmbeddingMlp, shape: Shape) -> None:
        super().__init__(spec, shape._replace(inputs=spec.combined))
        self.embedding = nn.Embedding(shape.symbols, spec.width)
        self.summed = spec.combine == "sum"
        scale(self.embedding, spec.embedding_sd)

    def layers(self) -> Sequence[Declared]:
        """Return the embedding, and then the layers in order, the first of which reads vectors."""
        _, *rest = super().layers()
        return [[(self.embedding, Role.EMBEDDING)], [(self.hidden, Role.HIDDEN)], *rest]

    def forward(
        self, inputs: Float[Tensor, "N I"], keep: Float[Tensor, "N _"] | None = None
    ) -> Float[Tensor, "N O"]:
        """Return the outputs; the units of `keep` go by hidden layer."""
        symbols, width = self.embedding.weight.shape
        if self.summed:
            vectors = inputs.reshape(-1, 2, symbols).sum(1) @ self.embedding.weight
        else:
            vectors = (inputs.reshape(-1, symbols) @ self.embedding.weight).view(-1, 2 * width)
        return super().forward(vectors, keep)
