"""What may be changed while a run goes on, and the check of its new value."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import TypeAdapter

from ..catalog.base import nearest
from ..catalog.modifiers import Modifiers
from ..catalog.optimizers import OPTIMIZERS, OptimizerSpec


def with_hyperparameter(optimizer: OptimizerSpec, name: str, value: Any) -> OptimizerSpec:
    """Return the optimizer with one hyperparameter changed.

    Raises:
        ValueError: the optimizer has no such hyperparameter, or the value is out of its bounds.
    """
    kind = OPTIMIZERS[optimizer.name]
    valid = [field for field in kind.model_fields if field != "name"]
    if name not in valid:
        raise ValueError(f"{optimizer.name} has no hyperparameter '{name}'{nearest(name, valid)}")
    changed: OptimizerSpec = TypeAdapter(OptimizerSpec).validate_python(
        {**optimizer.model_dump(), name: value}
    )
    return changed


def checked_batch_size(value: Any) -> int | Literal["full"]:
    """Return a batch size given as a number or "full".

    Raises:
        ValueError: it is neither.
    """
    if value == "full":
        return "full"
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 1 and value == int(value):
        return int(value)
    raise ValueError(f"batch_size is a whole number from 1 or 'full', not {value!r}")


def with_modifier(modifiers: Modifiers, name: str, value: Any) -> Modifiers:
    """Return the modifiers with one of them changed.

    Raises:
        ValueError: there is no such modifier, or the value is out of its bounds.
    """
    if name not in Modifiers.model_fields:
        raise ValueError(f"there is no modifier '{name}'{nearest(name, list(Modifiers.model_fields))}")
    if Modifiers.model_fields[name].annotation is int and value == int(value):
        value = int(value)
    return Modifiers.model_validate({**modifiers.model_dump(), name: value})


def check_batch_size(size: int | Literal["full"], samples: int) -> None:
    """Make sure that there are samples for a batch.

    Raises:
        ValueError: there are fewer.
    """
    if size != "full" and size > samples:
        raise ValueError(f"{size} is more than the {samples} training samples")
