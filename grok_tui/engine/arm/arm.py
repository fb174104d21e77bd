"""An arm: theta, an optimizer, batches, and the record of what became of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grok_tui.catalog.blame import accounted, blamed
from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.catalog.measure import MeasureSpec
from grok_tui.catalog.measures import MEASURES, shown_of
from grok_tui.catalog.modifiers import Modifiers
from grok_tui.catalog.optimizers import OptimizerSpec
from grok_tui.catalog.schedules import Course
from grok_tui.engine.arm.status import ArmStatus
from grok_tui.engine.record.arrays import Arrays, Kept, check, prefixed, under
from grok_tui.engine.record.envelope import SIDES, empty_envelope, widen
from grok_tui.engine.record.history import History, next_recorded
from grok_tui.engine.record.looked_back import LookedBack
from grok_tui.engine.record.plateaus import Watched
from grok_tui.engine.record.vectors import ROWS, VectorHistory, with_row
from grok_tui.engine.steps.backends import BackendSince, Compiling
from grok_tui.errors import GrokTuiError
from grok_tui.presets import Arm as ArmSpec
from grok_tui.presets import Settings
from grok_tui.presets.problems import first_problem

from .agenda import Agenda
from .interventions import carry_out
from .looking_back import LookingBack
from .optimizer import Optimizer
from .problem import Problem
from .seen import Seen
from .state import ArmState
from .trainer import Trainer


class Arm:
    """One variant of the experiment at work, R replicas side by side.

    Attributes:
        spec: the arm as its preset declares it.
        seeds: one a replica.
        step: steps taken.
        since: the step at which it was put to work.
        end: the step at which it counts as finished; the preset's last, unless the run goes on.
        history: all that was recorded.
        watched: whether what charts show of the first replica is kept, since `watch` was called.
        interventions: all that was done to the arm, in order.
        agenda: what is still to be done to it.
        seen: what has been seen of the networks that it trains now.
        listener: called with each intervention that was carried out, and whether the preset scheduled it.

    Args:
        spec: the arm as its preset declares it.
        measures: the measures to take.
        seeds: one a replica.
        device: where it computes.
        scheduled: what the preset plans for the arm, also what waits for something of the arm itself.
        compiling: whether and when steps are compiled; by default never.
        watched: plateaus that other arms wait for.
    """

    def __init__(
        self,
        spec: ArmSpec,
        measures: Mapping[str, MeasureSpec],
        seeds: Sequence[int],
        device: torch.device,
        scheduled: Sequence[AnyIntervention] = (),
        compiling: Compiling | None = None,
        watched: Sequence[Watched] = (),
    ) -> None:
        self.spec, self.seeds = spec, tuple(seeds)
        self._problem = Problem(spec, seeds, device)
        self.task, self.data = self._problem.task, self._problem.data
        theta = self._problem.theta_0.clone()
        learner, kind, task = self._problem.learner(), spec.training.batches, self.task
        self._trainer = Trainer(learner, self.data, theta, self.seeds, kind, spec.frame, compiling, task)
        self._back = LookingBack(measures, theta)
        self._measuring = self._problem.measuring(theta, self._back.on_the_way, self._trainer.frame)
        self.watched, self.step, self.since, self.end = False, 0, 0, spec.training.steps
        self.history = History(self._measuring.names, len(seeds))
        self.vectors: Mapping[str, VectorHistory] = {}
        self._looked_at: tuple[str, ...] = ()
        self.seen = Seen(self.history, len(seeds), watched, scheduled)
        self.detectors = self.seen.detectors
        self.interventions: list[AnyIntervention] = []
        self._new: list[int | None] = []  # replicas whose weights the present intervention drew
        self.listener: Callable[[AnyIntervention, bool], None] | None = None
        self.agenda = Agenda(scheduled)
        self._trainer.put_to_work(spec.optimizer, "fresh")
        self.modify(spec.modifiers, spec.settings.courses)
        self.set_batch_size(spec.training.batch_size)
        self._envelope = empty_envelope(len(seeds))
        self._record()

    @property
    def name(self) -> str:
        """The arm's name in its preset."""
        return self.spec.name

    @property
    def theta(self) -> Tensor:
        """All parameters [R, P], in place for the arm's whole life."""
        return self._trainer.theta

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.theta.device

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer at work."""
        return self._trainer.optimizer

    @property
    def modifiers(self) -> Modifiers:
        """What else is done to a step."""
        return self._trainer.modifiers

    @property
    def batch_size(self) -> int | Literal["full"]:
        """Samples in a batch, or "full"."""
        return self._trainer.batch_size

    @property
    def settings(self) -> Settings:
        """What the arm is trained with, as it stands."""
        return Settings(
            optimizer=self.optimizer.spec,
            since=self.since,
            modifiers=self.modifiers,
            batch_size=self.batch_size,
            courses=self._trainer.courses,
            samples=0 if self._problem.online else self.data.count,
            withheld=0 if self._problem.online else self.data.total - self.data.count,
        )

    @property
    def backends(self) -> list[BackendSince]:
        """What made which steps, in order."""
        return self._trainer.backends.made

    @property
    def draws_by(self) -> str:
        """What draws the random numbers of steps here, where there are any."""
        return self._trainer.draws_by

    def prescribe(self, backends: Sequence[BackendSince], until: int | None = None) -> None:
        """Have steps up to `until`, or all from now on, made by what made them before."""
        self._trainer.backends.prescribe(backends, until)

    @property
    def whole(self) -> bool:
        """Whether all of its state is that of one step, so that it is worth keeping; not after a failure."""
        return self._trainer.whole

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

    @property
    def looked_back(self) -> LookedBack:
        """What is asked at the end about the states on the way; nothing before."""
        return self._back.found(self.finished, self.history.version, self._measuring)

    def watch(self) -> None:
        """Keep at recorded steps, from now on, what charts show of the first replica."""
        if not self.watched:
            self.watched = True
            shown = shown_of(self.spec.task, self.spec.model)
            self._looked_at = tuple(name for name in shown if name not in self._back.on_the_way)
            self._look(self._looked_at)

    def advance(self, steps: int) -> int:
        """Take up to `steps` steps, as far as one chunk goes; return how many were taken.

        A chunk ends at a recorded step, before a scheduled intervention and where the batch size changes, so
        that the bits do not depend on the steps asked for.
        """
        self.carry_out_due()
        if self.stopped:
            return 0
        due = next_recorded(self.step, self.spec.training.record_every)
        if self.step < self.spec.training.steps:
            due = min(due, self.spec.training.steps)  # what a claim calls the end is always recorded
        ends = [due, self.step + self._trainer.stretch(self.step), self.step + max(1, steps)]
        if self.agenda.next_step is not None:
            ends.append(self.agenda.next_step)
        taken = min(ends) - self.step
        seen = self._trainer.take(self.step, taken, max(0, self.end - self.step))
        self.detectors.stepped(self.step + 1, seen)
        widen(self._envelope, seen)
        self.step += taken
        if self.step == due:
            self._record()
        self._trainer.whole = True
        _ = self.looked_back  # where memory may run out for it, and is known to be the arm's
        return taken

    def status(self) -> ArmStatus:
        """Return the arm as it stands, for another thread to read."""
        return ArmStatus(
            name=self.name,
            step=self.step,
            end=self.end,
            **vars(self.settings),
            diverged=bool(self.detectors.diverged.any()),
            interventions=tuple(self.interventions),
            events=tuple(self.history.events),
            history=self.history,
            vectors=self.vectors,
            looked_back=self.looked_back,
        )

    def intervene(self, intervention: AnyIntervention) -> None:
        """Carry out an intervention now, between two steps, and keep it on record.

        Raises:
            ValueError: it does not fit the arm as it stands, or it would have to wait.
            RuntimeError: there is no memory for it; the arm is then as it was.
        """
        if intervention.awaited is not None:
            raise ValueError("by hand nothing can be waited for; since and since_plateau are for presets")
        self._carry_out(intervention, False)

    def carry_out_due(self, count: int | None = None) -> None:
        """Carry out what is due, until `count` interventions are on record; raises GrokTuiError."""
        while count is None or len(self.interventions) < count:
            due = self.agenda.due(self.step)
            if due is None:
                return
            try:
                self._carry_out(*due)
            except ValueError as error:
                what = f"arm '{self.name}' after step {self.step}: {due[0].told()}"
                why = first_problem(error) if blamed(error) is None else accounted(error)
                raise GrokTuiError(f"{what}: {why}") from None

    def export_state(self) -> tuple[ArmState, Arrays]:
        """Return all that the arm has become; nothing in it changes when the arm goes on."""
        fields, arrays = self._trainer.export_state()
        state = ArmState(
            step=self.step,
            end=self.end,
            since=self.since,
            interventions=list(self.interventions),
            scheduled=self.agenda.done,
            settled=list(self.agenda.settled),
            given=list(self.agenda.given),
            first=list(self.seen.first) if any(self.seen.first) else [],
            stride=self.history.stride,
            version=self.history.version,
            data_version=self.data.version,
            restarts=self._problem.restarts,
            events=list(self.history.events),
            **fields,
        )
        arrays |= self._problem.export_state() | {"envelope": self._envelope.copy()}
        arrays |= prefixed("history", self.history.export_state())
        for name, part in self._parts():
            arrays |= prefixed(name, part.export_state())
        return state, arrays

    def restore_state(self, state: ArmState, arrays: Arrays) -> None:
        """Become what `export_state` saw, bit for bit, on an arm of the same spec and seeds.

        Raises:
            ValueError: the state is none of such an arm; what the arm is then has no meaning.
        """
        kept = {name.split("/")[1] for name in arrays if name.startswith("vectors/")}
        if kept - self._back.on_the_way.keys():
            self.watch()
        self._trainer.adopt(state)
        check(arrays, self._expected(state))
        self._problem.restore_state(state.data_version, state.restarts, arrays)
        self._trainer.restore(arrays)
        self._adapt()
        self._trainer.set_batch_size(state.batch_size, state.batches_since)
        self.step, self.end, self.since = state.step, state.end, state.since
        self.interventions = list(state.interventions)
        self.seen.first = list(state.first) or [0] * len(self.seeds)
        self.agenda.restore(state.scheduled, state.settled)
        self._envelope = arrays["envelope"].copy()
        self.history.restore_state(under("history", arrays), state.stride, state.version, state.events)
        for name, part in self._parts():
            part.restore_state(under(name, arrays))
        self._measuring.take()  # for what is kept of the latest record alone
        self._look({name for name in self._looked_at if self.vectors[name].rows == 1})

    def make_ready(self) -> None:
        """Build what the next steps need, if it is not there yet."""
        self._trainer.build(self.step)

    def put_to_work(self, spec: OptimizerSpec, state: Literal["fresh", "kept"]) -> None:
        """Go on with this optimizer, from fresh state or from the state it had when it last ran."""
        self._trainer.put_to_work(spec, state, self.step)
        self.since = self.step

    def modify(self, spec: Modifiers, courses: Mapping[str, Course]) -> None:
        """Go on with these modifiers, and with values that follow these schedules."""
        self._trainer.modify(spec, courses)

    def reset(self, replica: int | None = None) -> None:
        """Forget the state of the optimizer and of gradient filters; of one replica, the former alone."""
        self._trainer.reset(replica)

    def renew_data(self) -> None:
        """Train on the data as they are now, in batches that are counted from here."""
        self._adapt()
        self.set_batch_size(self.batch_size)

    def reinitialize(self, seeds: Sequence[int], replica: int | None = None) -> None:
        """Start again from the weights of these seeds, one a replica; all replicas, or one of them."""
        chosen = slice(None) if replica is None else replica
        self.theta[chosen] = self._problem.restart(seeds, replica)[chosen]
        self._trainer.restart(replica)
        self._adapt()
        self._new.append(replica)

    def displacement(self, steps: int) -> tuple[list[Tensor], list[int]]:
        """Return how far the next steps would move each tensor of the network, L2 norms [R], and its size."""
        return self._trainer.displacement(self.step, steps)

    def set_batch_size(self, size: int | Literal["full"]) -> None:
        """Draw batches of this size from now on.

        Raises:
            ValueError: there are fewer training samples.
        """
        self._trainer.set_batch_size(size, self.step)

    def _adapt(self) -> None:
        """Where something changes for the first time that was a constant so far, trace without it."""
        self._back.forget()
        if self._problem.changing != self._trainer.changing:
            self._trainer.learn(self._problem.learner())
            self._measuring = self._problem.measuring(self.theta, self._back.on_the_way, self._trainer.frame)

    def _carry_out(self, intervention: AnyIntervention, of_preset: bool) -> None:
        done = intervention.model_copy(update={"at_step": self.step})
        since, measuring, self._new = self.since, self._measuring, []
        try:
            with self._trainer.attempt(), self._problem.attempt():
                carry_out(done, self)
        except BaseException:
            self.since, self._measuring = since, measuring
            raise
        self.interventions.append(done)
        self.agenda.done += of_preset
        for replica in self._new:
            self.seen.forget(self.step, replica)
            self.agenda.forget(replica)
        if self.listener is not None:
            self.listener(done, of_preset)

    def _expected(self, state: ArmState) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of every array of the arm's state."""
        expected = self._trainer.expected() | self._problem.layouts(state.data_version, state.restarts)
        expected["envelope"] = ((len(SIDES), len(self.seeds)), "float64")
        expected |= {f"history/{name}": layout for name, layout in self.history.layouts().items()}
        for part, one in self._parts():
            expected |= {f"{part}/{name}": layout for name, layout in one.layouts().items()}
        return expected

    def _parts(self) -> Iterator[tuple[str, Kept]]:
        """Yield what keeps arrays of its own in the state, by the name that they stand under."""
        yield "seen", self.detectors
        yield "plateaus", self.seen.plateaus
        yield from self._back.parts()
        # What is kept of the latest record alone follows from theta.
        yield from ((f"vectors/{name}", kept) for name, kept in self.vectors.items() if kept.rows > 1)

    def _record(self) -> None:
        self.history.append(self.step, self._measuring.take(), self._envelope)
        for name, values in self._measuring.vectors.items():
            self._keep(name, values)
        self._back.record(self.step)
        self._envelope = empty_envelope(len(self.seeds))
        self._look(self._looked_at)
        self.seen.recorded(self.step)
        # Only here, because what is known between two records depends on the chunks.
        self.agenda.settle(self.step, self.seen.onsets)

    def _look(self, names: Collection[str]) -> None:
        for name, values in self._measuring.of_first(names).items():
            self._keep(name, values, 1 if MEASURES[name].shown == "latest" else ROWS)

    def _keep(self, name: str, values: NDArray[np.float32], rows: int = ROWS) -> None:
        axes = self._measuring.axes(name, values)
        self.vectors = with_row(self.vectors, name, self.step, values, axes, rows)
