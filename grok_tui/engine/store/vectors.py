"""What a kept run recorded along axes, as its newest checkpoint has it; without torch, but for labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from grok_tui.catalog.measures import MEASURES, measures_of
from grok_tui.catalog.tasks import TASKS
from grok_tui.engine.record.arrays import Arrays, under
from grok_tui.engine.record.vectors import Axis, VectorHistory, bounded
from grok_tui.presets import Arm, Preset

from .checkpoints import read_checkpoint
from .directory import RunDirectory
from .files import StoreError


def read_vectors(directory: RunDirectory, preset: Preset) -> dict[str, dict[str, VectorHistory]]:
    """Return the vectors of each arm by name, up to the step of the newest checkpoint that is whole.

    Raises:
        ValueError: its arrays do not go together.
    """
    for _, path in reversed(directory.checkpoints()):
        try:
            checkpoint = read_checkpoint(path, preset)
        except StoreError:  # an older one may do
            continue
        return {
            arm.name: _vectors_of(arm, preset, under(f"{arm.name}/vectors", checkpoint.arrays))
            for arm in preset.arms
        }
    return {}


def _vectors_of(arm: Arm, preset: Preset, arrays: Arrays) -> dict[str, VectorHistory]:
    had = {**measures_of(arm.task, arm.model), **preset.measures_of(arm)}
    names = [name for name in had if f"{name}/rows" in arrays]
    labels = _labels(arm, preset.seeds[0], {axis for name in names for axis in MEASURES[name].axes})
    found = {}
    for name in names:
        own = under(name, arrays)
        replicas, *sizes = own["rows"].shape[1:]
        axes = [
            Axis(axis, size, known if len(known := labels.get(axis, ())) == size else ())
            for axis, size in zip(MEASURES[name].axes, sizes, strict=True)
        ]
        found[name] = bounded(name, axes, replicas)
        found[name].restore_state(own)
    return found


def _labels(arm: Arm, seed: int, axes: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the labels along axes that have any; they stand in the task itself, which has to be built."""
    task = arm.task
    labelled = {"coordinate": task.coordinates, "frequency": task.spectral}
    brought = TASKS[task.name].origin is not None  # a plugin's task may label any axis
    if not any(brought or labelled.get(axis) for axis in axes):
        return {}
    import torch

    from grok_tui.lab.tasks import build_task

    return build_task(task, seed, torch.float32).labels
