"""The networks: their shape and how they start."""

from __future__ import annotations

from math import inf
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from .base import Spec, knob
from .entry import Entry
from .plugins import require
from .registry import Registry, require_names
from .tasks import Shape

Width = Annotated[int, Field(ge=1, le=1_000_000)]
Activation = Literal["quadratic", "relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "exp", "identity"]


class ModelSpec(Spec):
    """What every model declares: a name, how it starts, and how large it is, known before it is built."""

    name: str

    tasks: ClassVar[tuple[str, ...]] = ()
    """The tasks it goes with besides those that name it, as a model of a plugin goes with shipped tasks."""

    init_scale: float = knob(1.0, ge=0, help="factor on all parameters at the start")
    output_scale: float = knob(
        1.0, gt=0, help="factor alpha on the outputs; a large one makes training lazy (Chizat et al. 2019)"
    )
    centered: bool = knob(False, help="whether the outputs at the start are subtracted, so that it is at 0")

    def parameter_count(self, shape: Shape) -> int:
        """Return P."""
        raise NotImplementedError

    def multiplications(self, shape: Shape) -> int:
        """Return about how many multiplications the outputs of one sample take."""
        raise NotImplementedError

    def activations(self, shape: Shape) -> int:
        """Return about how many numbers are computed for one sample, from inputs to outputs."""
        raise NotImplementedError


def _declares(spec: ModelSpec) -> None:
    """Raise ContractError unless what a plugin's model says of tasks are names."""
    require_names("tasks", spec.tasks)


def check_size(spec: ModelSpec, shape: Shape) -> None:
    """Check what a plugin's model says of its size for data of a shape.

    Raises:
        ContractError: it is no number, or a negative one.
    """
    for name in ("parameter_count", "multiplications", "activations"):
        size = getattr(spec, name)(shape)
        number = type(size) in (int, float) and 0 <= size < inf
        require(number, f"{name} gives {size!r}, not a number from 0 on")


class Linear(ModelSpec):
    """One linear map without a bias of its own, whose weights may be products of parameters."""

    name: Literal["linear"]
    init: Literal["zeros", "uniform", "ones", "memorizers", "generalizer"] = knob(
        "zeros",
        help="all 0, or U(+-1/sqrt(fan_in)) as torch.nn.Linear, or all 1; memorizers: 1 for all inputs but"
        " the last, which is 0; generalizer: the reverse",
    )
    depth: int = knob(1, ge=1, le=64, help="parameters whose product a weight is, all with the same start")

    def parameter_count(self, shape: Shape) -> int:
        """Return P."""
        return self.depth * shape.inputs * shape.outputs

    def multiplications(self, shape: Shape) -> int:
        """Return about how many multiplications the outputs of one sample take."""
        return shape.inputs * shape.outputs

    def activations(self, shape: Shape) -> int:
        """Return about how many numbers are computed for one sample, from inputs to outputs."""
        return shape.outputs


class Layered(Spec):
    """What the networks made of fully connected layers declare."""

    hidden: int = knob(128, ge=1, le=10_000_000, help="units of a hidden layer")
    depth: int = knob(1, ge=1, le=64, help="hidden layers")
    activation: Activation = knob("relu", help="of the hidden layers; quadratic: x^2, exp: e^(x - 1)")
    bias: bool = knob(False, help="whether all layers have biases")
    init: Literal["uniform", "normal", "he", "gromov"] = knob(
        "uniform",
        help="weights at the start: U(+-1/sqrt(fan_in)) as torch.nn.Linear has it, or N(0, 1/fan_in),"
        " N(0, 2/fan_in), N(0, 1/4 / (2 hidden)^(2/3)) (Doshi et al. 2023); biases are 0 but with uniform",
    )
    parametrization: Literal["standard", "ntk"] = knob(
        "standard",
        help="ntk: weights are sqrt(fan_in) larger, and layers divide by it: same outputs, other gradients",
    )

    def _layers(self, inputs: int, outputs: int) -> int:
        """Return the weights of the layers."""
        return self.hidden * (inputs + outputs + (self.depth - 1) * self.hidden)

    def _biases(self, outputs: int) -> int:
        return self.depth * self.hidden + outputs if self.bias else 0


class Mlp(ModelSpec, Layered):
    """Fully connected layers."""

    name: Literal["mlp"]

    def parameter_count(self, shape: Shape) -> int:
        """Return P."""
        return self._layers(shape.inputs, shape.outputs) + self._biases(shape.outputs)

    def multiplications(self, shape: Shape) -> int:
        """Return about how many multiplications the outputs of one sample take."""
        return self._layers(shape.inputs, shape.outputs)

    def activations(self, shape: Shape) -> int:
        """Return about how many numbers are computed for one sample, from inputs to outputs."""
        return 2 * self.depth * self.hidden + shape.outputs


class EmbeddingMlp(ModelSpec, Layered):
    """A vector for each symbol, shared by both operands, then fully connected layers."""

    name: Literal["embedding_mlp"]
    width: Width = knob(64, help="numbers in the vector of a symbol")
    combine: Literal["sum", "concatenate"] = knob(
        "concatenate", help="how the operands' vectors come together"
    )
    embedding_sd: float = knob(1.0, ge=0, help="standard deviation of the vectors at the start")

    @property
    def combined(self) -> int:
        """Inputs of the first layer."""
        return self.width if self.combine == "sum" else 2 * self.width

    def parameter_count(self, shape: Shape) -> int:
        """Return P."""
        layers = self._layers(self.combined, shape.outputs) + self._biases(shape.outputs)
        return shape.symbols * self.width + layers

    def multiplications(self, shape: Shape) -> int:
        """Return about how many multiplications the outputs of one sample take."""
        return shape.symbols * self.combined + self._layers(self.combined, shape.outputs)

    def activations(self, shape: Shape) -> int:
        """Return about how many numbers are computed for one sample, from inputs to outputs."""
        return self.combined + 2 * self.depth * self.hidden + shape.outputs


class Transformer(ModelSpec):
    """A decoder with causal attention; the outputs are read at the last token, "=".

    There is an output for every symbol; Nanda et al. have one for every token, of which "=" is never the
    answer, and openai/grok one for all of its 239 tokens, and counts the loss of an eos after the answer too.
    """

    name: Literal["transformer"]
    layers: int = knob(1, ge=1, le=64, help="blocks of attention and MLP")
    width: Width = knob(128, help="numbers in the residual stream of a token")
    heads: int = knob(4, ge=1, le=1024, help="attention heads; they divide the width")
    mlp_width: Width | Literal["auto"] = knob("auto", help="hidden units of an MLP; auto: 4 * width")
    activation: Activation = knob("relu", help="of the MLPs")
    bias: bool = knob(True, help="whether the MLPs have biases")
    norm: Literal["none", "pre", "post"] = knob(
        "none", help="LayerNorm: of what enters attention, MLP and readout, or of the stream after each"
    )
    sequence: Literal["a b =", "a op b =", "eos a op b ="] = knob(
        "a b =", help="the tokens; op, = and eos are the same in all samples"
    )
    positions: Literal["learned", "sinusoidal"] = knob("learned", help="what is added to tell places apart")
    init: Literal["normal", "uniform"] = knob(
        "normal",
        help="normal: N(0, 1/width), the readout N(0, 1/tokens) (Nanda et al. 2023); uniform: as torch.nn,"
        " U(+-1/sqrt(fan_in)), vectors of tokens and places N(0, 1) (Power et al. 2022)",
    )

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Transformer:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} cannot be divided among {self.heads} heads")
        return self

    @property
    def tokens(self) -> list[str]:
        """The tokens of a sequence, a and b being the operands."""
        return self.sequence.split()

    @property
    def units(self) -> int:
        """Hidden units of an MLP."""
        return 4 * self.width if self.mlp_width == "auto" else self.mlp_width

    def vocabulary(self, shape: Shape) -> int:
        """Return how many tokens there are: the symbols, and those that are in every sequence."""
        return shape.symbols + len(self.tokens) - 2

    def parameter_count(self, shape: Shape) -> int:
        """Return P."""
        learned = len(self.tokens) * self.width if self.positions == "learned" else 0
        norms = {"none": 0, "pre": 2 * self.layers + 1, "post": 2 * self.layers}[self.norm]
        biases = self.units + self.width if self.bias else 0
        layer = self.width * (4 * self.width + 2 * self.units) + biases
        ends = self.width * (self.vocabulary(shape) + shape.outputs)
        return ends + learned + 2 * self.width * norms + self.layers * layer

    def multiplications(self, shape: Shape) -> int:
        """Return about how many multiplications the outputs of one sample take.

        Up to the second operand the stream depends on one symbol or on none, and is computed once for each;
        in the last layer, of the tokens since only "=" goes on.
        """
        since = len(self.tokens) - self.tokens.index("b")
        token = self.width * (2 * self.width + 2 * self.units)
        pick = 2 * shape.symbols * self.width
        deeper = self.layers - 1
        passed_on = deeper * since * (token + 2 * self.width**2)
        return passed_on + token + self.layers * pick + self.width * shape.outputs

    def activations(self, shape: Shape) -> int:
        """Return about how many numbers are computed for one sample, from inputs to outputs."""
        since = len(self.tokens) - self.tokens.index("b")
        token = 2 * self.units + (8 + 4 * len(self.tokens)) * self.width
        return (1 + (self.layers - 1) * since) * token + shape.outputs


MODELS: Registry[ModelSpec] = Registry(
    "model",
    ModelSpec,
    Entry(Linear, "grok_tui.lab.models.mlp:Linear"),
    Entry(Mlp, "grok_tui.lab.models.mlp:Mlp"),
    Entry(EmbeddingMlp, "grok_tui.lab.models.mlp:EmbeddingMlp"),
    Entry(Transformer, "grok_tui.lab.models.transformer:Transformer"),
    plugins="grok_tui.models",
    contract=_declares,
)
"""The implementation of a model is called with its spec and the `Shape` of the data; it returns a
`grok_tui.lab.models.Network` on the CPU in float32, initialized from torch's global generator."""

AnyModel = Annotated[ModelSpec, MODELS]
