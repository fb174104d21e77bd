"""How long the axes of measures are, by what a preset says, so that too large a vector is refused there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from .models import Linear, Mlp, ModelSpec
from .tasks import TaskSpec

MOST_VECTOR_BYTES = 64 * 2**20
"""What the record of one measure with axes may take of an arm, all replicas together."""

VECTOR_BYTES = 4
"""Of a number in it."""

FEWEST_ROWS = 32
"""Recorded steps that have to fit."""

Sizes = tuple[int, ...] | None
"""A length for each axis; None where they are not known before there are data or a network."""


def of_coordinates(task: TaskSpec, model: ModelSpec, settings: Mapping[str, Any]) -> Sizes:  # noqa: ARG001
    """Return how many coordinates a task has."""
    return (task.coordinate_count,) if task.coordinate_count else None


def of_samples(task: TaskSpec, model: ModelSpec, settings: Mapping[str, Any]) -> Sizes:  # noqa: ARG001
    """Return how many training samples a task has."""
    return (task.shape.samples,)


def of_pairs(task: TaskSpec, model: ModelSpec, settings: Mapping[str, Any]) -> Sizes:  # noqa: ARG001
    """Return how many symbols x and y may be."""
    return task.shape.symbols, task.shape.symbols


def of_singular_values(task: TaskSpec, model: ModelSpec, settings: Mapping[str, Any]) -> Sizes:
    """Return how many singular values a matrix has, of networks whose layers are known by their spec."""
    inputs, outputs = task.shape.inputs, task.shape.outputs
    if isinstance(model, Linear):
        return (min(inputs, outputs),)
    if isinstance(model, Mlp):
        return (min(model.hidden, inputs if settings["part"] == "first" else outputs),)
    return None


def check_vector(
    name: str, axes: Sequence[str], sizes: Sequence[int] | None, replicas: int, rows: int = FEWEST_ROWS
) -> None:
    """Make sure that enough rows of a vector fit in its record.

    Args:
        name: the measure's.
        axes: their names.
        sizes: their lengths; None where these are not known yet.
        replicas: how many a row is of.
        rows: how many have to fit.

    Raises:
        ValueError: fewer fit; what would, in one line.
    """
    each = prod(sizes) if sizes is not None else 0
    most = MOST_VECTOR_BYTES // (VECTOR_BYTES * rows)
    if each * replicas <= most:
        return
    along = " x ".join(f"{size:,} ({axis})" for axis, size in zip(axes, sizes or (), strict=True))
    fitting = f", of {most // each:,} replicas" if most >= each else ""
    raise ValueError(
        f"measure '{name}': {along} of {replicas} replicas are {each * replicas:,} numbers a recorded step;"
        f" at most {most:,} fit{fitting}"
    )
