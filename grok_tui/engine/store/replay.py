"""Do again what was done, and compare with what was kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.state import ArmState
from grok_tui.engine.record.arrays import Arrays, under
from grok_tui.engine.run.place import Place
from grok_tui.engine.run.run import Run

from .checkpoints import peeked, read_checkpoint
from .directory import RunDirectory
from .entries import read_interventions
from .files import StoreError
from .store import drawn_otherwise, rebuilt, unlike


@dataclass(frozen=True)
class Compared:
    """A checkpoint beside the same steps done again.

    Attributes:
        arm: the arm.
        step: its step.
        difference: what differs first and by how much; empty where all bits are the same.
    """

    arm: str
    step: int
    difference: str


class Replay:
    """Carries a kept run out again, with its recorded interventions at the same steps. Writes nothing.

    Args:
        directory: the run's folder.
        say: told, in one line each, of checkpoints that cannot be compared with.
        place: where to compute.

    Attributes:
        unlike: in a line each, why the bits may differ here.

    Raises:
        StoreError: the folder cannot be read.
        GrokTuiError: the machine does not have the device.
    """

    def __init__(
        self, directory: RunDirectory, say: Callable[[str], None], place: Place | None = None
    ) -> None:
        document = directory.describe()
        self._directory = directory
        self._say = say
        self.run: Run = rebuilt(document, directory, place or Place())
        self.unlike = unlike(document, self.run)
        newest = next((seen for _, path in reversed(directory.checkpoints()) if (seen := peeked(path))), None)
        if newest is not None:
            drawn = {name: state.drawn_by for name, state in newest.arms.items()}
            self.unlike += drawn_otherwise(drawn, self.run)
        for name, entries in read_interventions(directory).items():
            if name in self.run.arms:
                self.run.arms[name].agenda.insert(
                    [(entry.intervention, entry.scheduled) for entry in entries]
                )

    def compare(self, look: Callable[[Run], None]) -> Iterator[Compared]:
        """Go from checkpoint to checkpoint; `look` is called after each chunk."""
        for _, path in self._directory.checkpoints():
            try:
                checkpoint = read_checkpoint(path, self.run.preset)
            except StoreError as error:
                self._say(f"{error}; passed over")
                continue
            if not checkpoint.state.arms.keys() <= self.run.arms.keys():
                self._say(f"{path}: is not of this run; passed over")
                continue
            self.run.grant(checkpoint.state.arms)
            for name, state in checkpoint.state.arms.items():
                arm = self.run.arms[name]
                arm.prescribe(state.backends)
                while arm.step < state.step and not arm.stopped:
                    arm.advance(state.step - arm.step)
                    look(self.run)
                arm.carry_out_due(len(state.interventions))
                yield Compared(name, state.step, _difference(arm, state, under(name, checkpoint.arrays)))


def _difference(arm: Arm, state: ArmState, arrays: Arrays) -> str:
    here, found = arm.export_state()
    if here.step != state.step:
        return f"it stopped at step {here.step}"
    for name in ("theta", *sorted(arrays)):
        if name.startswith("vectors/") and name not in found:
            continue  # kept only where somebody looked on
        if name not in found or name not in arrays:
            return f"{name} is missing"
        if found[name].tobytes() != arrays[name].tobytes() or found[name].shape != arrays[name].shape:
            return f"{name}{_by_how_much(found[name], arrays[name])}"
    # An end that was put off, by a person who let the run go on, is none of what was computed, and what drew
    # numbers shows in what was.
    for field in sorted(ArmState.model_fields.keys() - {"end", "drawn_by"}):
        if getattr(here, field) != getattr(state, field):
            return f"{field} differs"
    return ""


def _by_how_much(here: NDArray[np.generic], then: NDArray[np.generic]) -> str:
    if here.shape != then.shape or here.dtype.kind != "f":
        return " differs"
    with np.errstate(all="ignore"):
        return f" differs by up to {float(np.nanmax(np.abs(np.subtract(here, then)))):.3g}"
