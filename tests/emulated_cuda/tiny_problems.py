"""Tiny problems of every kind: task, network, loss, optimizer, modifiers, and how batches are drawn."""

from __future__ import annotations

from typing import Any

from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.presets import Preset

SUMS = {"name": "binary_operation", "p": 7, "train_fraction": 0.5}
PARITY = {"name": "sparse_parity", "n": 8, "k": 3, "samples": 20, "validation": 20}
LINEAR101 = {"name": "linear101", "samples": 12}

MLP = {"name": "mlp", "hidden": 6, "activation": "quadratic"}
EMBEDDING = {"name": "embedding_mlp", "hidden": 6, "width": 4}
TRANSFORMER = {"name": "transformer", "width": 8, "heads": 2}

ADAMW = {"name": "adamw", "lr": 0.01}


def tiny(
    task: dict[str, Any] = SUMS,
    model: dict[str, Any] = MLP,
    loss: str = "cross_entropy",
    optimizer: dict[str, Any] = ADAMW,
    modifiers: dict[str, Any] | None = None,
    replicas: int = 1,
    interventions: tuple[dict[str, Any], ...] = (),
    **training: Any,
) -> Preset:
    """Return a preset of one arm, "a"; training as a preset declares it."""
    own = {"steps": 1000, "record_every": 5, "loss": loss} | training
    arm = {"name": "a", "task": task, "model": model, "training": own, "optimizer": optimizer}
    return Preset.model_validate(
        {
            "title": "tiny",
            "summary": "a test",
            "sources": ["none"],
            "task": task,
            "model": model,
            "training": own | {"replicas": replicas},
            "arms": [arm | {"modifiers": modifiers or {}}],
            "interventions": [{"arm": "a", **one} for one in interventions],
        }
    )


def several(*kinds: dict[str, Any], **training: Any) -> Preset:
    """Return a preset with an arm "a", "b", ... of each of these kinds, as `tiny` takes them, of one task."""
    first, *others = [tiny(**kind | training) for kind in kinds]
    named = zip("bcdefgh", others, strict=False)
    arms = [other.arms[0].model_copy(update={"name": name}) for name, other in named]
    return first.model_copy(update={"arms": [first.arms[0], *arms]})


ONLINE = {"task": PARITY, "loss": "hinge", "batches": "online", "batch_size": 5}

KINDS: dict[str, dict[str, Any]] = {
    "linear": {"task": LINEAR101, "model": {"name": "linear"}, "loss": "mse"},
    "mlp": {},
    "batches of two replicas": {"batch_size": 5, "replicas": 2},
    "online": ONLINE | {"modifiers": {"dropout": 0.2, "weight_noise": 0.01}},
    "transformer": {"model": TRANSFORMER | {"norm": "pre", "layers": 2}, "optimizer": {"name": "muon"}},
}
"""One of each kind, for a look that takes seconds."""

MODIFIERS: dict[str, dict[str, Any]] = {
    "weight noise": {"weight_noise": 0.01},
    "dropout": {"dropout": 0.2},
    "update noise": {"update_noise": 0.1},
    "grokfast ema": {"grokfast": "ema"},
    "grokfast ma": {"grokfast": "ma", "grokfast_window": 4},
    "perpendicular gradient": {"perp_grad": True},
    "clipped": {"clip_norm": 0.1},
    "decay towards init": {"decay_towards": "init"},
    "constrained norm": {"norm_factor": 1.0},
    "warmup": {"warmup": 5},
    "resets every": {"reset_every": 7},
    "resets on return": {"reset_on_return": True},
    **{f"l_inf {form}": {"l_inf": 0.01, "l_inf_form": form} for form in ("log_sum_exp", "p_norm")},
    **{f"l_inf {form}": {"l_inf": 0.01, "l_inf_form": form} for form in ("max", "proximal")},
}

ACTIVATIONS = ("relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "identity")

LOSSES = ("mse", "cross_entropy", "cross_entropy_balanced", "stablemax")

ALL: dict[str, dict[str, Any]] = {
    **KINDS,
    **{f"optimizer {name}": {"optimizer": {"name": name, "lr": 0.01}} for name in OPTIMIZERS},
    **{f"loss {loss}": {"loss": loss} for loss in LOSSES},
    **{f"loss {loss} in float64": {"loss": loss, "loss_dtype": "float64"} for loss in LOSSES},
    **{f"parity {loss}": {"task": PARITY, "loss": loss} for loss in ("hinge", "logistic", "mse")},
    "online with noisy labels": ONLINE | {"task": PARITY | {"label_noise": 0.2}},
    "independent batches": {"batches": "independent", "batch_size": 5},
    "batches with a remainder": {"batch_size": 7},
    "float64": {"dtype": "float64"},
    **{f"activation {name}": {"model": MLP | {"activation": name, "bias": True}} for name in ACTIVATIONS},
    "two layers": {"model": MLP | {"depth": 2}},
    "ntk, centered": {"model": MLP | {"parametrization": "ntk", "centered": True, "output_scale": 3.0}},
    "embedding": {"model": EMBEDDING},
    "summed embedding": {"model": EMBEDDING | {"combine": "sum", "bias": True}},
    "transformer of one layer": {"model": TRANSFORMER},
    "transformer, norm post": {"model": TRANSFORMER | {"norm": "post", "positions": "sinusoidal"}},
    "outliers": {"task": SUMS | {"outliers": 2}},
    "multiplication": {"task": SUMS | {"operation": "multiply"}},
    **{f"modifier {name}": {"modifiers": modifiers} for name, modifiers in MODIFIERS.items()},
}
"""Every kind of everything that a preset may ask for."""
