"""A result as one file: its arrays as safetensors, which hold no code, and the report as their metadata."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as pack

from grok_tui.errors import GrokTuiError
from grok_tui.files import put_out, reason
from grok_tui.frontend.report import Report
from grok_tui.reading import open_regular

from .recorded import ArmResult, Curve, Recorded, Vector

FORMAT = "grok-tui result 1"


class _ArmNames(BaseModel):
    """What is kept of an arm besides its numbers."""

    model_config = ConfigDict(extra="forbid")

    layout: list[tuple[str, tuple[int, ...]]]
    curves: dict[str, int]
    """By measure, which of the arm's arrays of steps are its own."""
    vectors: dict[str, tuple[str, ...]]
    """By measure, the names of its axes."""


class _Names(BaseModel):
    model_config = ConfigDict(extra="forbid")

    arms: dict[str, _ArmNames]


def save(result: Recorded, path: Path) -> None:
    """Write a result whole or not at all.

    Raises:
        GrokTuiError: it cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {}
    arms = {}
    for arm, one in result.arms.items():
        arrays[f"{arm}/theta"] = one.theta
        own: list[NDArray[np.int64]] = []
        places = {}
        for name, curve in one.curves.items():
            place = next((i for i, steps in enumerate(own) if np.array_equal(steps, curve.steps)), len(own))
            if place == len(own):
                own.append(curve.steps)
                arrays[f"{arm}/steps/{place}"] = curve.steps
            places[name] = place
            arrays[f"{arm}/curves/{name}"] = curve.values
        for name, vector in one.vectors.items():
            arrays[f"{arm}/vectors/{name}/steps"] = vector.steps
            arrays[f"{arm}/vectors/{name}"] = vector.values
        axes = {name: vector.axes for name, vector in one.vectors.items()}
        arms[arm] = _ArmNames(layout=list(one.layout), curves=places, vectors=axes)
    texts = {
        "format": FORMAT,
        "report": result.report.to_json(),
        "names": _Names(arms=arms).model_dump_json(),
    }
    content = pack({name: np.ascontiguousarray(array) for name, array in arrays.items()}, texts)
    try:
        put_out(path, content)
    except OSError as error:
        raise GrokTuiError(f"{path}: {reason(error)}") from None


def read(path: Path) -> Recorded:
    """Read what `save` wrote.

    Raises:
        GrokTuiError: it cannot be read, is no result, or is damaged.
    """
    try:
        open_regular(path).close()
        with safe_open(path, framework="numpy") as file:
            texts = file.metadata() or {}
            if texts.get("format") != FORMAT:
                raise GrokTuiError(f"{path}: is no result of grok-tui")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
        report = Report.model_validate_json(texts["report"])
        names = _Names.model_validate_json(texts["names"])
        arms = {arm: _arm(arm, one, arrays) for arm, one in names.arms.items()}
    except OSError as error:
        raise GrokTuiError(f"{path}: {reason(error)}") from None
    except (SafetensorError, ValidationError, KeyError, ValueError, json.JSONDecodeError) as error:
        raise GrokTuiError(f"{path}: is damaged, or no result of grok-tui ({type(error).__name__})") from None
    return Recorded(report, arms)


def _arm(arm: str, names: _ArmNames, arrays: dict[str, NDArray[Any]]) -> ArmResult:
    """Return an arm from its arrays.

    Raises:
        KeyError, ValueError: an array is missing or has another shape than its steps or the layout.
    """
    curves = {
        name: Curve(_steps(arrays[f"{arm}/steps/{place}"]), arrays[f"{arm}/curves/{name}"])
        for name, place in names.curves.items()
    }
    vectors = {
        name: Vector(_steps(arrays[f"{arm}/vectors/{name}/steps"]), arrays[f"{arm}/vectors/{name}"], axes)
        for name, axes in names.vectors.items()
    }
    theta = arrays[f"{arm}/theta"]
    replicas = len(theta) if theta.ndim else -1
    shapes: list[tuple[NDArray[np.int64], NDArray[Any], int]] = [
        *((kept.steps, kept.values, 2) for kept in curves.values()),
        *((kept.steps, kept.values, 2 + len(kept.axes)) for kept in vectors.values()),
    ]
    fits = theta.ndim == 2 and theta.shape[1] == sum(math.prod(shape) for _, shape in names.layout)
    if not fits or any(
        values.ndim != depth or values.shape[:2] != (len(steps), replicas) for steps, values, depth in shapes
    ):
        raise ValueError("an array has another shape than the others")
    return ArmResult(curves, vectors, theta, tuple(names.layout))


def _steps(array: NDArray[Any]) -> NDArray[np.int64]:
    if array.dtype != np.int64 or array.ndim != 1:
        raise ValueError("steps are no list of whole numbers")
    return array
