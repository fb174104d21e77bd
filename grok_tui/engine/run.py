"""A run: a preset being carried out. The one thing that both front ends drive."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from grok_tui import claims
from grok_tui.presets import Claim, Preset

from .arm import Arm
from .device import describe, prepare_thread, resident_memory, resolve_device

CHUNK_SECONDS = 0.03


@dataclass(frozen=True)
class JudgedClaim:
    """A claim, what was seen of it in each replica, and its verdict."""

    claim: Claim
    judgements: tuple[claims.Judgement, ...]
    verdict: claims.Verdict

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the preset expects."""
        return self.verdict == self.claim.expected

    @property
    def held_in(self) -> int:
        """In how many replicas it holds."""
        return sum(judgement.holds is True for judgement in self.judgements)

    @property
    def telling(self) -> claims.Judgement:
        """The judgement to show: of the first replica that came out as the verdict did."""
        reproduced = self.verdict == claims.Verdict.REPRODUCED
        agreeing = (j for j in self.judgements if (j.holds is True) == reproduced)
        return next(agreeing, self.judgements[0])


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
                preset.task,
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

    def judge(self) -> list[JudgedClaim]:
        """Judge every claim as far as the run has come."""
        return [self._judged(claim) for claim in self.preset.claims]

    def _judged(self, claim: Claim) -> JudgedClaim:
        condition = claim.condition
        complete = all(self.arms[name].complete for name in condition.arms())
        judgements = tuple(
            condition.evaluate(ReplicaCurves(self.arms, replica)) for replica in range(len(self.preset.seeds))
        )
        verdict = claims.verdict(judgements, complete=complete, holds_in=claim.holds_in)
        return JudgedClaim(claim, judgements, verdict)


class ReplicaCurves:
    """One replica of all arms, as the claim language reads it."""

    def __init__(self, arms: dict[str, Arm], replica: int) -> None:
        self._arms = arms
        self._replica = replica

    def steps(self, arm: str) -> NDArray[np.int64]:
        """Return the recorded steps of an arm."""
        return self._arms[arm].history.steps

    def values(self, arm: str, measure: str) -> NDArray[np.float64]:
        """Return a measure at the recorded steps of an arm."""
        return self._arms[arm].history.values(measure, self._replica)

    def events(self, arm: str, event: str) -> NDArray[np.int64]:
        """Return the steps at which an event was seen in an arm."""
        return self._arms[arm].history.event_steps(event, self._replica)
