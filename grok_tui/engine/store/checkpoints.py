"""Checkpoints: a run's whole state in one safetensors file, which can hold numbers and text but no code.

The arrays are the file's tensors. The rest is JSON in the header's metadata, under `state`, and `sha256` is
the digest of that text and of all arrays, so that a damaged file is never taken for a good one. They are read
without torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import safetensors.numpy
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError

from grok_tui.catalog.base import Count
from grok_tui.engine.arm.state import ArmState
from grok_tui.engine.record.arrays import Arrays, under
from grok_tui.engine.record.history import CAPACITY
from grok_tui.files import write_atomically
from grok_tui.presets import Preset
from grok_tui.presets.model import memory_needed
from grok_tui.presets.problems import problem_of_json

from .directory import FORMAT, RunDirectory
from .files import StoreError, open_regular, read_bounded

if TYPE_CHECKING:
    from grok_tui.engine.run.run import Run

KEPT = 16  # checkpoints of a run at most

OLD_BYTES = 512 * 2**20  # that all but the newest two may take together

LARGEST_HEADER = 16 * 2**20  # bytes; interventions are the only part without a bound of its own


class CheckpointState(BaseModel):
    """The metadata of a checkpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: int
    arms: dict[str, ArmState]
    logs: dict[str, Count]
    """Bytes of each log that belong to it."""
    sums: dict[str, Count] = {}
    """The CRC-32 of these bytes."""


class Checkpoint:
    """A checkpoint as it was read.

    Attributes:
        state: its metadata.
        arrays: its arrays, writable.
    """

    def __init__(self, state: CheckpointState, arrays: Arrays) -> None:
        self.state = state
        self.arrays = arrays


def encode(
    states: Mapping[str, ArmState], arrays: Arrays, logs: Mapping[str, int], sums: Mapping[str, int] = {}
) -> bytes:
    """Return the content of a checkpoint's file."""
    document = CheckpointState(format=FORMAT, arms=dict(states), logs=dict(logs), sums=dict(sums))
    text = document.model_dump_json()
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    content: bytes = safetensors.numpy.save(
        contiguous, metadata={"state": text, "sha256": _digest(text, contiguous)}
    )
    return content


def decode(content: bytes) -> Checkpoint:
    """Read the content of a checkpoint's file.

    Raises:
        ValueError: it is none, or it is damaged.
    """
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= length <= min(LARGEST_HEADER, len(content) - 8):
        raise ValueError("is no whole safetensors file")
    try:
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
        arrays = {name: array.copy() for name, array in safetensors.numpy.load(content).items()}
        text, digest = metadata["state"], metadata["sha256"]
        state = CheckpointState.model_validate_json(text)
    except ValidationError as error:
        raise ValueError(f"says what no checkpoint says: {problem_of_json(error, text)}") from None
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("is no whole safetensors file of a run") from None
    if state.format != FORMAT:
        raise ValueError(f"is in format {state.format}; this version reads {FORMAT}")
    if _digest(text, arrays) != digest:
        raise ValueError("is damaged: its digest is another")
    return Checkpoint(state, _as_vectors(arrays))


def _as_vectors(arrays: Arrays) -> Arrays:
    """Return the arrays with coordinates among the vectors, also where a checkpoint has them apart."""
    found: Arrays = {}
    for name, array in arrays.items():
        arm, _, part = name.partition("/")
        if part == "coordinates/steps":
            found[f"{arm}/vectors/{part}"] = array
        elif part == "coordinates/rows":
            found[f"{arm}/vectors/{part}"] = array[:, None]  # of the first replica
        else:
            found[name] = array
    return found


def read_checkpoint(path: Path, preset: Preset) -> Checkpoint:
    """Read a checkpoint's file.

    Raises:
        StoreError: it cannot be read, is far larger than a run of this preset needs, or is damaged.
    """
    content = read_bounded(path, largest_file(preset))
    try:
        return decode(content)
    except ValueError as error:
        raise StoreError(f"{path}: {error}") from None


