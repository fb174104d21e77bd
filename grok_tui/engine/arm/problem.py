"""What an arm learns, and from where: network, loss, samples, and the weights that it started from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from grok_tui.catalog.measure import MeasureSpec
from grok_tui.engine.record.arrays import Arrays, prefixed, under
from grok_tui.engine.record.measuring import Measuring
from grok_tui.engine.steps.step import Learner
from grok_tui.lab.frames import Frame
from grok_tui.lab.losses import sample_loss
from grok_tui.lab.models import initial_theta
from grok_tui.lab.tasks import build_task
from grok_tui.presets import Arm as ArmSpec

from .data import TrainingData, gathered


class Problem:
    """What R replicas learn. Steps and measures take as constants what was never changed so far.

    Args:
        spec: the arm as its preset declares it.
        seeds: one a replica.
        device: where it is computed.

    Attributes:
        task: of the first replica.
        network: maps theta to outputs.
        data: the training samples.
        theta_0: [R, P], where the replicas started; it stays in place.
        restarts: how often weights were drawn anew.
    """

    def __init__(self, spec: ArmSpec, seeds: Sequence[int], device: torch.device) -> None:
        self._spec, self._seeds = spec, tuple(seeds)
        shared, dtype = not spec.task.seeded, getattr(torch, spec.training.dtype)
        tasks = [build_task(spec.task, seed, dtype) for seed in (seeds[:1] if shared else seeds)]
        self.task = tasks[0]
        self.data = TrainingData(tasks, shared, self._seeds, device)
        if spec.settings.withheld:
            self.data.withhold_share(spec.settings.withheld)
        self._validation = gathered([task.validation for task in tasks], shared, device)
        self.network, start = initial_theta(spec.model, spec.task.shape, seeds, dtype)
        self.theta_0 = start.to(device)
        self.restarts = 0
        self._loss = sample_loss(spec.training.loss, getattr(torch, spec.training.loss_dtype))

    @property
    def online(self) -> bool:
        """Whether every step has new samples."""
        return self._spec.training.batches == "online"

    @property
    def changing(self) -> frozenset[str]:
        """What of "targets" and "theta_0" has been changed, and so may be again."""
        times = {"targets": self.data.version, "theta_0": self.restarts}
        return frozenset(name for name, changes in times.items() if changes)

    def learner(self) -> Learner:
        """Return what gives the gradient."""
        data = self.data
        return Learner(self.network, self._loss, data.samples, data.shared, self.theta_0, self.changing)

    def measuring(self, theta: Tensor, measures: Mapping[str, MeasureSpec], frame: Frame) -> Measuring:
        """Return what takes these measures of theta [R, P], which stays in place.

        frame: the coordinates that optimizers work in.
        """
        return Measuring(
            self.network,
            self.task,
            self.data.samples,
            self._validation,
            self._loss,
            self.data.shared,
            theta,
            self.theta_0,
            measures,
            self.data.mask,
            self.changing,
            frame,
        )

    def restart(self, seeds: Sequence[int], replica: int | None) -> Tensor:
        """Draw the weights of these seeds, one a replica, and return where all replicas start: [R, P].

        replica: the one that starts anew; None: all.
        """
        chosen = slice(None) if replica is None else replica
        self.theta_0[chosen] = self._start(seeds)[chosen]
        self.restarts += 1
        return self.theta_0

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Have data and start as they were before, should what is done within fail."""
        version, restarts, data = self.data.version, self.restarts, self.data.export_state()
        start = torch.empty_like(self.theta_0, device="cpu").copy_(self.theta_0)
        try:
            yield
        except BaseException:
            with suppress(RuntimeError):
                self.data.restore_state(version, data)
                self.theta_0.copy_(start)
                self.restarts = restarts
            raise

    def export_state(self) -> Arrays:
        """Return what has been changed."""
        arrays = prefixed("data", self.data.export_state())
        if self.restarts:
            arrays["theta_0"] = self.theta_0.cpu().numpy().copy()
        return arrays

    def layouts(self, version: int, restarts: int) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and dtype of what `restore_state` needs."""
        found = {f"data/{name}": layout for name, layout in self.data.layouts(version).items()}
        if restarts:
            found["theta_0"] = (tuple(self.theta_0.shape), str(self.theta_0.dtype).removeprefix("torch."))
        return found

    def restore_state(self, version: int, restarts: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Become what `export_state` saw, when data and start had been changed so often.

        Raises:
            ValueError: the replicas train on different numbers of samples, or on none.
        """
        self.data.restore_state(version, under("data", arrays))
        if restarts:
            self.theta_0.copy_(torch.from_numpy(arrays["theta_0"]))
        elif self.restarts:
            self.theta_0.copy_(self._start(self._seeds))
        self.restarts = restarts

    def _start(self, seeds: Sequence[int]) -> Tensor:
        spec = self._spec
        dtype = getattr(torch, spec.training.dtype)
        return initial_theta(spec.model, spec.task.shape, seeds, dtype)[1].to(self.theta_0.device)
