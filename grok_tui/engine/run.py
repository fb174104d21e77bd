"""A run: a preset being carried out. The one thing that both front ends drive."""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch

from grok_tui.presets import Preset

from .arm import Arm
from .device import describe, prepare_thread, resident_memory, resolve_device
from .state import ArmState, Arrays, prefixed, under
from .verdicts import JudgedClaim, judge

CHUNK_SECONDS = 0.03


class Run:
    """All arms of a preset, advanced side by side.

    Args:
        preset: what to carry out.
        device: "auto", "cpu", "cuda" or "cuda:N".
        threads: for torch on the CPU; None chooses.

    Raises:
        GrokTuiError: there is no such device.
    """

    def __init__(self, preset: Preset, device: str = "auto", threads: int | None = None) -> None:
        self._threads = threads
        self.device = resolve_device(device, preset.multiplications)
        self.threads = prepare_thread(threads, preset.multiplications)
        self.restart(preset)

    def restart(self, preset: Preset) -> None:
        """Begin anew with this preset, on the same device."""
        self.preset = preset
        self.arms = {
            spec.name: Arm(
                spec,
                preset.measures_of(spec),
                preset.seeds,
                self.device,
                [i for i in preset.interventions if i.arm == spec.name],
            )
            for spec in preset.arms
        }
        self._chunk = dict.fromkeys(self.arms, 16)

    @property
    def device_name(self) -> str:
        """The device's name for people."""
        return describe(self.device)

    def memory(self) -> int:
        """Return the bytes of memory in use: on the GPU by this process's tensors, else by the process."""
        if self.device.type == "cuda":
            return torch.cuda.memory_allocated(self.device)
        return resident_memory()

    @property
    def steps(self) -> int:
        """Steps taken by all arms together."""
        return sum(arm.step for arm in self.arms.values())

    @property
    def total(self) -> int:
        """Steps that all arms together will take."""
        return sum(arm.end for arm in self.arms.values())

    @property
    def finished(self) -> bool:
        """Whether every arm has reached its end."""
        return all(arm.finished for arm in self.arms.values())

    @property
    def diverged(self) -> list[str]:
        """The arms of which a replica diverged, except where a claim asks about it."""
        references = [ref for claim in self.preset.claims for ref in claim.condition.references]
        asked = {reference.arm for reference in references if reference.name == "divergence"}
        return [a.name for a in self.arms.values() if a.detectors.diverged.any() and a.name not in asked]

    def advance(self) -> None:
        """Take one chunk of steps, about `CHUNK_SECONDS` long, of the arm that has taken the fewest."""
        waiting = [arm for arm in self.arms.values() if not arm.finished]
        arm = min(waiting, key=lambda arm: arm.step)
        started = time.perf_counter()
        taken = arm.advance(min(self._chunk[arm.name], arm.end - arm.step))
        # Only how often control comes back depends on time, never what is computed.
        if taken == self._chunk[arm.name]:
            rate = taken / max(time.perf_counter() - started, 1e-6)
            self._chunk[arm.name] = max(1, min(int(rate * CHUNK_SECONDS), 2 * taken))

    def advance_together(self, steps: int) -> None:
        """Bring every arm that is not finished up to `steps` steps further than the slowest."""
        goal = min((arm.step for arm in self.arms.values() if not arm.finished), default=0) + steps
        for arm in self.arms.values():
            while arm.step < min(goal, arm.end) and not arm.finished:
                arm.advance(min(goal, arm.end) - arm.step)

    def extend(self, factor: float = 2.0) -> None:
        """Let the run go on after its end: every arm up to `factor` times its steps so far."""
        for arm in self.arms.values():
            arm.end = max(arm.end, int(arm.step * factor))

    def export_state(self) -> tuple[dict[str, ArmState], Arrays]:
        """Return all that the arms have become; the names of an arm's arrays begin with its own."""
        states, arrays = {}, Arrays()
        for name, arm in self.arms.items():
            states[name], own = arm.export_state()
            arrays |= prefixed(name, own)
        return states, arrays

    def restore_state(self, states: Mapping[str, ArmState], arrays: Arrays) -> None:
        """Become what `export_state` saw, bit for bit, in a run of the same preset.

        Raises:
            ValueError: the state is none of such a run; then the run has begun anew.
        """
        try:
            if states.keys() != self.arms.keys():
                raise ValueError(f"its arms are {', '.join(sorted(states))}")
            if len(arrays) != sum(len(under(name, arrays)) for name in self.arms):
                raise ValueError("arrays of unknown arms")
            for name, arm in self.arms.items():
                arm.restore_state(states[name], under(name, arrays))
        except ValueError:
            self.restart(self.preset)
            raise

    def judge(self) -> list[JudgedClaim]:
        """Judge every claim as far as the run has come."""
        return [judge(claim, self.arms, len(self.preset.seeds)) for claim in self.preset.claims]
