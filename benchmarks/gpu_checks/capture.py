"""Check 3: CUDA graphs are captured beside other threads, move what they should, and leave nothing behind."""

from __future__ import annotations

import ctypes
import functools
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.steps import work
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.steps.cuda_graph import CudaGraphStepper

from .ballast import free_memory, warmed_up
from .effort import Effort
from .findings import Findings
from .problems import GPU, advance, arm_on, named, one_thread

PROBLEMS = ("linear101 b10", "MLP p=31", "transformer p=113", "LayerNorm transformer")
SECONDS = {"LayerNorm transformer": 3.0}
USUAL_SECONDS = 1.5
GRAPH_MIB, LEFT_MIB = 64.0, 1.0
STEPS = 37
"""Some by the graph of many steps, and some by that of one."""


@dataclass
class Captured:
    """What was seen while a stepper was built.

    Attributes:
        seconds: that both graphs took.
        bytes: by which the allocator's reserve grew.
        graphs: those that were made.
    """

    seconds: float = 0.0
    bytes: int = 0
    graphs: list[Any] = field(default_factory=list)


def check(found: Findings, effort: Effort) -> None:
    """Capture in a second thread while a third asks the driver for the free memory."""
    warmed_up()
    for name in PROBLEMS:
        done = threading.Thread(target=_captured, args=(found, name, effort))
        with asking():
            done.start()
            done.join()
    for name in PROBLEMS[:2]:
        found.at_most(
            f"{name}: memory kept after three arms were dropped, MiB", _kept(name, effort), LEFT_MIB
        )


def _captured(found: Findings, name: str, effort: Effort) -> None:
    one_thread()
    compiling = Compiling("on")
    try:
        with warnings.catch_warnings(record=True) as warned, watched() as seen:
            warnings.simplefilter("always")
            arm = arm_on(named(name, effort.tiny), GPU, compiling=compiling)
            before = arm.theta.clone()
            advance(arm, STEPS)
            place = place_of(arm)
            moved = (arm.theta - before).abs().max().item()
    except Exception as error:  # in a thread nobody would hear of it
        found.require(name, False, f"{type(error).__name__}: {error}", "no error")
        return
    found.require(
        f"{name}: a graph", not compiling.problems, "; ".join(compiling.problems) or "captured", "captured"
    )
    found.require(f"{name}: warnings", not warned, [str(each.message)[:80] for each in warned[:3]], "none")
    found.require(f"{name}: rows.place", place > 0, place, "the steps that the last chunk had")
    found.require(f"{name}: theta moves", moved > 0, f"{moved:.3g}", "> 0")
    counts = [nodes(graph) for graph in seen.graphs]
    if effort.emulated is None:
        holds = bool(counts) and all(count is None or count > 0 for count in counts)
        found.require(f"{name}: nodes of the graphs", holds, counts, "> 0 each")
    found.quick(f"{name}: capture of both", seen.seconds, SECONDS.get(name, USUAL_SECONDS))
    found.quick(f"{name}: memory of both, MiB", seen.bytes / 2**20, 2 * GRAPH_MIB, "")


def place_of(arm: Arm) -> int:
    """Return which row of what was laid ready a captured arm has come to: the steps of its last chunk."""
    (made,) = arm._trainer._works.values()
    stepper = made._fast
    assert isinstance(stepper, CudaGraphStepper), "its steps were eager"
    return int(stepper._steps.rows.place.item())


@contextmanager
def asking() -> Iterator[None]:
    """Have another thread ask the driver for the free memory, over and over."""
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            torch.cuda.mem_get_info(GPU)
            time.sleep(0.001)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


@contextmanager
def watched() -> Iterator[Captured]:
    """See how steppers are built meanwhile, and keep their graphs as they were captured."""
    seen, original, graph = Captured(), work.CudaGraphStepper, torch.cuda.CUDAGraph

    def kept(*given: Any, **named: Any) -> Any:
        try:
            made = graph(*given, keep_graph=True, **named)
        except TypeError:  # before torch 2.8
            made = graph(*given, **named)
        seen.graphs.append(made)
        return made

    class Timed(CudaGraphStepper):
        def __init__(self, *given: Any, **named: Any) -> None:
            torch.cuda.synchronize(GPU)
            began, reserved = time.perf_counter(), torch.cuda.memory_reserved(GPU)
            super().__init__(*given, **named)
            torch.cuda.synchronize(GPU)
            seen.seconds += time.perf_counter() - began
            seen.bytes += torch.cuda.memory_reserved(GPU) - reserved

    work.CudaGraphStepper, torch.cuda.CUDAGraph = Timed, kept  # type: ignore[misc]
    try:
        yield seen
    finally:
        work.CudaGraphStepper, torch.cuda.CUDAGraph = original, graph  # type: ignore[misc]


@functools.cache
def _library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None


def nodes(graph: Any) -> int | None:
    """Return how many nodes a captured graph has; None where this torch or driver does not tell."""
    library = _library()
    if library is None or not hasattr(graph, "raw_cuda_graph"):
        return None
    count = ctypes.c_size_t()
    try:
        failed = library.cuGraphGetNodes(ctypes.c_void_p(graph.raw_cuda_graph()), None, ctypes.byref(count))
    except RuntimeError:
        return None
    return None if failed else count.value


def _kept(name: str, effort: Effort) -> float:
    """Return by how many MiB the reserve is larger after three more arms than after a first one."""
    one_thread()
    reserved = []
    for count in (1, 3):
        for _ in range(count):
            arm = arm_on(named(name, effort.tiny), GPU, "on")
            advance(arm, STEPS)
            del arm
        free_memory()
        reserved.append(torch.cuda.memory_reserved(GPU))
    return (reserved[1] - reserved[0]) / 2**20
