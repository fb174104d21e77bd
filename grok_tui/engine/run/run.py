"""A run: a preset being carried out. The one thing that both front ends drive."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.arm.state import ArmState
from grok_tui.engine.arm.status import ArmStatus
from grok_tui.engine.record.arrays import Arrays, prefixed, under
from grok_tui.engine.record.verdicts import JudgedClaim, judge
from grok_tui.engine.steps.backends import Compiling
from grok_tui.presets import Arm as ArmSpec
from grok_tui.presets import Preset

from .device import choose_device, describe, prepare_thread, reason
from .halted import Halted
from .memory import LostError, held, out_of_memory, ran_out, taken
from .placing import least_busy, placed, require_rooms, told
from .planned import Planned
from .side_by_side import SideBySide
from .snapshot import Snapshot, State

CHUNK_SECONDS = 0.03

BEGUN = ("preset", "_begun", "forks", "_planned", "arms", "_chunk", "_halted", "_placed")
"""What a restart replaces of a run."""


class Run:
    """All arms of a preset, advanced side by side.

    Args:
        preset: what to carry out.
        device: "auto", "cpu", "cuda", "cuda:N", several GPUs as "cuda:0,cuda:2", or "all".
        threads: for torch on the CPU; None chooses.
        compiling: whether and when steps are compiled; by default never.
        tf32: whether a GPU may round the factors of float32 products to 10 bits, which is faster.

    Attributes:
        tf32: as given.
        devices: the device, or several GPUs, among which the arms are shared out.
        threads: how many torch uses.
        why: why these, in a few words.

    Raises:
        GrokTuiError: there is no such device, or it has not the memory.
    """

    def __init__(
        self,
        preset: Preset,
        device: str = "auto",
        threads: int | None = None,
        compiling: Compiling | None = None,
        *,
        tf32: bool = False,
    ) -> None:
        self.tf32 = tf32
        self.compiling = compiling or Compiling()
        choice = choose_device(device, preset.multiplications)
        self.devices = choice.devices
        prepare = partial(prepare_thread, threads=threads, multiplications=preset.multiplications, tf32=tf32)
        self.threads = prepare(self.device)
        self._side_by_side = SideBySide(prepare)
        self.why = reason(choice, threads, preset.multiplications)
        require_rooms(preset, self.devices)
        try:
            self._begin(preset)
        except RuntimeError as error:
            if self.device.type != "cuda" or not out_of_memory(error):
                raise
            unbuilt = next(spec.name for spec in preset.arms if spec.name not in self.arms)
            raise ran_out(preset, self._placed[unbuilt], error) from error
        if len(self.devices) > 1:
            self.why = f"{told(self._placed)}; {self.why}"

    @property
    def device(self) -> torch.device:
        """The first device."""
        return self.devices[0]

    def restart(self, preset: Preset) -> None:
        """Begin anew with this preset, on the same device.

        On a GPU, which may have no room for both, the arms that there are go first.

        Raises:
            NoRoomError: a look beforehand shows that there is no memory for it.
            RuntimeError: there is none; the run is as it was, though with arms built anew.
            LostError: nor is there any for those.
        """
        require_rooms(preset, self.devices, freed=True)
        before = {name: value for name, value in vars(self).items() if name in BEGUN}
        kept: dict[str, tuple[ArmSpec, bool, ArmState, Arrays]] = {}
        if self.device.type == "cuda":
            kept = {
                name: (arm.spec, arm.watched, *self._halted.state_of(arm)) for name, arm in self.arms.items()
            }
            self._let_go(before)
        try:
            self._begin(preset)
            return
        except Exception as error:
            failure = error.with_traceback(None)  # whose frames hold what was built so far
            failure.__context__ = failure.__cause__ = None
        vars(self).update(before)
        if kept:
            self._put_back(kept)
        raise failure

    def _put_back(self, kept: Mapping[str, tuple[ArmSpec, bool, ArmState, Arrays]]) -> None:
        self._let_go()
        try:
            for name, (spec, watched, state, arrays) in kept.items():
                arm = self.arms[name] = self._built(spec, self._placed[name])
                arm.restore_state(state, arrays)
                if watched:
                    arm.watch()
        except RuntimeError as error:
            raise LostError(f"there is no room for what was there before either: {error}") from error

    def _let_go(self, *others: dict[str, Any]) -> None:
        """Give the memory of all arms back; `others` may hold them as well."""
        for holder in (vars(self), *others):
            holder["arms"] = {}
        if self.device.type == "cuda":
            gc.collect()
            torch.cuda.empty_cache()

    def _begin(self, preset: Preset) -> None:
        self.preset = self._begun = preset
        self.forks: dict[str, Fork] = {}
        self._planned = Planned(preset.interventions, self.forks)
        self._halted = Halted(len(self.devices) > 1)
        self._placed = placed(preset, self.devices)
        self.arms: dict[str, Arm] = {}
        for spec in preset.arms:
            self.arms[spec.name] = self._built(spec, self._placed[spec.name])
            self._halted.take_up(self.arms[spec.name])
        self._chunk = dict.fromkeys(self.arms, 16)

    def _built(self, spec: ArmSpec, device: torch.device, fork: Fork | None = None) -> Arm:
        """Return an arm at its beginning. fork: what it is to be, where it is not among the run's yet."""
        preset, planned, name = self.preset, self._planned, spec.name
        measures = preset.measures_of(spec.model_copy(update={"name": planned.origin(name, fork)}))
        ahead = [*planned.fixed(name, fork), *planned.waiting(name, fork)]
        watched = planned.watched(name, fork)
        arm = Arm(spec, measures, preset.seeds, device, ahead, self.compiling, watched)
        arm.agenda.give(planned.given(name, fork))
        return arm

    def fresh(self, name: str) -> Arm:
        """Return an arm of the run at its beginning, which is not among the run's."""
        return self._built(self.arms[name].spec, self._placed[name])

    def forked(self, fork: Fork) -> Arm:
        """Return the arm of a fork at step 0, which is not among the run's yet.

        Raises:
            ValueError: its name is taken, or there is no such parent.
        """
        if fork.name in self.arms:
            raise ValueError(f"there is an arm '{fork.name}' already")
        if fork.parent not in self.arms:
            raise ValueError(f"there is no arm '{fork.parent}' to fork")
        spec = self.arms[fork.parent].spec.model_copy(update={"name": fork.name})
        device = least_busy(self.devices, self.arms.values())
        arm = self._built(spec, device, fork)
        arm.end = fork.end
        return arm

    def adopt(self, arm: Arm, fork: Fork | None = None) -> None:
        """Take an arm among the run's: in the place of the one of its name, or as a fork.

        The preset has a fork as an arm of its own from then on.
        """
        if fork is not None:
            self.forks[fork.name] = fork
            self.preset = self.preset.model_copy(update={"arms": [*self.preset.arms, arm.spec]})
        self.arms[arm.name] = arm
        self._placed[arm.name] = arm.device
        self._halted.take_up(arm)
        self._chunk[arm.name] = 16

    def planned(self, name: str) -> list[AnyIntervention]:
        """Return what the preset plans for an arm and its step is known; of a fork, see `Planned`."""
        own = (one.intervention for one in self.arms[name].agenda.settled)
        return [*self._planned.fixed(name), *self._planned.given(name), *own]

    def status(self, name: str) -> ArmStatus:
        """Return an arm as it stands, for another thread to read."""
        fork = self.forks.get(name)
        status = self.arms[name].status()
        return status if fork is None else replace(status, parent=fork.parent, born=fork.step)

    def snapshot(self, state: State, claims: Sequence[JudgedClaim] | None = None) -> Snapshot:
        """Return the run as it stands, for another thread or a report to read.

        claims: as they were judged; None judges them now.
        """
        used = set(self._placed.values())
        return Snapshot(
            state=state,
            preset=self.preset,
            arms=tuple(self.status(name) for name in self.arms),
            claims=tuple(self.judge() if claims is None else claims),
            device=self.device_name,
            torch_device=self.device_names,
            threads=self.threads,
            tf32=self.tf32,
            memory=self.memory(),
            gpus=tuple(
                taken(device) for device in self.devices if device.index is not None and device in used
            ),
        )

    @property
    def device_name(self) -> str:
        """The name of the device, or of the kind of GPUs, for people."""
        return describe(*self.devices)

    @property
    def device_names(self) -> str:
        """The devices as torch calls them, as `--device` takes them."""
        return ",".join(map(str, self.devices))

    def memory(self) -> int:
        """Return the bytes of memory that this process holds, on the GPUs where it computes on those.

        As `nvidia-smi` tells them, but for the some hundred megabytes of the context.
        """
        return held(self.devices)

    @property
    def steps(self) -> int:
        """Steps taken by all arms together."""
        return sum(arm.step for arm in self.arms.values())

    @property
    def total(self) -> int:
        """Steps that all arms together will take."""
        return sum(arm.end for arm in self.arms.values())

    @property
    def halted(self) -> dict[str, str]:
        """Arms that stopped for want of memory while others, on other devices, go on; why, in one line."""
        why = self._halted.why
        return {name: why[name] for name in self.arms if name in why} if why else {}

    @property
    def finished(self) -> bool:
        """Whether every arm has reached its end, or has stopped."""
        return all(arm.finished or self._halts(arm.name) for arm in self.arms.values())

    def _halts(self, name: str) -> bool:
        return self._halted.halts(name, self._planned.sources)

    @property
    def diverged(self) -> list[str]:
        """The arms of which a replica diverged, except where a claim asks about it."""
        references = [ref for claim in self.preset.claims for ref in claim.condition.references]
        asked = {reference.arm for reference in references if reference.name == "divergence"}
        return [a.name for a in self.arms.values() if a.detectors.diverged.any() and a.name not in asked]

    def advance(self) -> None:
        """Take one chunk of steps, about `CHUNK_SECONDS` long, of the arm that has taken the fewest.

        On several devices each takes one at the same time, of its own arms.

        Raises:
            RuntimeError: there is no memory for it, for any arm that was left.
        """
        self._each_device(lambda arms: self._take_chunk(min(arms, key=lambda arm: arm.step)))

    def _take_chunk(self, arm: Arm, goal: int | None = None) -> None:
        started = time.perf_counter()
        end = arm.end if goal is None else min(goal, arm.end)
        with self._halted.halting(arm):
            taken = arm.advance(min(self._chunk[arm.name], end - arm.step))
            # Only how often control comes back depends on time, never what is computed.
            if taken == self._chunk[arm.name]:
                rate = taken / max(time.perf_counter() - started, 1e-6)
                self._chunk[arm.name] = max(1, min(int(rate * CHUNK_SECONDS), 2 * taken))

    def advance_together(self, steps: int, seconds: float = math.inf) -> int:
        """Bring every arm that is not finished up to `steps` steps further than the slowest.

        With `seconds`, come back after them in any case. Return how many steps the slowest is short of that.
        """
        goal = min((arm.step for arm in self._free_arms()), default=0) + steps
        end = time.perf_counter() + seconds

        def behind(arms: list[Arm]) -> list[Arm]:
            going = (arm for arm in arms if not arm.finished and arm.name not in self._halted.why)
            return [arm for arm in going if arm.step < min(goal, arm.end)]

        def bring(arms: list[Arm]) -> None:
            while left := behind(arms):
                self._take_chunk(min(left, key=lambda arm: arm.step), goal)
                if time.perf_counter() > end:
                    return

        self._each_device(bring)
        return max((goal - arm.step for arm in behind(self._free_arms())), default=0)

    def _each_device(self, do: Callable[[list[Arm]], None]) -> None:
        """Do something with the free arms of each device, and come back when it is done."""
        free = self._free_arms()
        if len(self.devices) == 1:
            do(free)
            return
        by_device: dict[torch.device, list[Arm]] = {}
        for arm in free:
            by_device.setdefault(arm.device, []).append(arm)
        self._side_by_side.do({device: partial(do, arms) for device, arms in by_device.items()})
        if self.halted and all(map(self._halts, self.arms)):
            raise RuntimeError("; ".join(self.halted.values()))

    def _free_arms(self) -> list[Arm]:
        """Return the arms that have steps to take and wait for no event of another."""
        self._planned.settle(self.arms)
        return [
            arm
            for arm in self.arms.values()
            if not arm.finished and arm.name not in self._halted.why and not self._planned.by(arm.name)
        ]

    def extend(self, factor: float = 2.0) -> None:
        """Let the run go on after its end: every arm up to `factor` times its steps so far."""
        for arm in self.arms.values():
            arm.end = max(arm.end, int(arm.step * factor))

    def export_state(self) -> tuple[dict[str, ArmState], Arrays]:
        """Return all that the arms have become; the names of an arm's arrays begin with its own.

        An arm that stopped within a step is what it was when this was asked last.
        """
        states, arrays = {}, Arrays()
        for name, arm in self.arms.items():
            states[name], own = self._halted.state_of(arm)
            arrays |= prefixed(name, own)
        return states, arrays

    @property
    def behind(self) -> dict[str, ArmState]:
        """The states that stand for arms that stopped within a step."""
        return self._halted.behind(self.arms.values())

    @property
    def whole(self) -> bool:
        """Whether `export_state` has states of whole steps."""
        return self._halted.whole(self.arms.values())

    def restore_state(self, states: Mapping[str, ArmState], arrays: Arrays) -> None:
        """Become what `export_state` saw, bit for bit, in a run of the same preset.

        Forks that were not there yet begin anew.

        Raises:
            ValueError: the state is none of such a run; then the run has begun anew.
        """
        try:
            missing = self.arms.keys() - states.keys() - self.forks.keys()
            if missing or states.keys() - self.arms.keys():
                raise ValueError(f"its arms are {', '.join(sorted(states))}")
            if len(arrays) != sum(len(under(name, arrays)) for name in self.arms):
                raise ValueError("arrays of unknown arms")
            for name, state in states.items():
                self.arms[name].restore_state(state, under(name, arrays))
                self._halted.take_up(self.arms[name])
            self._planned.restore(states, self.arms)
            self._planned.settle(self.arms)
        except ValueError:
            forks = list(self.forks.values())
            self._let_go()
            self._begin(self._begun)
            for fork in forks:
                self.adopt(self.forked(fork), fork)
            raise

    def grant(self, states: Mapping[str, ArmState]) -> None:
        """Have arms get what they had waited for in others as they did in these states of them."""
        self._planned.restore(states, self.arms)

    def judge(self) -> list[JudgedClaim]:
        """Judge every claim as far as the run has come."""
        return [judge(claim, self.arms, len(self.preset.seeds)) for claim in self.preset.claims]
