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

        def measures(
            theta: Tensor, theta_0: Tensor, x: Tensor, y: Tensor, vx: Tensor, vy: Tensor
        ) -> tuple[Tensor]:
            probe = Probe(theta, theta_0, network, task, Samples(x, y), Samples(vx, vy), loss, shared)
            taken = [take(name, probe) for name in self.names]
            widest = max((value.dtype for value in taken), key=lambda dtype: torch.finfo(dtype).bits)
            return (torch.stack([value.to(widest) for value in taken]),)

        data = (train.inputs, train.targets, validation.inputs, validation.targets)
        self._plan = Plan(
            measures, (theta, theta.clone(), *data), constant=(False, *(True for _ in range(5)))
        )

    def take(self) -> NDArray[np.float64]:
        """Return the measures at theta as it stands: [M, R]."""
        with torch.no_grad():
            self._plan.replay()
        return self._plan.outputs[0].cpu().numpy().astype(np.float64)
