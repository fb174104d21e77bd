"""What the engine takes for granted of a task; asked of those that plugins bring."""

from __future__ import annotations

import torch
from torch import Tensor

from ...catalog.plugins import require
from ...catalog.tasks import Shape, TaskSpec
from ..contract import is_a
from .task import Samples, Task


def check_task(task: object, spec: TaskSpec, dtype: torch.dtype) -> None:
    """Check that data are what the task's spec says of them.

    Raises:
        ContractError: they are not.
    """
    require(isinstance(task, Task), f"it is built as {type(task).__name__}, not as a Task")
    assert isinstance(task, Task)
    shape = spec.shape
    _check_samples("training", task.train, shape.samples, shape, dtype)
    _check_samples("validation", task.validation, shape.validation, shape, dtype)
    symbols = task.symbols
    parts = {
        "coordinates": (task.coordinates is not None, spec.coordinates),
        "classes": (task.classes, spec.classes),
        "spectrum": (symbols is not None and symbols.basis is not None, spec.spectral),
        "group": (symbols is not None and symbols.group, spec.group),
        "new samples": (task.draw is not None, spec.drawn),
    }
    for what, (has, declared) in parts.items():
        require(has or not declared, f"it has no {what}, but by its spec it has")
    require(task.outputs == shape.outputs, f"{task.outputs} outputs, but {shape.outputs} in its shape")
    outputs = torch.zeros(len(task.train), task.outputs, dtype=dtype)
    right = task.correct(outputs, task.train.targets)
    is_a(Tensor, "what correct gives", right)
    require(right.dtype == torch.bool, f"correct gives {right.dtype}, not torch.bool")
    require(right.shape == outputs.shape[:1], f"correct gives {list(right.shape)}, not [{len(outputs)}]")


def _check_samples(split: str, samples: Samples, count: int, shape: Shape, dtype: torch.dtype) -> None:
    is_a(Samples, f"its {split}", samples)
    inputs, targets = samples.inputs, samples.targets
    is_a(Tensor, f"{split} inputs", inputs)
    is_a(Tensor, f"{split} targets", targets)
    require(inputs.dim() > 1, f"{split} inputs {list(inputs.shape)} are not [N, I]")
    require(targets.dim() > 0, f"{split} targets are one number")
    require(len(inputs) == count, f"{len(inputs)} {split} samples, but {count} in its shape")
    require(len(targets) == count, f"{len(targets)} {split} targets for {count} samples")
    width = inputs.shape[-1]
    require(width == shape.inputs, f"{width} {split} inputs, but {shape.inputs} in its shape")
    require(inputs.dtype == dtype, f"{split} inputs of {inputs.dtype}, asked for in {dtype}")
    require(bool(inputs.isfinite().all()), f"{split} inputs that are NaN or infinite")
    require(bool(targets.isfinite().all()), f"{split} targets that are NaN or infinite")
    at = {str(inputs.device), str(targets.device)}
    require(at == {"cpu"}, f"{split} samples are on {', '.join(sorted(at))}, not on cpu")
