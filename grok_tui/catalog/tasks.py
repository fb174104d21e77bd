"""The tasks: what is learnt, and what counts as right."""

from __future__ import annotations

from itertools import count
from math import factorial, isqrt
from typing import Annotated, ClassVar, Literal, NamedTuple, get_args

from pydantic import ValidationInfo, field_validator

from .base import Spec, knob
from .entry import Entry
from .losses import Targets
from .plugins import require
from .registry import Registry, require_names


class Shape(NamedTuple):
    """The size of a task's data and of a model for it."""

    samples: int
    """Training samples of one replica."""
    inputs: int
    outputs: int
    symbols: int = 0
    """Where inputs are one-hot blocks: how many symbols a block tells apart; else 0."""
    validation: int = 1
    """Validation samples of one replica."""


class TaskSpec(Spec):
    """What every task declares besides its parameters."""

    name: str

    models: ClassVar[tuple[str, ...]] = ()
    """The models it goes with."""

    classes: ClassVar[bool] = False
    """Whether the outputs are scores of classes, one of which is right."""

    seeded: ClassVar[bool] = False
    """Whether the data depend on the seed, so that every replica has its own."""

    drawn: ClassVar[bool] = False
    """Whether it can be learnt online, from samples that are new at every step."""

    @property
    def targets(self) -> Targets:
        """What a sample is to have, which decides on the losses that go with the task."""
        raise NotImplementedError

    @property
    def coordinates(self) -> bool:
        """Whether the task marks coordinates as memorizers and generalizers."""
        return False

    @property
    def coordinate_count(self) -> int:
        """How many coordinates it has; 0 where there are none, or where the data alone tell."""
        return 0

    @property
    def spectral(self) -> bool:
        """Whether its symbols have a spectrum: frequencies, or irreducible representations."""
        return False

    @property
    def group(self) -> bool:
        """Whether what is learnt is the product of a group, whose spectrum it is."""
        return False

    @property
    def shape(self) -> Shape:
        """The size of the data, known before they are made."""
        raise NotImplementedError


def _declares(spec: TaskSpec) -> None:
    """Check what a plugin's task says of its data before they are made.

    Raises:
        ContractError: it is not of the kind that others go by.
    """
    shape = spec.shape
    require(isinstance(shape, Shape), f"its shape is {type(shape).__name__}, not a Shape")
    least = Shape(samples=1, inputs=1, outputs=1, symbols=0, validation=1)
    whole = all(type(size) is int and size >= at_least for size, at_least in zip(shape, least, strict=True))
    require(whole, f"its shape is {tuple(shape)}, not whole numbers from {tuple(least)} on")
    targets = spec.targets
    require(
        targets in get_args(Targets), f"its targets are {targets!r}, none of {', '.join(get_args(Targets))}"
    )
    require_names("models", spec.models)
    for flag in ("classes", "seeded", "drawn", "coordinates", "spectral", "group"):
        value = getattr(spec, flag)
        require(type(value) is bool, f"{flag} is {value!r}, neither True nor False")


class Linear101(TaskSpec):
    """One weight per training sample and a bias that all samples share; every target is 1."""

    models: ClassVar[tuple[str, ...]] = ("linear",)

    name: Literal["linear101"]
    samples: int = knob(100, ge=1, le=1_000_000, help="training samples, each with a feature of its own")
    tolerance: float = knob(0.1, gt=0, help="a prediction is accurate when |prediction - 1| is below this")

    @property
    def targets(self) -> Targets:
        """A regression."""
        return "numbers"

    @property
    def coordinates(self) -> bool:
        """The weights of the samples memorize, the bias generalizes."""
        return True

    @property
    def coordinate_count(self) -> int:
        """A weight for each sample, and the bias."""
        return self.samples + 1

    @property
    def shape(self) -> Shape:
        """N samples with N + 1 features."""
        return Shape(self.samples, self.samples + 1, 1)


# Power et al. 2022, appendix A.1.1, x and y being the first and the second operand; x2+y, x3+y and the mixes
# of even and odd x are those of their code (openai/grok, grok/data.py).
Operation = Literal[
    "add",
    "subtract",
    "multiply",
    "divide",
    "x2+y",
    "x3+y",
    "x2+y2",
    "x2+xy+y2",
    "x2+xy+y2+x",
    "x3+xy",
    "x3+xy2+y",
    "odd_y_divide_else_subtract",
    "even_x_add_else_multiply",
    "even_x_add_else_subtract",
    "s4_compose",
    "s4_conjugate",
    "s4_aba",
    "s5_compose",
    "s5_conjugate",
    "s5_aba",
]

PERMUTED = {"s4": 4, "s5": 5}
"""How many things the permutations of S4 and S5 permute."""


