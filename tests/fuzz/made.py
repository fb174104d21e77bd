"""Small presets and claims, made from what the catalog and the claim language have."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from grok_tui.catalog.base import Spec
from grok_tui.catalog.interventions import INTERVENTIONS
from grok_tui.catalog.losses import LOSSES
from grok_tui.catalog.measures import MEASURES
from grok_tui.catalog.models import MODELS
from grok_tui.catalog.modifiers import MODIFIERS
from grok_tui.catalog.optimizers import OPTIMIZERS

TASKS: list[dict[str, Any]] = [
    {"name": "linear101", "samples": 8},
    {"name": "binary_operation", "p": 5},
    {"name": "binary_operation", "p": 5, "operation": "divide", "train_fraction": 0.4},
    {"name": "sparse_parity", "n": 6, "k": 2, "samples": 12, "validation": 10},
]
SIZES = {"hidden": 4, "width": 4, "heads": 2, "depth": 1, "layers": 1, "mlp_width": 4}
MODELS_OF = {
    "linear101": ["linear"],
    "binary_operation": ["mlp", "embedding_mlp", "transformer"],
    "sparse_parity": ["mlp"],
}
EVENTS = ["fit", "grok", "slingshot", "divergence"]


@cache
def _properties(spec: type[Spec]) -> dict[str, dict[str, Any]]:
    schema = spec.model_json_schema()
    own = schema["properties"]
    return {key: one | {"needed": key in schema.get("required", ())} for key, one in own.items()}


def _sampled(schema: dict[str, Any], rng: random.Random) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if "anyOf" in schema:
        return _sampled(rng.choice(schema["anyOf"][:1]), rng)
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    high = schema.get("maximum", schema.get("exclusiveMaximum", low + 2))
    match schema.get("type"):
        case "integer":
            return rng.choice([low + ("exclusiveMinimum" in schema), low + 1, min(high, low + 3)])
        case "number":
            return low + (min(high, low + 2) - low) * rng.choice([0.001, 0.1, 0.5, 0.9])
        case "boolean":
            return rng.random() < 0.5
        case "array" if "prefixItems" in schema:
            return [_sampled(one, rng) for one in schema["prefixItems"]]
        case "string":
            return "a"
    return None


def _of(spec: type[Spec], rng: random.Random, share: float = 0.3, **fixed: Any) -> dict[str, Any]:
    """Return a table of a spec: what is fixed, what it needs, and some of the rest."""
    table = dict(fixed)
    for key, schema in _properties(spec).items():
        if key not in table and (schema["needed"] or rng.random() < share):
            table[key] = SIZES[key] if key in SIZES else _sampled(schema, rng)
    return {key: value for key, value in table.items() if value is not None}


def optimizer(rng: random.Random) -> dict[str, Any]:
    """Return the table of an optimizer."""
    name = rng.choice(list(OPTIMIZERS.shipped))
    return _of(OPTIMIZERS.shipped[name].spec, rng, name=name)


def modifiers(rng: random.Random) -> dict[str, Any]:
    """Return a table of modifiers, of which most are off."""
    found: dict[str, Any] = {}
    for entry in MODIFIERS.shipped.values():
        if rng.random() < 0.12:
            found |= _of(entry.spec, rng)
    found.pop("name", None)
    return found


def intervention(rng: random.Random, arm: str) -> dict[str, Any]:
    """Return the table of an intervention on an arm."""
    action = rng.choice(list(INTERVENTIONS.shipped))
    fixed: dict[str, Any] = {"arm": arm, "at_step": rng.randrange(4), "action": action}
    if action == "switch":
        fixed["optimizer"] = optimizer(rng)
    if action == "set":
        fixed["hyperparameter"] = rng.choice(["lr", "batch_size", "warmup", "momentum", "betas", "dropout"])
        fixed["value"] = rng.choice([0.1, 1, 3, [0.5, 0.5], "full"])
    return _of(INTERVENTIONS.shipped[action].spec, rng, share=0.1, **fixed)


def preset(rng: random.Random) -> dict[str, Any]:
    """Return the tables of a small preset, of which most are sound."""
    task = dict(rng.choice(TASKS))
    name = rng.choice(MODELS_OF[task["name"]])
    model = _of(MODELS.shipped[name].spec, rng, share=0.2, name=name)
    targets = {"linear101": ["mse"], "sparse_parity": ["logistic", "hinge", "mse"]}
    losses = targets.get(task["name"], ["cross_entropy", "stablemax", "focal", "mse"])
    training: dict[str, Any] = {"steps": rng.choice([3, 5]), "loss": rng.choice(losses), "record_every": 1}
    if rng.random() < 0.1:
        training["loss"] = rng.choice(list(LOSSES.shipped))
    for key, values in (
        ("batch_size", [2, 3, "full"]),
        ("batches", ["epoch", "independent", "online"]),
        ("dtype", ["float32", "float64"]),
        ("withheld", [0.1, 0.5]),
        ("replicas", [2, 3]),
        ("seed", [1, 2**31 - 4]),
    ):
        if rng.random() < 0.15:
            training[key] = rng.choice(values)
    arms = [{"name": name, "optimizer": optimizer(rng)} for name in "ab"[: rng.choice([1, 1, 2])]]
    for arm in arms:
        if rng.random() < 0.3:
            arm["modifiers"] = modifiers(rng)
        if rng.random() < 0.1:
            arm["frame"] = "rotated"
    table = {"title": "t", "summary": "s", "sources": ["x"], "task": task, "model": model}
    table |= {"training": training, "arms": arms}
    if rng.random() < 0.3:
        table["modifiers"] = modifiers(rng)
    if rng.random() < 0.3:
        table["measures"] = rng.sample(list(MEASURES.shipped), rng.choice([1, 2]))
    if rng.random() < 0.5:
        table["interventions"] = [
            intervention(rng, rng.choice(arms)["name"]) for _ in range(rng.choice([1, 2]))
        ]
    table["claims"] = [
        {"says": "c", "origin": "o", "holds": condition(rng)} for _ in range(rng.choice([0, 1, 2]))
    ]
    return table


def condition(rng: random.Random, depth: int = 2) -> str:
    """Return the condition of a claim on an arm `a`."""
    match rng.randrange(6 if depth else 3):
        case 0:
            return (
                f"{number(rng, depth)} {rng.choice(['<', '<=', '>', '>=', '==', '!='])} {number(rng, depth)}"
            )
        case 1:
            return f"{rng.choice(['never', 'always'])}({happening(rng, depth)})"
        case 2:
            return f"{number(rng, depth)} in [{rng.randint(-3, 0)}, {rng.random():.3}]"
        case 3:
            return f"not ({condition(rng, depth - 1)})"
        case _:
            both = rng.choice(["and", "or"]).join([" "] * 2)
            return f"({condition(rng, depth - 1)}){both}({condition(rng, depth - 1)})"


def happening(rng: random.Random, depth: int) -> str:
    """Return what may happen at some step."""
    if rng.random() < 0.2:
        return f"a.{rng.choice(EVENTS)}"
    return f"{curve(rng, depth)} {rng.choice(['<', '>=', '=='])} {number(rng, 0)}"


def curve(rng: random.Random, depth: int) -> str:
    """Return a curve."""
    name = rng.choice(["train_loss", "val_loss", "l2_norm", "train_accuracy", "bias", "memorizer_mean"])
    if not depth or rng.random() < 0.6:
        return rng.choice([f"a.{name}"] * 5 + ["a.slingshot.duration", "b.val_loss"])
    inner = curve(rng, depth - 1)
    return rng.choice(
        [f"log({inner})", f"-{inner}", f"({inner} {rng.choice('+-*/')} {curve(rng, depth - 1)})"]
    )


def number(rng: random.Random, depth: int) -> str:
    """Return a number."""
    if not depth or rng.random() < 0.3:
        return rng.choice(["0", "1", "-2.5", "1e-3", "1e308", "0.5 ** 3", "count(a.grok)"])
    of = curve(rng, depth - 1)
    return rng.choice(
        [
            f"{rng.choice(['end', 'start', 'max', 'min', 'mean', 'median', 'range'])}({of})",
            f"at({rng.randrange(6)}, {of})",
            f"{rng.choice(['first_step', 'last_step', 'share'])}({happening(rng, depth - 1)})",
            f"max({of}, 0, {rng.randrange(9)})",
            f"mean(gain({of}, a.{rng.choice(EVENTS)}, 1))",
            f"median_over_replicas(end({of}))",
            f"({number(rng, depth - 1)} {rng.choice(['+', '-', '*', '/', '**'])} {number(rng, depth - 1)})",
        ]
    )
