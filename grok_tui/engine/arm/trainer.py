"""What trains an arm: theta, its optimizers, modifiers and batches, and the steps taken with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grok_tui.catalog.frames import FrameSpec
from grok_tui.catalog.modifiers import Modifiers
from grok_tui.catalog.optimizers import OptimizerSpec
from grok_tui.catalog.schedules import Course
from grok_tui.catalog.seen import SEEN
from grok_tui.engine.record.arrays import Arrays, under
from grok_tui.engine.steps.backends import BackendLog, Compiling
from grok_tui.engine.steps.step import HYPER, Learner, Parts
from grok_tui.engine.steps.work import Work
from grok_tui.lab.frames import build_frame
from grok_tui.lab.modifiers import Structure
from grok_tui.lab.optimizers import SMALLEST_LR
from grok_tui.lab.tasks import Draw, Fresh, Task
from grok_tui.presets import part_of

from .batches import Batches, BatchKind
from .coefficients import Coefficients, Following, Table, largest
from .data import TrainingData
from .noise import drawing_of, scheme
from .optimizer import Optimizer
from .state import ArmState

# A chunk never has more steps: its losses wait on the device, and a key waits for its end.
LONGEST_CHUNK = 1024

LARGEST_UPDATE = SEEN.index("largest_update")

# What an intervention replaces; all else it changes in place.
REPLACED = (
    *("optimizer", "modifiers", "courses", "_structure", "_optimizers"),
    *("_filters", "_filter_steps", "_works", "_batches", "batch_size", "_learner"),
)


class Trainer:
    """The state that training changes, R replicas side by side.

    Args:
        learner: gives the gradient.
        data: the samples that it learns.
        theta: [R, P]; it stays in place.
        seeds: one a replica.
        batches: how samples are drawn.
        frame: the coordinates that optimizers work in.
        compiling: whether and when steps are compiled; by default never.
        task: draws the samples of an online run.

    Attributes:
        theta: [R, P].
        backends: what makes the steps.
        frame: the coordinates that optimizers work in.
        drawn_by: what drew the random numbers of steps, in order, see `noise.scheme`; no step without noise.
        optimizer: the optimizer at work.
        modifiers: what else is done to a step.
        courses: the schedules that values of the optimizer and of modifiers follow, by their names.
        batch_size: samples in a batch, or "full".
        whole: whether all of the state is that of one step. Whoever takes steps says so once they are
            counted; a failure among them leaves it false.
    """

    def __init__(
        self,
        learner: Learner,
        data: TrainingData,
        theta: Tensor,
        seeds: Sequence[int],
        batches: BatchKind,
        frame: FrameSpec,
        compiling: Compiling | None = None,
        task: Task | None = None,
    ) -> None:
        self.theta = theta
        self.whole = True
        self.backends = BackendLog()
        self.drawn_by: list[str] = []
        self._compiling = compiling or Compiling()
        self.modifiers = Modifiers()
        self.courses: Mapping[str, Course] = {}
        self._structure = Structure.of(self.modifiers)
        self._learner, self._data = learner, data
        self._seeds = seeds
        self._batch_kind = batches
        self._coefficients = Coefficients(theta)
        self._optimizers: dict[str, Optimizer] = {}
        self._filters: dict[str, Tensor] = {}
        self._filter_steps = 0
        self._works: dict[tuple[str, int | None, Structure, frozenset[str]], Work] = {}
        self._task = task
        self._frame_spec = frame
        self.frame = build_frame(frame, learner.network.layout, theta)
        shape = (LONGEST_CHUNK, len(SEEN), len(seeds))
        self._seen = torch.empty(shape, dtype=torch.float64, device=theta.device)

    def put_to_work(
        self, spec: OptimizerSpec, state: Literal["fresh", "kept"], step: int | None = None
    ) -> None:
        """Go on with this optimizer, from fresh state or from the state it had when it last ran.

        step: build what the steps after it need before the state is touched; None leaves it to them.
        """
        known = self._optimizers.get(spec.name)
        self.optimizer = self._optimizers[spec.name] = known or self._new(spec)
        if step is not None:
            self.build(step)
        if known is not None:
            known.adopt(spec, fresh=state == "fresh")

    def modify(self, spec: Modifiers, courses: Mapping[str, Course]) -> None:
        """Go on with these modifiers and schedules; a filter that was at work already keeps its state."""
        structure = Structure.of(largest(spec, courses))
        structure.check(spec, self.theta, self._learner.network.layout.sizes)
        fresh = structure.initial(self.theta)
        if {name: value.shape for name, value in fresh.items()} != {
            name: value.shape for name, value in self._filters.items()
        }:
            self._filters, self._filter_steps = fresh, 0
            self._works.clear()
        self.modifiers, self.courses, self._structure = spec, courses, structure
        self.optimizer.changes += 1  # steps that reset the state count its age themselves, or no longer do

    def reset(self, replica: int | None = None) -> None:
        """Forget the state of the optimizer and of gradient filters; of one replica, the former alone."""
        filters = self._structure.initial(self.theta) if replica is None else {}
        self.optimizer.reset(replica)
        for name, value in filters.items():
            self._filters[name].copy_(value)
        if replica is None:
            self._filter_steps = 0

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Have all as it was before, should what is done within fail, as for want of memory."""
        now = {name: vars(self)[name] for name in REPLACED}
        before = {name: dict(value) if isinstance(value, dict) else value for name, value in now.items()}
        _, numbers = self.export_state()
        try:
            yield
        except BaseException:
            vars(self).update(before)
            self.whole = False  # unless this, too, works: a GPU may have broken
            with suppress(RuntimeError):
                self.restore(numbers)
                self.whole = True
            raise

    def build(self, step: int) -> Work:
        """Return what takes the steps after `step`, built if it is not there yet."""
        size = None if self._batches.full else self._batches.stretch(step)[0]
        table = self._table(step, 1)
        return self._work(size, self._structure, table.names)

    def _table(self, step: int, steps: int) -> Table:
        following = Following.of(self.courses, self._value, step, steps)
        return self._coefficients.table(
            self.optimizer, self.modifiers, self._structure, self._filter_steps, steps, following
        )

    def _value(self, name: str) -> float:
        """Return the value of a hyperparameter or a modifier as it was set."""
        return float(getattr(self.optimizer.spec if part_of(name) == "optimizer" else self.modifiers, name))

    def set_batch_size(self, size: int | Literal["full"], since: int) -> None:
        """Draw batches of this size, counted from the step `since`.

        Raises:
            ValueError: there are fewer training samples.
        """
        samples = self._data.count
        if size != "full" and size > samples and self._batch_kind != "online":
            raise ValueError(f"batch_size {size} is more than the {samples} training samples")
        self._batches = Batches(samples, size, self._batch_kind, self._seeds, since)
        self.batch_size = size

    @property
    def changing(self) -> frozenset[str]:
        """What steps do not take as constants, of what mostly never changes."""
        return self._learner.changing

    def learn(self, learner: Learner) -> None:
        """Go on with a learner of which other things change; what was traced for such a one serves again."""
        self._learner = learner

    def restart(self, replica: int | None = None) -> None:
        """Forget the state of all optimizers and of gradient filters; of one replica, the former alone."""
        for optimizer in self._optimizers.values():
            optimizer.reset(replica)
        self.reset(replica)

    def stretch(self, step: int) -> int:
        """Return how many steps a chunk after `step` may have."""
        longest = min(LONGEST_CHUNK, self.backends.stretch(step))
        return longest if self._batches.full else min(longest, self._batches.stretch(step)[1])

    def take(self, step: int, steps: int, left: int = 0) -> NDArray[np.float64]:
        """Take k steps after `step`, no more than `stretch` allows; return what was seen of them: [k, S, R].

        Its rows are those of `step.SEEN`, the largest update in units of the learning rate.

        left: how many steps there are to take in all, for which compiling may be worth it.
        """
        size = None if self._batches.full else self._batches.stretch(step)[0]
        table = self._table(step, steps)
        work = self._work(size, self._structure, table.names)
        indices = None
        if size is not None and self._batch_kind != "online":
            indices = self._batches.indices(step, steps)
            chosen = self._data.chosen
            if chosen is not None:
                indices = torch.gather(chosen.expand(steps, *chosen.shape), 2, indices)
            indices = indices.to(self.theta.device)
        seen = self._seen[:steps]
        with torch.no_grad():
            backend = work.choose(left, self.backends.prescribed(step))
            self.backends.note(step, backend)
            if work.drawing is not None:
                work.drawing.begin(step, self.modifiers.dropout)
                if self.drawn_by[-1:] != [self.draws_by]:
                    self.drawn_by.append(self.draws_by)
            self.whole = False
            work.run(backend, table.rows, indices, seen)
        if not self._structure.resets:
            self.optimizer.took(steps)
        self._filter_steps += steps
        here = seen.cpu()
        here[:, LARGEST_UPDATE].div_(table.lr.clamp(min=SMALLEST_LR))
        return here.numpy().copy()

    def ahead(self, step: int, steps: int) -> Tensor:
        """Return what theta [R, P] would be after the next steps, and leave everything as it is."""
        _, arrays = self.export_state()
        made, drawn_by, filter_steps = list(self.backends.made), list(self.drawn_by), self._filter_steps
        end = step + steps
        try:
            while step < end:
                taken = min(end - step, self.stretch(step))
                self.take(step, taken)
                step += taken
            return self.theta.clone()
        finally:
            self.restore(arrays)
            self.whole = True
            self.backends.made, self.drawn_by, self._filter_steps = made, drawn_by, filter_steps

    def displacement(self, step: int, steps: int) -> tuple[list[Tensor], list[int]]:
        """Return how far the next steps would move each tensor of the network, L2 norms [R], and its size."""
        change = self.ahead(step, steps) - self.theta
        layout = self._learner.network.layout
        return [torch.linalg.vector_norm(part, dim=-1) for part in layout.split(change)], layout.sizes

    def export_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return what training has changed: fields of an `ArmState`, and arrays."""
        fields = {
            "optimizer": self.optimizer.spec.name,
            "optimizers": {name: optimizer.spec for name, optimizer in self._optimizers.items()},
            "frame": self._frame_spec,
            "modifiers": self.modifiers,
            "courses": dict(self.courses),
            "filter_steps": self._filter_steps,
            "batch_size": self.batch_size,
            "batches_since": self._batches.origin,
            "backends": list(self.backends.made),
            "drawn_by": list(self.drawn_by),
        }
        return fields, {name: copied(tensor) for name, tensor in self._kept().items()}

    def adopt(self, state: ArmState) -> None:
        """Take up optimizers and modifiers as a state names them; their numbers follow, and batches.

        Raises:
            ValueError: the state is none of such an arm.
        """
        if state.optimizer not in state.optimizers:
            raise ValueError(f"the optimizer at work, '{state.optimizer}', is missing")
        if state.frame != self._frame_spec:
            raise ValueError(f"its frame is {state.frame!r}, not {self._frame_spec!r}")
        self._optimizers = {name: self._restored(name, spec) for name, spec in state.optimizers.items()}
        self._works = {key: work for key, work in self._works.items() if key[0] in self._optimizers}
        self.optimizer = self._optimizers[state.optimizer]
        self.modify(state.modifiers, state.courses)
        self._filter_steps = state.filter_steps
        self.backends.made = list(state.backends)
        self.drawn_by = list(state.drawn_by)

    def expected(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of every array that `restore` needs."""
        return {
            name: (tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
            for name, tensor in self._kept().items()
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take the numbers of `export_state`, after `adopt`."""
        self.theta.copy_(torch.from_numpy(arrays["theta"]))
        for name, optimizer in self._optimizers.items():
            optimizer.restore(under(f"optimizers/{name}", arrays))
        for name, value in under("filters", arrays).items():
            self._filters[name].copy_(torch.from_numpy(value))

    def _kept(self) -> dict[str, Tensor]:
        """Return the tensors that a state consists of, by the names of its arrays."""
        kept = {"theta": self.theta}
        for name, optimizer in self._optimizers.items():
            kept |= {f"optimizers/{name}/{slot}": value for slot, value in optimizer.state.items()}
            kept[f"optimizers/{name}/age"] = optimizer.age
        return kept | {f"filters/{name}": value for name, value in self._filters.items()}

    def _new(self, spec: OptimizerSpec) -> Optimizer:
        return Optimizer(spec, self.theta, self._learner.network.layout)

    def _restored(self, name: str, spec: OptimizerSpec) -> Optimizer:
        """Return the optimizer of this name with the hyperparameters it had, state to follow."""
        if name != spec.name:
            raise ValueError(f"optimizer '{name}' is a {spec.name}")
        optimizer = self._optimizers.get(name) or self._new(spec)
        optimizer.adopt(spec)
        return optimizer

    def _work(self, size: int | None, structure: Structure, names: tuple[str, ...]) -> Work:
        key = (self.optimizer.spec.name, size, structure, self._learner.changing)
        if key not in self._works:
            state = self.optimizer.state
            online = self._batch_kind == "online"
            parts = Parts(
                self._learner,
                self.optimizer.rule,
                self.frame,
                tuple(state),
                structure,
                tuple(self._filters),
                names,
                online,
            )
            tensors = self._tensors(size, structure, len(names)) | state | self._filters
            if structure.resets:
                tensors["age"] = self.optimizer.age
                tensors |= {HYPER + name: value for name, value in self.optimizer.hyper.items()}
            drawing = drawing_of(tensors, self._seeds, *self._drawn_samples)
            self._works[key] = Work(parts, tensors, self._compiling, drawing)
        return self._works[key]

    @property
    def draws_by(self) -> str:
        """What draws the random numbers of steps here, where there are any, see `noise.scheme`."""
        return scheme(self.theta.device, *self._drawn_samples)

    @property
    def _drawn_samples(self) -> tuple[Draw | None, Fresh | None]:
        """How new samples are drawn at each step, and made of uniform numbers; None where none are."""
        if self._task is None or self._batch_kind != "online":
            return None, None
        return self._task.draw, self._task.fresh

    def _tensors(self, size: int | None, structure: Structure, coefficient_count: int) -> dict[str, Tensor]:
        """Return what a step reads besides the state of optimizer and filters."""
        theta, learner = self.theta, self._learner
        replicas = len(theta)
        found = {
            "theta": theta,
            "table": theta.new_zeros(coefficient_count, replicas, 1),
            "inputs": learner.samples.inputs,
            "targets": learner.samples.targets,
            "theta_0": learner.theta_0,
        }
        if size is not None and self._batch_kind == "online":
            found |= self._online_samples(size)
        elif size is not None:
            found["indices"] = torch.zeros(replicas, size, dtype=torch.int64, device=theta.device)
        elif self._data.mask is not None:
            found["mask"] = self._data.mask
        units = learner.network.dropout_units
        if structure.dropout and units:
            found["keep"] = theta.new_ones(replicas, self._data.total if size is None else size, units)
        return found | {name: torch.zeros_like(theta) for name in structure.noises}

    def _online_samples(self, size: int) -> dict[str, Tensor]:
        """Return room for the samples of a step, [R, B, ...]."""
        samples, shared = self._learner.samples, self._learner.shared
        like = {"inputs": samples.inputs, "targets": samples.targets}
        return {
            name: value.new_zeros(len(self.theta), size, *value.shape[1 if shared else 2 :])
            for name, value in like.items()
        }


def copied(tensor: Tensor) -> NDArray[Any]:
    """Return a copy on the CPU that does not change when the tensor does."""
    copy: NDArray[Any] = tensor.detach().cpu().numpy().copy()
    return copy
