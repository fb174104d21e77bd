"""All measures of an arm at one step, as one plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grok_tui.catalog.measure import MeasureSpec
from grok_tui.catalog.measures import MEASURES
from grok_tui.engine.steps.plan import Plan
from grok_tui.lab.frames import IDENTITY, Frame
from grok_tui.lab.losses import SampleLoss
from grok_tui.lab.measures import Probe, take, taker
from grok_tui.lab.models import FlatNetwork
from grok_tui.lab.tasks import Samples, Task

from .vectors import Axis

TAKEN = "measures"
"""Among the outputs of the plan, the traced measures [M, R]; all others are attributes of `Probe`."""


class Measuring:
    """Takes the measures of an arm's replicas, without building a graph each time.

    Args:
        network: maps theta to outputs.
        task: what is learnt.
        train: the training samples, shared [N, ...] or one set a replica [R, N, ...].
        validation: the validation samples, likewise.
        loss: the training loss by sample.
        shared: whether all replicas have the same samples.
        theta: [R, P]; it stays in place.
        theta_0: [R, P], where it started.
        measures: those to take, by name.
        mask: which training samples are in the training set, bool [R, N], in place; None: all.
        changing: which of "targets" and "theta_0" change while training goes on.
        frame: the coordinates that the arm's optimizers work in.

    Attributes:
        names: the measures that are numbers, in the order of the values that `take` returns.
        vectors: those that are vectors or matrices, [R, ...], as they were when `take` was last called.
    """

    def __init__(
        self,
        network: FlatNetwork,
        task: Task,
        train: Samples,
        validation: Samples,
        loss: SampleLoss,
        shared: bool,
        theta: Tensor,
        theta_0: Tensor,
        measures: Mapping[str, MeasureSpec],
        mask: Tensor | None = None,
        changing: Collection[str] = (),
        frame: Frame = IDENTITY,
    ) -> None:
        along = {name: measure for name, measure in measures.items() if MEASURES[name].axes}
        self.names = tuple(name for name in measures if name not in along)
        self._along = {name: taker(measure) for name, measure in along.items()}
        self._labels = task.labels
        self.vectors: dict[str, NDArray[np.float32]] = {}
        self._replicas, self._shared = len(theta), shared
        takers = [taker(measures[name]) for name in self.names]
        self._traced = [row for row, name in enumerate(self.names) if MEASURES[name].traced]
        self._untraced = {row: one for row, one in enumerate(takers) if row not in self._traced}
        traced = [takers[row] for row in self._traced]

        looked_at = ["train_right", "val_right"]
        looked_at += ["coordinates", "generalizes"] if task.coordinates else []
        looked_at += ["margins"] if task.classes else []
        self._outputs = (TAKEN, *looked_at)

        def probed(
            theta: Tensor, theta_0: Tensor, x: Tensor, y: Tensor, vx: Tensor, vy: Tensor, *mask: Tensor
        ) -> Probe:
            train, validation = Samples(x, y), Samples(vx, vy)
            own = mask[0] if mask else None
            return Probe(theta, theta_0, network, task, train, validation, loss, shared, own, frame=frame)

        def together(*given: Tensor) -> tuple[Tensor, ...]:
            probe = probed(*given)
            taken = [one(probe) for one in traced]
            widest = max((value.dtype for value in taken), key=lambda dtype: torch.finfo(dtype).bits)
            values = torch.stack([value.to(widest) for value in taken])
            return values, *(getattr(probe, name) for name in looked_at)

        self._train, self._validation, self._mask = train, validation, mask
        data = (train.inputs, train.targets, validation.inputs, validation.targets)
        self._given = (theta, theta_0, *data, *(() if mask is None else (mask,)))
        self._probed = probed
        never = ("theta_0" not in changing, True, "targets" not in changing, True, True)
        masked = () if mask is None else (False,)
        self._plan = Plan(together, self._given, constant=(False, *never, *masked))

    def take(self) -> NDArray[np.float64]:
        """Return the measures at theta as it stands: [M, R]."""
        values = np.empty((len(self.names), self._replicas))
        with torch.no_grad():
            self._plan.replay()
            values[self._traced] = self._output(TAKEN).cpu().numpy()
            probe = self._probed(*self._given)
            for row, taken in self._untraced.items():
                values[row] = taken(probe).cpu().numpy()
            for name, taken in self._along.items():
                self.vectors[name] = taken(probe).cpu().numpy().astype(np.float32)
        return values

    def of_first(self, names: Collection[str]) -> dict[str, NDArray[np.float32]]:
        """Return vectors of the first replica [1, ...], which need not be asked for.

        What the plan has computed of it is as it was when `take` was last called.
        """
        if not names:
            return {}
        probe = self._probed(*self._given)
        first = {part: self._output(part)[:1] for part in self._outputs if part != TAKEN}
        own = replace(
            probe,
            theta=probe.theta[:1],
            theta_0=probe.theta_0[:1],
            train=self._samples_of_first(probe.train),
            validation=self._samples_of_first(probe.validation),
            mask=None if probe.mask is None else probe.mask[:1],
        )
        vars(own).update(first)
        with torch.no_grad():
            return {name: take(name, own).cpu().numpy().astype(np.float32) for name in names}

    def looked_back(
        self, measures: Mapping[str, MeasureSpec], states: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return measures that look back [n, M, R] at states of theta [n, R, P]; the last is the end.

        Samples and start are as they are now.
        """
        takers = [taker(measure) for measure in measures.values()]
        traced = [row for row, name in enumerate(measures) if MEASURES[name].traced]
        untraced = [row for row in range(len(takers)) if row not in traced]
        theta, *rest = self._given
        at, end = torch.empty_like(theta), torch.from_numpy(states[-1].copy()).to(theta.device)

        def probed(at: Tensor, end: Tensor, *rest: Tensor) -> Probe:
            return replace(self._probed(at, *rest), end=self._probed(end, *rest))

        def together(*given: Tensor) -> tuple[Tensor, ...]:
            probe = probed(*given)
            return tuple(takers[row](probe) for row in traced)

        given = (at, end, *rest)
        at.copy_(end)
        values = np.empty((len(states), len(measures), self._replicas))
        with torch.no_grad():
            plan = Plan(together, given, constant=(False, *[True] * (len(given) - 1))) if traced else None
            for place, state in enumerate(states):
                at.copy_(torch.from_numpy(state))
                if plan is not None:
                    plan.replay()
                    for row, value in zip(traced, plan.outputs, strict=True):
                        values[place, row] = value.cpu().numpy()
                probe = probed(*given)
                for row in untraced:
                    values[place, row] = takers[row](probe).cpu().numpy()
        return values

    def _samples_of_first(self, samples: Samples) -> Samples:
        inputs = samples.inputs if self._shared else samples.inputs[:1]
        return Samples(
            inputs, samples.targets if self._shared and self._mask is None else samples.targets[:1]
        )

    def axes(self, name: str, values: NDArray[np.float32]) -> tuple[Axis, ...]:
        """Return the axes of a vector with such values [R, ...]."""
        names, sizes = MEASURES[name].axes, values.shape[1:]
        labels = [self._labels.get(axis, ()) for axis in names]
        return tuple(
            Axis(axis, size, known if len(known) == size else ())
            for axis, size, known in zip(names, sizes, labels, strict=True)
        )

    def _output(self, name: str) -> Tensor:
        """Return an output of the plan: the measures, or what a `Probe` calls so."""
        return self._plan.outputs[self._outputs.index(name)]
