"""All measures of an arm at one step, as one plan."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grok_tui.lab.losses import SampleLoss
from grok_tui.lab.measures import Probe, measure_names, take
from grok_tui.lab.models import FlatNetwork
from grok_tui.lab.tasks import Samples, Task

from .plan import Plan


class Measuring:
    """Takes every measure of an arm's replicas, without building a graph each time.

    Attributes:
        names: the measures, in the order of the values that `take` returns.
        coordinate_count: C, or 0 where the task has no coordinates.
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
    ) -> None:
        self.names = measure_names(task)
        self.coordinate_count = 0 if task.coordinates is None else len(task.coordinates.labels)

        def measures(
            theta: Tensor, theta_0: Tensor, x: Tensor, y: Tensor, vx: Tensor, vy: Tensor
        ) -> tuple[Tensor, Tensor]:
            probe = Probe(theta, theta_0, network, task, Samples(x, y), Samples(vx, vy), loss, shared)
            taken = [take(name, probe) for name in self.names]
            widest = max((value.dtype for value in taken), key=lambda dtype: torch.finfo(dtype).bits)
            coordinates = theta if task.coordinates is None else probe.coordinates
            return torch.stack([value.to(widest) for value in taken]), coordinates

        data = (train.inputs, train.targets, validation.inputs, validation.targets)
        self._plan = Plan(
            measures, (theta, theta.clone(), *data), constant=(False, *(True for _ in range(5)))
        )

    def take(self) -> NDArray[np.float64]:
        """Return the measures at theta as it stands: [M, R]."""
        with torch.no_grad():
            self._plan.replay()
        return self._plan.outputs[0].cpu().numpy().astype(np.float64)

    def coordinates(self, replica: int) -> NDArray[np.float32]:
        """Return the coordinates [C] of one replica, as they were when `take` was last called."""
        return self._plan.outputs[1][replica].cpu().numpy().astype(np.float32)