class BinaryOperation(TaskSpec):
    """A table of x o y (Power et al. 2022): some pairs are for training, the rest for validation."""

    models: ClassVar[tuple[str, ...]] = ("linear", "mlp", "embedding_mlp", "transformer")
    classes: ClassVar[bool] = True
    seeded: ClassVar[bool] = True

    name: Literal["binary_operation"]
    operation: Operation = knob(
        "add",
        help="what is learnt; modulo p, or of the permutations of 4 or 5 things"
        " (compose: x, then y; conjugate: x, y, then the inverse of x; aba: x, y, then x)",
    )
    p: int = knob(31, ge=2, le=1009, help="the modulus; of no effect on permutations")
    train_fraction: float = knob(0.5, gt=0, lt=1, help="share of all pairs that is trained on")
    outliers: int = knob(
        0,
        ge=0,
        help="training pairs whose label is replaced by another, drawn at random: so many are wrong, where"
        " openai/grok may draw the right one again",
    )

    @field_validator("p")
    @classmethod
    def _division_is_defined(cls, p: int, given: ValidationInfo) -> int:
        if "divide" in given.data.get("operation", "") and not is_prime(p):
            near = next(q for d in count(1) for q in (p - d, p + d) if is_prime(q))
            raise ValueError(f"division needs a prime modulus, which {p} is not; the nearest is {near}")
        return p

    @field_validator("outliers")
    @classmethod
    def _outliers_are_trained_on(cls, outliers: int, given: ValidationInfo) -> int:
        known = {"operation", "p", "train_fraction"}
        if known <= given.data.keys():
            trained = cls.model_construct(**{key: given.data[key] for key in known}).shape.samples
            if outliers > trained:
                raise ValueError(f"{outliers} is more than the {trained} training samples")
        return outliers

    @property
    def targets(self) -> Targets:
        """A class for each symbol."""
        return "classes"

    @property
    def permuted(self) -> int:
        """How many things are permuted; 0 where the operation is on numbers."""
        return PERMUTED.get(self.operation[:2], 0)

    @property
    def multiplicative(self) -> bool:
        """Whether the operation is on the multiplicative group modulo p."""
        return self.operation in ("multiply", "divide")

    @property
    def symbols(self) -> int:
        """How many values an operand may have."""
        return factorial(self.permuted) if self.permuted else self.p

    @property
    def pairs(self) -> int:
        """How many pairs the table has; division leaves out those with y = 0, as Power et al. do."""
        return self.symbols * (self.symbols - (self.operation == "divide"))

    @property
    def spectral(self) -> bool:
        """Permutations have representations, sums frequencies, products modulo a prime beyond 2 likewise."""
        return not self.multiplicative or (self.p > 2 and is_prime(self.p))

    @property
    def coordinates(self) -> bool:
        """The components of the spectrum that stand out generalize."""
        return self.spectral

    @property
    def coordinate_count(self) -> int:
        """The frequencies of numbers, or the partitions of what is permuted but the trivial one."""
        if not self.spectral:
            return 0
        return {0: (self.p - self.multiplicative) // 2, 4: 4, 5: 6}[self.permuted]

    @property
    def group(self) -> bool:
        """Whether the result is a product in the group itself, or a quotient."""
        products = ("add", "subtract", "multiply", "divide", "s4_compose", "s5_compose")
        return self.spectral and self.operation in products

    @property
    def shape(self) -> Shape:
        """One-hot x and y, a class for each symbol; at least one pair on each side."""
        n, pairs = self.symbols, self.pairs
        samples = min(pairs - 1, max(1, round(self.train_fraction * pairs)))
        return Shape(samples, 2 * n, n, n, pairs - samples)


def is_prime(number: int) -> bool:
    """Tell whether a number is prime."""
    return number > 1 and all(number % divisor for divisor in range(2, isqrt(number) + 1))


class SparseParity(TaskSpec):
    """The product of k secret bits among n, all bits +1 or -1 (Barak et al. 2022)."""

    models: ClassVar[tuple[str, ...]] = ("mlp",)
    classes: ClassVar[bool] = True
    seeded: ClassVar[bool] = True
    drawn: ClassVar[bool] = True

    name: Literal["sparse_parity"]
    n: int = knob(40, ge=2, le=10_000, help="bits of a sample")
    k: int = knob(3, ge=1, help="secret bits, whose product is the label")
    samples: int = knob(
        1000, ge=1, le=10_000_000, help="training samples; of an online run, those it is measured on"
    )
    validation: int = knob(2000, ge=1, le=10_000_000, help="validation samples")
    logits: Literal[1, 2] = knob(
        1, help="outputs: one whose sign is the label, or two scores for cross-entropy"
    )
    label_noise: float = knob(0.0, ge=0, lt=0.5, help="share of training labels that are flipped")

    @field_validator("k")
    @classmethod
    def _secret_is_among_the_bits(cls, k: int, given: ValidationInfo) -> int:
        if k > given.data.get("n", k):
            raise ValueError(f"{k} secret bits are more than the {given.data['n']} there are")
        return k

    @property
    def targets(self) -> Targets:
        """On one output the sign, on two a class."""
        return "signs" if self.logits == 1 else "classes"

    @property
    def coordinates(self) -> bool:
        """The secret bits generalize."""
        return True

    @property
    def coordinate_count(self) -> int:
        """One for each bit."""
        return self.n

    @property
    def shape(self) -> Shape:
        """N samples of n bits."""
        return Shape(self.samples, self.n, self.logits, validation=self.validation)


TASKS: Registry[TaskSpec] = Registry(
    "task",
    TaskSpec,
    Entry(Linear101, "grok_tui.lab.tasks.linear101:build"),
    Entry(BinaryOperation, "grok_tui.lab.tasks.binary_operation:build"),
    Entry(SparseParity, "grok_tui.lab.tasks.sparse_parity:build"),
    plugins="grok_tui.tasks",
    contract=_declares,
)
"""The implementation of a task is called with its spec, a seed and the dtype of floating-point data; it
returns a `grok_tui.lab.tasks.Task` on the CPU."""

AnyTask = Annotated[TaskSpec, TASKS]
