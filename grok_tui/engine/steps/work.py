"""The ways to take an arm's steps as long as what they are made of stays the same, and which one is taken."""

from __future__ import annotations

import time
from collections.abc import Mapping

from torch import Tensor

from grok_tui.engine.steps.compiled.builds import Build
from grok_tui.engine.steps.compiled.native import NativeError
from grok_tui.engine.steps.compiled.program import Program, program_of
from grok_tui.engine.steps.compiled.stepper import CompiledStepper

from .backends import WORTH_LOADING_SECONDS, WORTHWHILE_SECONDS, Backend, Compiling
from .cuda_graph import CaptureError, CudaGraphStepper
from .step import Drawing, EagerStepper, Parts, Stepper


class Work:
    """Takes steps of one kind.

    Args:
        parts: what a step is made of.
        tensors: what it reads by name; theta, slots and filters are renewed in place.
        compiling: how to go about compiling.
        drawing: draws those of the tensors that are random.

    Attributes:
        tensors: as given.
        drawing: as given; whoever takes steps says which are next.
    """

    def __init__(
        self,
        parts: Parts,
        tensors: Mapping[str, Tensor],
        compiling: Compiling,
        drawing: Drawing | None = None,
    ) -> None:
        self.drawing = drawing
        self.tensors = tensors
        self._compiling = compiling
        self._eager = EagerStepper(parts, tensors)
        self._fast: CompiledStepper | CudaGraphStepper | None = None
        self._program: Program | None = None
        self._build: Build | None = None
        self._failed = False
        self._seconds = 0.0

    def choose(self, left: int, prescribed: Backend | None) -> Backend:
        """Decide by what the next steps are taken.

        Args:
            left: how many steps are left.
            prescribed: what has to take them, as far as it can here; None leaves it to the mode.
        """
        if prescribed is not None:
            fast, wait = prescribed != "eager", True
        else:
            mode = self._compiling.mode if self._on_gpu else self._compiling.on_cpu
            fast, wait = mode != "off", mode == "on"
        if not fast or not self._ready(wait, left * self._seconds):
            return "eager"
        return "cuda graph" if self._on_gpu else "compiled"

    def run(
        self,
        backend: Backend,
        table: Tensor,
        indices: Tensor | None,
        seen: Tensor,
    ) -> None:
        """Take k steps by what was chosen; the other arguments as of `Stepper.run`."""
        stepper: Stepper = self._eager
        if backend != "eager" and self._fast is not None:
            stepper = self._fast
        started = time.perf_counter()
        stepper.run(table, indices, seen, self.drawing)
        if stepper is self._eager:
            # The quickest chunk so far: the first ones warm up.
            seconds = (time.perf_counter() - started) / len(seen)
            self._seconds = min(seconds, self._seconds or seconds)

    @property
    def _on_gpu(self) -> bool:
        return self.tensors["theta"].is_cuda

    def _ready(self, wait: bool, seconds_left: float) -> bool:
        """Tell whether there is something faster than eager steps, and see to it that there will be."""
        if self._fast is None and not self._failed:
            try:
                if self._on_gpu:
                    self._fast = CudaGraphStepper(self._eager, self.drawing)
                else:
                    self._fast = self._loaded(wait, seconds_left)
            except (NativeError, CaptureError) as error:
                self._failed = True
                self._compiling.tell(str(error))
        return self._fast is not None

    def _loaded(self, wait: bool, seconds_left: float) -> CompiledStepper | None:
        """Return what was compiled, once it is; order it where that is worth it."""
        if not wait and seconds_left < WORTH_LOADING_SECONDS:
            return None
        workshop = self._compiling.workshop
        if self._program is None or self._build is None:
            self._program = program_of(self._eager.plan, self._eager.names, self._eager.renewed)
            self._build = workshop.find(self._program)
        build = self._build
        if wait or seconds_left >= WORTHWHILE_SECONDS:
            workshop.order(build, self._program)
        workshop.poll()
        if wait and not build.ready and build.problem is None:
            self._compiling.say("compiling training steps first, which takes a while")
            workshop.wait(build)
        if build.problem is not None:
            raise NativeError(build.problem)
        return CompiledStepper(self._program, build.folder, self.tensors) if build.ready else None
