"""Training steps replayed by the GPU: the kernels of many steps in one launch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor

from grok_tui.engine.steps.compiled.calling import Rows, Strided
from grok_tui.lab.process_wide import PROCESS_WIDE

from .step import Drawing, EagerStepper

STEPS_PER_REPLAY = 32

WARM_UP_STEPS = 3  # as torch recommends before a capture


class CaptureError(Exception):
    """Kernels that cannot be captured; one line."""


class ReplayError(RuntimeError):
    """A replay that did not take the steps it stands for; one line."""


class CountedSteps:
    """Takes the steps of an eager stepper, each from the row that is next, without the host in between.

    Args:
        eager: whose kernels are called.
        drawing: what draws random numbers; without a block of them, the caller has it draw each step's.

    Attributes:
        rows: coefficients, minibatch indices and results, on the device.
    """

    def __init__(self, eager: EagerStepper, drawing: Drawing | None = None) -> None:
        inputs = zip(eager.names, eager.plan.inputs, strict=True)
        self.rows = Rows.zeros({name: Strided.of(tensor) for name, tensor in inputs}, eager.table.device)
        self._eager = eager
        own = dict(zip(eager.names, eager.plan.inputs, strict=True))
        self._read = [(name, own[name].unsqueeze(0)) for name in self.rows.per_step]
        self._drawing = drawing if drawing is not None and drawing.most else None
        self._own = own

    def take(self, steps: int) -> None:
        """Take steps; the host reads no values."""
        rows, eager = self.rows, self._eager
        result, drawing = eager.seen, self._drawing
        for i in range(steps):
            if drawing is not None:
                place = i % drawing.most
                if place == 0:
                    drawn = drawing.block(min(drawing.most, steps - i))
                for name, block in drawn.items():
                    self._own[name].copy_(block[place])
            for name, tensor in self._read:
                torch.index_select(rows.per_step[name], 0, rows.place, out=tensor)
            for kernel in eager.plan.kernels:
                kernel()
            rows.seen.index_copy_(0, rows.place, result.to(rows.seen.dtype).unsqueeze(0))
            rows.place.add_(1)


class CudaGraphStepper:
    """Takes the steps of an eager stepper from CUDA graphs, which serve whatever a knob is turned to.

    Args:
        eager: whose kernels are captured; its tensors lie on a CUDA device.
        drawing: what draws the random numbers of steps; in blocks, it is captured as well.

    Raises:
        CaptureError: they cannot be captured; what a step renews is then as it was.
    """

    def __init__(self, eager: EagerStepper, drawing: Drawing | None = None) -> None:
        self._draws = drawing is not None and drawing.most > 0
        self._device = device = eager.table.device
        inputs = zip(eager.names, eager.plan.inputs, strict=True)
        renewed = [tensor for name, tensor in inputs if name in eager.renewed]
        before: list[Tensor] = []
        try:
            # A capture that fails leaves its stream the current one, and this then puts the usual one back.
            with (
                PROCESS_WIDE,  # of threads for other devices, which may capture as well
                torch.cuda.device(device),
                torch.cuda.stream(torch.cuda.current_stream(device)),
            ):
                # A graph's own choice is a stream of the first device used: on another it captures nothing.
                self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # nor torch
                self._steps = CountedSteps(eager, drawing)
                self._most = min(STEPS_PER_REPLAY, len(self._steps.rows.seen))
                before = [tensor.clone() for tensor in renewed]
                self._warm_up()
                self._one, self._many = self._captured(1), self._captured(self._most)
                self._try_out()
        except (RuntimeError, AssertionError, ValueError) as error:  # torch raises each of them
            raise CaptureError(f"no CUDA graph: {' '.join(str(error).split())}") from error
        finally:
            with suppress(RuntimeError):  # of a device that broke, which the next step tells
                for tensor, value in zip(renewed, before, strict=False):
                    tensor.copy_(value)

    def run(
        self,
        table: Tensor,
        indices: Tensor | None,
        seen: Tensor,
        draw: Callable[[int], None] | None = None,
    ) -> None:
        """Take k steps; see `engine.step.Stepper`.

        Raises:
            ReplayError: the device took another number of steps.
        """
        rows = self._steps.rows
        with torch.cuda.device(self._device):
            rows.run(self._replay, table, indices, seen, None if self._draws else draw)
        self._require((len(seen) - 1) % len(rows.seen) + 1)  # those since the rows were last laid ready

    def _warm_up(self) -> None:
        usual = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(usual)
        with torch.cuda.stream(self._stream):
            for _ in range(WARM_UP_STEPS):
                self._steps.rows.place.zero_()
                self._steps.take(1)
        usual.wait_stream(self._stream)

    def _captured(self, steps: int) -> torch.cuda.CUDAGraph:
        self._steps.rows.place.zero_()
        graph = torch.cuda.CUDAGraph()
        # What other threads do on a GPU, as one that is just being left, is none of this capture's business.
        with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
            self._steps.take(steps)
        return graph

    def _try_out(self) -> None:
        for graph, steps in ((self._one, 1), (self._many, self._most)):
            self._steps.rows.place.zero_()
            graph.replay()
            self._require(steps)

    def _require(self, steps: int) -> None:
        """Make sure that replays since `place` was zero took so many steps; this waits for the device."""
        taken = int(self._steps.rows.place.item())
        if taken != steps:
            raise ReplayError(
                f"a CUDA graph of {steps} steps took {taken}; --compile off trains without graphs"
            )

    def _replay(self, steps: int) -> None:
        for _ in range(steps // self._most):
            self._many.replay()
        for _ in range(steps % self._most):
            self._one.replay()
