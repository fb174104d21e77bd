"""An arm: theta, an optimizer, batches, and the record of what became of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.catalog.measures import ENVELOPE
from grok_tui.catalog.optimizers import OptimizerSpec
from grok_tui.catalog.tasks import AnyTask
from grok_tui.lab.losses import sample_loss
from grok_tui.lab.models import initial_theta
from grok_tui.lab.tasks import Samples, build_task
from grok_tui.presets import Arm as ArmSpec

from .batches import Batches
from .detectors import Detectors
from .history import CoordinateHistory, History, next_recorded
from .interventions import carry_out
from .measuring import Measuring
from .optimizer import Optimizer
from .snapshot import ArmStatus
from .state import MORE_ROWS, ArmState, Arrays, OptimizerState, check, prefixed, under
from .step import Learner, Stepper

# A chunk never has more steps: its losses wait on the device, and a key waits for its end.
LONGEST_CHUNK = 1024


class Arm:
    """One variant of the experiment at work, R replicas side by side.

    Attributes:
        spec: the arm as its preset declares it.
        seeds: one a replica.
        theta: [R, P], in place for the arm's whole life.
        step: steps taken.
        optimizer: the optimizer at work.
        since: the step at which it was put to work.
        end: the step at which it counts as finished; the preset's last, unless the run goes on.
        history: all that was recorded.
        coordinates: the first replica's coordinates over time, once `watch_coordinates` was called.
        interventions: all that was done to the arm, in order.
        listener: called with each intervention that was carried out, and whether the preset scheduled it.
    """

    def __init__(
        self,
        spec: ArmSpec,
        task: AnyTask,
        seeds: Sequence[int],
        device: torch.device,
        scheduled: Sequence[AnyIntervention] = (),
    ) -> None:
        self.spec = spec
        self.seeds = tuple(seeds)
        dtype = getattr(torch, spec.training.dtype)
        tasks = [build_task(task, seed, dtype) for seed in (seeds if task.seeded else seeds[:1])]
        self.task = tasks[0]
        train = _gathered([t.train for t in tasks], task.seeded, device)
        validation = _gathered([t.validation for t in tasks], task.seeded, device)
        network, start = initial_theta(spec.model, task.shape, seeds, dtype)
        self.theta = start.to(device)
        loss = sample_loss(spec.training.loss, getattr(torch, spec.training.loss_dtype))
        self._learner = Learner(network, loss, train, shared=not task.seeded)
        self._measuring = Measuring(network, self.task, train, validation, loss, not task.seeded, self.theta)
        self.step = 0
        self.end = spec.training.steps
        self.coordinates: CoordinateHistory | None = None
        roles = self.task.coordinates
        self._generalizes = tuple(roles.generalizes.tolist()) if roles else ()
        self.history = History(self._measuring.names, tuple(ENVELOPE), len(seeds))
        self.detectors = Detectors(self.history, len(seeds))
        self.interventions: list[AnyIntervention] = []
        self.listener: Callable[[AnyIntervention, bool], None] | None = None
        ordered = sorted(scheduled, key=lambda intervention: intervention.at_step)
        self._preset_schedule = [(intervention, True) for intervention in ordered]
        self._scheduled = list(self._preset_schedule)
        self._scheduled_done = 0
        self._optimizers: dict[str, Optimizer] = {}
        self._steppers: dict[tuple[str, int | None], Stepper] = {}
        self.put_to_work(spec.optimizer, "fresh")
        self.set_batch_size(spec.training.batch_size)
        losses = torch.empty(LONGEST_CHUNK, len(seeds), dtype=torch.float64, device=device)
        sizes = torch.empty_like(losses)
        self._chunk = (losses, sizes)
        self._rows = (losses.unbind(0), sizes.unbind(0))
        self._envelope = _empty_envelope(len(seeds))
        self._record()

    @property
    def name(self) -> str:
        """The arm's name in its preset."""
        return self.spec.name

    @property
    def stopped(self) -> bool:
        """Whether every replica has diverged, so that no step is left to take."""
        return bool(self.detectors.diverged.all())

    @property
    def finished(self) -> bool:
        """Whether its end is reached, or none is left to take."""
        return self.step >= self.end or self.stopped

    @property
    def complete(self) -> bool:
        """Whether all that the preset asked for is done, so that claims can be judged."""
        return self.step >= self.spec.training.steps or self.stopped

    def watch_coordinates(self) -> None:
        """Keep the first replica's coordinates at recorded steps from now on."""
        if self.coordinates is None and self._measuring.coordinate_count:
            self.coordinates = CoordinateHistory(self._measuring.coordinate_count)
            self.coordinates.append(self.step, self._measuring.coordinates(0))

    def advance(self, steps: int) -> int:
        """Take up to `steps` steps, as far as one chunk goes; return how many were taken.

        A chunk ends at a recorded step, before a scheduled intervention and where the batch size changes, so
        that the bits do not depend on the steps asked for.
        """
        while self._scheduled and self._scheduled[0][0].at_step <= self.step:
            self._carry_out(*self._scheduled.pop(0))
        if self.stopped:
            return 0
        due = next_recorded(self.step, self.spec.training.record_every)
        if self.step < self.spec.training.steps:
            due = min(due, self.spec.training.steps)  # what a claim calls the end is always recorded
        ends = [due, self.step + LONGEST_CHUNK, self.step + max(1, steps)]
        if self._scheduled:
            ends.append(self._scheduled[0][0].at_step)
        size: int | None = None
        if not self._batches.full:
            size, stretch = self._batches.stretch(self.step)
            ends.append(self.step + stretch)
        taken = min(ends) - self.step
        self._take(taken, size)
        if self.step == due:
            self._record()
        return taken

    def status(self) -> ArmStatus:
        """Return the arm as it stands, for another thread to read."""
        coordinates = self.task.coordinates
        return ArmStatus(
            name=self.name,
            step=self.step,
            end=self.end,
            optimizer=self.optimizer.spec,
            since=self.since,
            batch_size=self.batch_size,
            diverged=bool(self.detectors.diverged.any()),
            interventions=tuple(self.interventions),
            events=tuple(self.history.events),
            history=self.history,
            coordinates=self.coordinates,
            labels=coordinates.labels if coordinates else (),
            generalizes=self._generalizes,
        )

    def intervene(self, intervention: AnyIntervention) -> None:
        """Carry out an intervention now, between two steps, and keep it on record.

        Raises:
            ValueError: it does not fit the arm as it stands.
        """
        self._carry_out(intervention, False)

    def schedule(self, interventions: Sequence[tuple[AnyIntervention, bool]]) -> None:
        """Have these carried out next, each with whether it is the preset's; its other ones follow."""
        ahead = self._scheduled_done + sum(of_preset for _, of_preset in interventions)
        self._scheduled = [*interventions, *self._preset_schedule[ahead:]]

    def carry_out_due(self, count: int) -> None:
        """Carry out what is scheduled for this very step, until `count` interventions are on record."""
        while (
            len(self.interventions) < count and self._scheduled and self._scheduled[0][0].at_step <= self.step
        ):
            self._carry_out(*self._scheduled.pop(0))

    def export_state(self) -> tuple[ArmState, Arrays]:
        """Return all that the arm has become; nothing in it changes when the arm goes on."""
        state = ArmState(
            step=self.step,
            end=self.end,
            optimizer=self.optimizer.spec.name,
            since=self.since,
            optimizers={
                name: OptimizerState(spec=optimizer.spec, steps=optimizer.steps)
                for name, optimizer in self._optimizers.items()
            },
            batch_size=self.batch_size,
            batches_since=self._batches.origin,
            interventions=list(self.interventions),
            scheduled=self._scheduled_done,
            stride=self.history.stride,
            version=self.history.version,
            events=list(self.history.events),
        )
        arrays: Arrays = {"theta": _copied(self.theta), "envelope": self._envelope.copy()}
        for name, optimizer in self._optimizers.items():
            slots = {slot: _copied(value) for slot, value in optimizer.state.items()}
            arrays |= prefixed(f"optimizers/{name}", slots)
        arrays |= prefixed("history", self.history.export_state())
        arrays |= prefixed("seen", self.detectors.export_state())
        if self.coordinates is not None:
            arrays |= prefixed("coordinates", self.coordinates.export_state())
        return state, arrays

    def restore_state(self, state: ArmState, arrays: Arrays) -> None:
        """Become what `export_state` saw, bit for bit, on an arm of the same spec and seeds.

        Raises:
            ValueError: the state is none of such an arm; what the arm is then has no meaning.
        """
        if "coordinates/steps" in arrays:
            self.watch_coordinates()
        if state.optimizer not in state.optimizers:
            raise ValueError(f"the optimizer at work, '{state.optimizer}', is missing")
        self._optimizers = {
            name: self._restored(name, saved.spec, saved.steps) for name, saved in state.optimizers.items()
        }
        self._steppers = {key: s for key, s in self._steppers.items() if key[0] in self._optimizers}
        check(arrays, self._expected())
        self.theta.copy_(torch.from_numpy(arrays["theta"]))
        for name, optimizer in self._optimizers.items():
            for slot, value in under(f"optimizers/{name}", arrays).items():
                optimizer.state[slot].copy_(torch.from_numpy(value))
        self.step, self.end, self.since = state.step, state.end, state.since
        self.optimizer = self._optimizers[state.optimizer]
        self.set_batch_size(state.batch_size, state.batches_since)
        self.interventions = list(state.interventions)
        self._scheduled_done = state.scheduled
        self.schedule(())
        self._envelope = arrays["envelope"].copy()
        self.history.restore_state(under("history", arrays), state.stride, state.version, state.events)
        self.detectors.restore_state(under("seen", arrays))
        if self.coordinates is not None:
            self.coordinates.restore_state(under("coordinates", arrays))

    def put_to_work(self, spec: OptimizerSpec, state: Literal["fresh", "kept"]) -> None:
        """Go on with this optimizer, from fresh state or from the state it had when it last ran."""
        optimizer = self._optimizers.get(spec.name)
        if optimizer is None:
            optimizer = self._optimizers[spec.name] = Optimizer(spec, self.theta)
        else:
            optimizer.adopt(spec)
            if state == "fresh":
                optimizer.reset()
        self.optimizer = optimizer
        self.since = self.step

    def set_batch_size(self, size: int | Literal["full"], since: int | None = None) -> None:
        """Draw batches of this size, counted from the step `since`, by default from now.

        Raises:
            ValueError: there are fewer training samples.
        """
        samples = self._learner.samples.targets.shape[0 if self._learner.shared else 1]
        if size != "full" and size > samples:
            raise ValueError(f"batch_size {size} is more than the {samples} training samples")
        origin = self.step if since is None else since
        self._batches = Batches(samples, size, self.spec.training.batches, self.seeds, origin)

    @property
    def batch_size(self) -> int | Literal["full"]:
        """Samples in a batch, or "full"."""
        return "full" if self._batches.full else self._batches.size

    def _carry_out(self, intervention: AnyIntervention, of_preset: bool) -> None:
        done = intervention.model_copy(update={"at_step": self.step})
        carry_out(done, self)
        self.interventions.append(done)
        self._scheduled_done += of_preset
        if self.listener is not None:
            self.listener(done, of_preset)

    def _restored(self, name: str, spec: OptimizerSpec, steps: int) -> Optimizer:
        """Return the optimizer of this name with the hyperparameters and the age it had, state to follow."""
        if name != spec.name:
            raise ValueError(f"optimizer '{name}' is a {spec.name}")
        optimizer = self._optimizers.get(name) or Optimizer(spec, self.theta)
        optimizer.adopt(spec)
        optimizer.steps = steps
        return optimizer

    def _expected(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of every array of the arm's state."""
        replicas, dtype = len(self.seeds), self.spec.training.dtype
        theta = ((replicas, self.theta.shape[1]), dtype)
        expected: dict[str, tuple[tuple[int, ...], str]] = {"theta": theta}
        expected["envelope"] = ((len(ENVELOPE), replicas), "float64")
        for name, optimizer in self._optimizers.items():
            expected |= {f"optimizers/{name}/{slot}": theta for slot in optimizer.state}
        expected["history/steps"] = ((MORE_ROWS,), "int64")
        expected["history/rows"] = ((MORE_ROWS, len(self.history.names), replicas), "float64")
        expected |= {f"seen/{name}": ((replicas,), "bool") for name in self.detectors.export_state()}
        if self.coordinates is not None:
            expected["coordinates/steps"] = ((MORE_ROWS,), "int64")
            expected["coordinates/rows"] = ((MORE_ROWS, self._measuring.coordinate_count), "float32")
        return expected

    def _take(self, steps: int, size: int | None) -> None:
        stepper = self._stepper(size)
        indices = None if size is None else self._batches.indices(self.step, steps).to(self.theta.device)
        losses, sizes = (list(rows[:steps]) for rows in self._rows)
        with torch.no_grad():
            stepper.run(self.optimizer.table(steps), indices, losses, sizes)
        self.optimizer.steps += steps
        seen = [part[:steps].cpu().numpy() for part in self._chunk]
        self.detectors.stepped(self.step + 1, seen[0])
        self._fold(seen)
        self.step += steps

    def _stepper(self, size: int | None) -> Stepper:
        key = (self.optimizer.spec.name, size)
        if key not in self._steppers:
            self._steppers[key] = Stepper(
                self._learner,
                self.optimizer.rule,
                self.theta,
                self.optimizer.state,
                self.optimizer.coefficients,
                size,
            )
        return self._steppers[key]

    def _fold(self, seen: list[np.ndarray]) -> None:
        """Widen the envelope by the losses and update sizes [k, R] of a chunk."""
        for i, values in enumerate(seen):
            self._envelope[2 * i] = np.fmin(self._envelope[2 * i], values.min(axis=0))
            self._envelope[2 * i + 1] = np.fmax(self._envelope[2 * i + 1], values.max(axis=0))

    def _record(self) -> None:
        self.history.append(self.step, self._measuring.take(), self._envelope)
        self._envelope = _empty_envelope(len(self.seeds))
        if self.coordinates is not None:
            self.coordinates.append(self.step, self._measuring.coordinates(0))
        self.detectors.recorded(self.step)


def _copied(tensor: torch.Tensor) -> NDArray[Any]:
    copy: NDArray[Any] = tensor.detach().cpu().numpy().copy()
    return copy


def _empty_envelope(replicas: int) -> np.ndarray:
    """Return the four sides of an envelope [4, R] that holds no step yet."""
    return np.full((len(ENVELOPE), replicas), np.nan)


def _gathered(samples: Sequence[Samples], seeded: bool, device: torch.device) -> Samples:
    """Put the samples of all replicas on the device, stacked where each has its own."""
    if not seeded:
        return Samples(samples[0].inputs.to(device), samples[0].targets.to(device))
    return Samples(
        torch.stack([s.inputs for s in samples]).to(device),
        torch.stack([s.targets for s in samples]).to(device),
    )