def restore_newest(
    directory: RunDirectory, run: Run, say: Callable[[str], None]
) -> tuple[int, Checkpoint] | None:
    """Bring a run to the newest checkpoint that is whole; return its steps and itself.

    Every one that is not is named in a line, left where it is, and passed over. With none, the run stays at
    its beginning.
    """
    for steps, path in reversed(directory.checkpoints()):
        try:
            checkpoint = read_checkpoint(path, run.preset)
            run.restore_state(checkpoint.state.arms, checkpoint.arrays)
        except StoreError as error:
            say(f"{error}; passed over")
        except ValueError as error:
            say(f"{path}: is not of this run: {error}; passed over")
        else:
            return steps, checkpoint
    return None


def peeked(path: Path) -> CheckpointState | None:
    """Return the metadata of a checkpoint's file, which is not checked further, or None if there is none."""
    try:
        with open_regular(path) as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length <= LARGEST_HEADER else {}
        return CheckpointState.model_validate_json(header["__metadata__"]["state"])
    except (StoreError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def nearest_kept(
    directory: RunDirectory, preset: Preset, arm: str, steps: tuple[int, int], count: int
) -> tuple[ArmState, Arrays] | None:
    """Return the latest state of an arm in a run's checkpoints that is usable and in a stretch of steps.

    Args:
        directory: the run's folder.
        preset: the run's.
        arm: the arm's name.
        steps: later than the first of these steps, and not later than the second.
        count: how many interventions the arm may have.
    """
    for _, path in reversed(directory.checkpoints()):
        seen = peeked(path)
        state = seen.arms.get(arm) if seen is not None else None
        if state is None or state.step > steps[1] or len(state.interventions) > count:
            continue
        if state.step <= steps[0]:
            return None
        with suppress(StoreError):
            checkpoint = read_checkpoint(path, preset)
            return checkpoint.state.arms[arm], under(arm, checkpoint.arrays)
    return None


def write_checkpoint(
    directory: RunDirectory, run: Run, logs: Mapping[str, int], sums: Mapping[str, int]
) -> Path:
    """Write the run as it stands, then delete checkpoints that are too many; return the file.

    Raises:
        OSError: it cannot be written; the earlier ones stay.
    """
    path = directory.checkpoint_path(run.steps)
    write_atomically(path, encode(*run.export_state(), logs, sums))
    sizes = [(steps, file.lstat().st_size) for steps, file in directory.checkpoints()]
    for steps in thinned(sizes):
        directory.checkpoint_path(steps).unlink(missing_ok=True)
    return path


def thinned(
    checkpoints: Sequence[tuple[int, int]], most: int = KEPT, most_bytes: int = OLD_BYTES
) -> list[int]:
    """Choose which checkpoints to delete: those whose neighbours are closest, relative to the step reached.

    Args:
        checkpoints: steps and bytes of each, oldest first.
        most: how many may stay.
        most_bytes: that all but the newest two may take together.

    Returns:
        Their steps. The newest two always stay, and what stays is spread evenly over a logarithmic axis.
    """
    left, deleted = list(checkpoints), []
    while len(left) > most or (len(left) > 2 and sum(size for _, size in left[:-2]) > most_bytes):
        place = min(range(len(left) - 2), key=lambda i: _gap(left, i))
        deleted.append(left.pop(place)[0])
    return deleted


def largest_file(preset: Preset) -> int:
    """Return a number of bytes that no checkpoint of this preset exceeds."""
    shapes = [arm.task.shape for arm in preset.arms]
    measures = 64  # of one row, with room for coordinates
    rows = 8 * CAPACITY * measures * preset.training.replicas * len(preset.arms)
    coordinates = sum(4 * 512 * (s.samples + s.inputs + s.outputs + 4096) for s in shapes)
    return int(4 * memory_needed(preset)) + rows + coordinates + 2 * LARGEST_HEADER


def theta_digests(run: Run) -> dict[str, str]:
    """Return the SHA-256 of each arm's theta."""
    return {
        name: hashlib.sha256(arm.theta.detach().cpu().numpy().tobytes()).hexdigest()
        for name, arm in run.arms.items()
    }


def _gap(left: Sequence[tuple[int, int]], place: int) -> float:
    before = left[place - 1][0] if place else 0
    after = left[place + 1][0]
    return (after - before) / max(1, after)


def _digest(text: str, arrays: Arrays) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(f"\n{name} {arrays[name].dtype} {arrays[name].shape}\n".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()
