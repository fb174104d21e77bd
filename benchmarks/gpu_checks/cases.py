"""Every kind of step there is, on problems so small that all of them can be trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.presets import Preset

from .problems import preset_of, sums

ADD = sums(7)
PARITY = {"name": "sparse_parity", "n": 8, "k": 3, "samples": 20, "validation": 20}
LINEAR = {"name": "linear101", "samples": 12}
MLP = {"name": "mlp", "hidden": 6, "activation": "quadratic"}
TRANSFORMER = {"name": "transformer", "width": 8, "heads": 2}
EMBEDDING = {"name": "embedding_mlp", "hidden": 6, "width": 4}
ADAMW = {"name": "adamw", "lr": 0.01}

ACTIVATIONS = ("relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "identity")
MODIFIERS: dict[str, dict[str, Any]] = {
    "weight noise": {"weight_noise": 0.01},
    "dropout": {"dropout": 0.2},
    "update noise": {"update_noise": 0.1},
    "Grokfast EMA": {"grokfast": "ema"},
    "Grokfast MA": {"grokfast": "ma", "grokfast_window": 4},
    "perpendicular": {"perp_grad": True},
    "clipping": {"clip_norm": 0.1},
    "towards init": {"decay_towards": "init"},
    "fixed norm": {"norm_factor": 1.0},
    "warmup": {"warmup": 5},
    "resets": {"reset_every": 7},
    "reset on return": {"reset_on_return": True},
    **{
        f"l_inf {form}": {"l_inf": 0.01, "l_inf_form": form}
        for form in ("log_sum_exp", "p_norm", "max", "proximal")
    },
}

DRAWING = {"dropout", "weight_noise", "update_noise"}
"""Modifiers of which CPU and GPU draw different numbers."""


NOT_EMULATED = ("activation silu",)
"""Kinds whose kernels a build of torch without CUDA lacks: it then takes steps apart in another way."""


@dataclass(frozen=True)
class Case:
    """A kind of step.

    Attributes:
        name: for people.
        task, model, optimizer, modifiers, training: tables of a preset, where they are not the usual.
    """

    name: str
    task: dict[str, Any] = field(default_factory=lambda: ADD)
    model: dict[str, Any] = field(default_factory=lambda: MLP)
    optimizer: dict[str, Any] = field(default_factory=lambda: ADAMW)
    modifiers: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)

    def preset(self, replicas: int, **training: Any) -> Preset:
        """Return its preset, measured every 5 steps."""
        given = {"record_every": 5} | self.training | training
        return preset_of(
            self.task,
            self.model,
            optimizer=self.optimizer,
            modifiers=self.modifiers,
            replicas=replicas,
            **given,
        )

    @property
    def draws(self) -> bool:
        """Whether a step has random numbers that are drawn where it is computed."""
        return bool(DRAWING & self.modifiers.keys()) or self.training.get("batches") == "online"

    @property
    def jumps(self) -> bool:
        """Whether a step depends on signs or on which entry is largest: rounding may turn it round."""
        return self.optimizer["name"] in ("sign", "muon") or self.modifiers.get("l_inf_form") == "max"


def cases() -> list[Case]:
    """Return all kinds, each name once."""
    return [*_optimizers(), *_losses(), *_models(), *_training(), *_modified()]


def _optimizers() -> Iterator[Case]:
    for name in OPTIMIZERS:
        yield Case(f"optimizer {name}", optimizer={"name": name, "lr": 0.01})
    normed = TRANSFORMER | {"norm": "pre"}
    yield Case("optimizer muon, transformer", model=normed, optimizer={"name": "muon", "lr": 0.01})


def _losses() -> Iterator[Case]:
    for loss in ("mse", "cross_entropy", "cross_entropy_balanced", "stablemax"):
        for dtype in ("float32", "float64"):
            yield Case(f"loss {loss}, {dtype}", training={"loss": loss, "loss_dtype": dtype})
    for loss in ("hinge", "logistic"):
        yield Case(f"loss {loss}, parity", PARITY, training={"loss": loss})


def _models() -> Iterator[Case]:
    for activation in ACTIVATIONS:
        deep = MLP | {"activation": activation, "bias": True, "depth": 2}
        yield Case(f"activation {activation}", model=deep)
    ntk = MLP | {"parametrization": "ntk", "centered": True, "output_scale": 3.0}
    yield Case("ntk, centered", model=ntk)
    yield Case("embedding, concatenated", model=EMBEDDING)
    yield Case("embedding, summed", model=EMBEDDING | {"combine": "sum", "bias": True})
    yield Case("transformer", model=TRANSFORMER)
    for norm in ("none", "pre", "post"):
        form = {"sequence": "eos a op b =", "positions": "sinusoidal", "init": "uniform"}
        yield Case(f"transformer, norm {norm}", model=TRANSFORMER | form | {"norm": norm, "layers": 2})


def _training() -> Iterator[Case]:
    yield Case("outliers", ADD | {"train_fraction": 0.6, "outliers": 2})
    yield Case("multiplication", ADD | {"operation": "multiply", "train_fraction": 0.6}, TRANSFORMER)
    for dtype in ("float32", "float64"):
        yield Case(
            f"linear101, {dtype}", LINEAR, {"name": "linear"}, training={"loss": "mse", "dtype": dtype}
        )
    yield Case("float64", training={"dtype": "float64"})
    yield Case("batches", training={"batch_size": 5})
    yield Case("batches with a remainder", training={"batch_size": 7})
    yield Case("batches, independent", training={"batch_size": 5, "batches": "independent"})
    parity = {"loss": "hinge", "batch_size": 5}
    yield Case("parity, independent", PARITY, training=parity | {"batches": "independent"})
    yield Case("parity, online", PARITY, training=parity | {"batches": "online"})
    noisy = PARITY | {"label_noise": 0.2}
    yield Case("parity, online, label noise", noisy, training=parity | {"batches": "online"})


def _modified() -> Iterator[Case]:
    for name, modifiers in MODIFIERS.items():
        yield Case(name, modifiers=modifiers)
    yield Case("dropout, transformer", model=TRANSFORMER, modifiers={"dropout": 0.1})
