"""Training steps replayed by the GPU: the kernels of many steps in one launch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from grok_tui.engine.steps.compiled.calling import Rows, Strided

from .step import EagerStepper

STEPS_PER_REPLAY = 32

WARM_UP_STEPS = 3  # as torch recommends before a capture


class CaptureError(Exception):
    """Kernels that cannot be captured; one line."""


class CountedSteps:
    """Takes the steps of an eager stepper, each from the row that is next, without the host in between.

    Args:
        eager: whose kernels are called.

    Attributes:
        rows: coefficients, minibatch indices and results, on the device.
    """

    def __init__(self, eager: EagerStepper) -> None:
        inputs = zip(eager.names, eager.plan.inputs, strict=True)
        self.rows = Rows.zeros({name: Strided.of(tensor) for name, tensor in inputs}, eager.table.device)
        self._eager = eager

    def take(self, steps: int) -> None:
        """Take steps; the host reads no values."""
        rows, eager = self.rows, self._eager
        result = eager.seen
        for _ in range(steps):
            eager.table.copy_(rows.per_step["table"].index_select(0, rows.place)[0])
            if eager.indices is not None:
                eager.indices.copy_(rows.per_step["indices"].index_select(0, rows.place)[0])
            for kernel in eager.plan.kernels:
                kernel()
            rows.seen.index_copy_(0, rows.place, result.to(rows.seen.dtype).unsqueeze(0))
            rows.place.add_(1)


class CudaGraphStepper:
    """Takes the steps of an eager stepper from CUDA graphs, which serve whatever a knob is turned to.

    Args:
        eager: whose kernels are captured; its tensors lie on a CUDA device.

    Raises:
        CaptureError: they cannot be captured; what a step renews is then as it was.
    """

    def __init__(self, eager: EagerStepper) -> None:
        self._steps = CountedSteps(eager)
        self._most = min(STEPS_PER_REPLAY, len(self._steps.rows.seen))
        inputs = zip(eager.names, eager.plan.inputs, strict=True)
        renewed = [tensor for name, tensor in inputs if name in eager.renewed]
        before = [tensor.clone() for tensor in renewed]
        try:
            self._warm_up(eager.table.device)
            self._one, self._many = self._captured(1), self._captured(self._most)
        except (RuntimeError, AssertionError, ValueError) as error:  # torch raises each of them
            raise CaptureError(f"no CUDA graph: {' '.join(str(error).split())}") from error
        finally:
            for tensor, value in zip(renewed, before, strict=True):
                tensor.copy_(value)

    def run(
        self,
        table: Tensor,
        indices: Tensor | None,
        seen: Tensor,
        draw: Callable[[int], None] | None = None,
    ) -> None:
        """Take k steps; see `engine.step.Stepper`."""
        self._steps.rows.run(self._replay, table, indices, seen, draw)

    def _warm_up(self, device: torch.device) -> None:
        side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch has no types here
        side.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(side):
            for _ in range(WARM_UP_STEPS):
                self._steps.rows.place.zero_()
                self._steps.take(1)
        torch.cuda.current_stream(device).wait_stream(side)

    def _captured(self, steps: int) -> torch.cuda.CUDAGraph:
        self._steps.rows.place.zero_()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._steps.take(steps)
        return graph

    def _replay(self, steps: int) -> None:
        for _ in range(steps // self._most):
            self._many.replay()
        for _ in range(steps % self._most):
            self._one.replay()
