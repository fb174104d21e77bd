"""The networks: their shape and how they start."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Spec, knob
from .tasks import Shape


class Linear(Spec):
    """One linear map without a bias of its own."""

    name: Literal["linear"]
    init: Literal["zeros", "uniform"] = knob("zeros", help="zeros, or U(+-1/sqrt(fan_in)) as torch.nn.Linear")

    def parameter_count(self, shape: Shape) -> int:
        """Return P."""
        return shape.inputs * shape.outputs


class Mlp(Spec):
    """One hidden layer."""

    name: Literal["mlp"]
    hidden: int = knob(128, ge=1, le=10_000_000, help="units of the hidden layer")
    activation: Literal["quadratic", "relu", "gelu", "tanh"] = knob("relu", help="of the hidden layer")
    bias: bool = knob(False, help="whether both layers have biases")
    init_scale: float = knob(1.0, ge=0, help="factor on the U(+-1/sqrt(fan_in)) initialization")

    def parameter_count(self, shape: Shape) -> int:
        """Return P."""
        biases = self.hidden + shape.outputs if self.bias else 0
        return self.hidden * (shape.inputs + shape.outputs) + biases


AnyModel = Annotated[Linear | Mlp, Field(discriminator="name")]
MODELS: dict[str, type[Linear | Mlp]] = {"linear": Linear, "mlp": Mlp}
