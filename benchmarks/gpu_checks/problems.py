"""The training problems that the checks share, and what is compared of the arms that train on them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grok_tui.catalog.measures import MEASURES
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.run.device import prepare_thread
from grok_tui.engine.steps.backends import Compiling
from grok_tui.presets import Preset

Declared = Mapping[str, Any]
"""A table as a preset has it."""

ADAMW = {"name": "adamw", "lr": 1e-3}
LINEAR101 = {"name": "linear101"}
PARITY = {"name": "sparse_parity", "n": 20, "k": 3, "samples": 200, "validation": 200}
FEW_MEASURES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")

GPU = torch.device("cuda", 0)
CPU = torch.device("cpu")


def one_thread() -> None:
    """Set this thread up for training on the GPU, with one thread of torch's for what the CPU does."""
    prepare_thread(GPU, 1, 0)


def sums(p: int, train_fraction: float = 0.5) -> dict[str, Any]:
    """Return the task of addition modulo p."""
    return {"name": "binary_operation", "p": p, "train_fraction": train_fraction}


def preset_of(
    task: Declared,
    model: Declared,
    *,
    optimizer: Declared = ADAMW,
    modifiers: Declared | None = None,
    replicas: int = 1,
    measures: Sequence[str] = (),
    **training: Any,
) -> Preset:
    """Return a preset of one arm, "a", that trains as long as anybody wants.

    training: as the table of that name; by default cross-entropy, measured every 50 steps.
    """
    shared = {"steps": 10**7, "loss": "cross_entropy", "record_every": 50} | training
    own = {"task": dict(task), "model": dict(model)}
    arm = {"name": "a", "optimizer": dict(optimizer), "training": shared, "modifiers": dict(modifiers or {})}
    return Preset.model_validate(
        {
            "title": "a problem of the acceptance run",
            "summary": "a check",
            "sources": ["none"],
            **own,
            "training": shared | {"replicas": replicas},
            "arms": [arm | own],
            "measures": list(measures),
        }
    )


def named(name: str, tiny: bool = False, **training: Any) -> Preset:
    """Return the preset of a problem that several checks have, by its name in `NAMES`.

    Args:
        name: the problem's.
        tiny: whether it has to be as small as an emulated device wants it.
        training: laid over its training; `replicas` too.
    """
    mlp = {"name": "mlp", "hidden": 16 if tiny else 128, "activation": "quadratic"}
    transformer = {"name": "transformer", **({"width": 8, "heads": 2} if tiny else {})}
    given: dict[str, Any]
    match name:
        case "linear101":
            given = {"task": LINEAR101, "model": {"name": "linear"}, "loss": "mse"}
        case "linear101 b10":
            given = {"task": LINEAR101, "model": {"name": "linear"}, "loss": "mse", "batch_size": 10}
        case "MLP p=31" | "MLP p=97":
            given = {"task": sums(7 if tiny else int(name[6:])), "model": mlp}
        case "transformer p=59" | "transformer p=113":
            given = {"task": sums(7 if tiny else int(name[14:]), 0.3), "model": transformer}
        case "LayerNorm transformer":
            given = {"task": sums(7 if tiny else 31), "model": transformer | {"norm": "pre", "layers": 2}}
        case "parity online, dropout":
            given = {
                "task": PARITY,
                "model": {"name": "mlp", "hidden": 16 if tiny else 128},
                "loss": "hinge",
                "batches": "online",
                "batch_size": 32,
                "modifiers": {"dropout": 0.1},
            }
        case "Muon":
            given = {"task": sums(7 if tiny else 31), "model": mlp, "optimizer": {"name": "muon", "lr": 0.01}}
        case "l_inf proximal":
            proximal = {"l_inf": 0.01, "l_inf_form": "proximal"}
            given = {"task": sums(7 if tiny else 31), "model": mlp, "modifiers": proximal}
        case _:
            raise ValueError(f"there is no problem '{name}'")
    return preset_of(**given | training)


NAMES = (
    "linear101 b10",
    "MLP p=31",
    "transformer p=59",
    "transformer p=113",
    "LayerNorm transformer",
    "parity online, dropout",
    "Muon",
    "l_inf proximal",
)


def arm_on(
    preset: Preset,
    device: torch.device,
    mode: str = "off",
    measures: Sequence[str] | None = None,
    compiling: Compiling | None = None,
) -> Arm:
    """Return the first arm of a preset at its beginning, with what it schedules for it.

    Args:
        preset: of the arm.
        device: where it trains.
        mode: of compiling: "off" for eager steps, "on" for a CUDA graph.
        measures: to take; None for those that the preset has.
        compiling: in the place of mode, where its problems are looked at.
    """
    spec = preset.arms[0]
    planned = [one for one in preset.interventions if one.arm == spec.name and not one.awaited]
    wanted = (
        preset.measures_of(spec) if measures is None else {name: MEASURES.spec(name) for name in measures}
    )
    return Arm(spec, wanted, preset.seeds, device, planned, compiling or Compiling(mode))


def advance(arm: Arm, goal: int, chunk: int = 10**6) -> None:
    """Bring an arm to a step, asking for at most `chunk` steps at once."""
    while arm.step < goal and not arm.stopped:
        arm.advance(min(chunk, goal - arm.step))


def state_of(arm: Arm) -> dict[str, NDArray[Any]]:
    """Return theta, slots, filters, what detectors saw, history, coordinates, pairs and margins, by name."""
    _, arrays = arm.export_state()
    latest = {name: arm.vectors[name].table()[1][-1] for name in ("pairs", "margins") if name in arm.vectors}
    return dict(arrays) | latest


def differing(one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> list[str]:
    """Return the names of the arrays that are not the same bit for bit."""
    names = one.keys() | other.keys()
    return sorted(
        name
        for name in names
        if name not in one or name not in other or one[name].tobytes() != other[name].tobytes()
    )


def digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 over names, shapes and bytes of arrays."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype} {arrays[name].shape}\n".encode())
        found.update(np.ascontiguousarray(arrays[name]).tobytes())
    return found.hexdigest()
