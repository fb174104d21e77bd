"""What is compiled of a plan: its graph without all that is known beforehand."""

from __future__ import annotations

import hashlib
import io
import pickle
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, GraphModule, Node
from torch.utils._pytree import tree_map

from grok_tui.engine.steps.kernels import aten
from grok_tui.engine.steps.plan import FACTORIES, Plan

from .calling import Strided

# Counts up when the same graph is compiled to something else, so that what is kept is passed over.
RECIPE = 2

# Up to this many products, a matrix times a vector is faster fused with its surroundings than handed to BLAS.
FUSED_PRODUCTS = 1 << 17


@dataclass(frozen=True)
class Program:
    """One training step to be compiled.

    Attributes:
        step: maps the plan's inputs and then `known` to what the plan returns, as a graph of aten operations.
        names: of the plan's inputs.
        renewed: the inputs that the first outputs renew; after them comes what is seen [S, R].
        layouts: of the plan's inputs and of `known`.
        known: what depends on constants alone, computed once.
        threads: for which the code is made.
    """

    step: GraphModule
    names: tuple[str, ...]
    renewed: tuple[str, ...]
    layouts: tuple[Strided, ...]
    known: tuple[Tensor, ...]
    threads: int

    def key(self) -> str:
        """Return what tells it from every other program, on this machine and with this torch."""
        parts = [
            RECIPE,
            self.step.code,
            self.names,
            self.renewed,
            self.layouts,
            self.threads,
            torch.__version__,
            processor(),
        ]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def pickled(self) -> bytes:
        """Return all that is needed to compile it; the values of what is known are not."""
        buffer = io.BytesIO()
        pickle.dump((self.step, self.names, self.renewed, self.layouts, self.threads), buffer)
        return buffer.getvalue()


def program_of(plan: Plan, names: tuple[str, ...], renewed: tuple[str, ...]) -> Program:
    """Return the program of a plan.

    Args:
        plan: whose outputs are the renewed tensors and what is seen.
        names: of its inputs.
        renewed: the inputs that its first outputs renew.
    """
    copy = _Copy(plan)
    step = GraphModule(torch.nn.Module(), copy.graph)
    known = tuple(copy.known)
    layouts = tuple(Strided.of(tensor) for tensor in (*plan.inputs, *known))
    return Program(step, names, renewed, layouts, known, torch.get_num_threads())


@cache
def processor() -> str:
    """Return what of the processor decides which code runs on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("model name", "flags", "Features", "CPU part")
    seen = {line for line in lines if line.startswith(wanted)}
    return "\n".join([platform.machine(), *sorted(seen)])


class _Copy:
    """A plan's graph, copied node by node; what is constant becomes a number in it or something given."""

    def __init__(self, plan: Plan) -> None:
        self.graph = Graph()
        self.known: list[Tensor] = []
        self._plan = plan
        self._image: dict[Node, Node] = {}
        self._from_data: set[Node] = set()
        for node in plan.graph.nodes:
            if node.op == "placeholder":
                self._image[node] = self.graph.placeholder(f"given_{len(self._image)}")
                self._from_data.add(node)
            elif node.op == "output":
                self.graph.output(tuple(self._of(result) for result in node.args[0]))
            elif node in plan.constants:
                self._trace_back(node)
            else:
                self._image[node] = self._copied(node)
        # Placeholders come first in a graph; those of what is known were met on the way.
        nodes = list(self.graph.nodes)
        first_call = next(node for node in nodes if node.op != "placeholder")
        for node in nodes[nodes.index(first_call) :]:
            if node.op == "placeholder":
                first_call.prepend(node)
        self.graph.eliminate_dead_code()

    def _trace_back(self, node: Node) -> None:
        """Note whether a constant depends on data, and not only on their shape."""
        of_shape = getattr(node.target, "overloadpacket", None) in FACTORIES
        if not of_shape and any(source in self._from_data for source in node.all_input_nodes):
            self._from_data.add(node)

    def _of(self, node: Any) -> Any:
        """Return what stands for a node of the plan in the copy."""
        if not isinstance(node, Node):
            return node
        if node not in self._image:
            value = self._plan.constants[node]
            if not isinstance(value, Tensor):
                return value
            self._image[node] = self._number(node, value) or self._given(value)
        return self._image[node]

    def _number(self, node: Node, value: Tensor) -> Node | None:
        """Return a constant that is one number everywhere, whatever the data, as a part of the code."""
        first = value.reshape(-1)[0]
        if node in self._from_data or not bool((value == first).all()):
            return None
        return self.graph.call_function(
            aten.full.default, (list(value.shape), first.item()), {"dtype": value.dtype}
        )

    def _given(self, value: Tensor) -> Node:
        """Return an input for a value; what is the same along an axis is given once."""
        once = value
        for axis, stride in enumerate(value.stride()):
            if stride == 0:
                once = once.narrow(axis, 0, 1)
        self.known.append(once.contiguous())
        node = self.graph.placeholder(f"known_{len(self.known) - 1}")
        return node if once is value else self._call(aten.expand.default, node, list(value.shape))

    def _call(self, target: Any, *args: Any) -> Node:
        return self.graph.call_function(target, args)

    def _copied(self, node: Node) -> Node:
        if node.target is aten.mm.default:
            fused = self._fused_product(*node.args)
            if fused is not None:
                return fused
        if node.target is aten.bmm.default:
            shared = self._shared_product(*node.args)
            if shared is not None:
                return shared
        args, kwargs = tree_map(self._of, (node.args, dict(node.kwargs)))
        target: Any = node.target
        return self.graph.call_function(target, args, kwargs)

    def _fused_product(self, a: Any, b: Any) -> Node | None:
        """Return a small matrix [N, F] times a vector as a sum of products along the slow axis."""
        (rows, inner), columns = self._shape(a), self._shape(b)[1]
        if min(rows, columns) > 1 or rows * inner * columns > FUSED_PRODUCTS:
            return None
        if columns > 1:
            return self._summed(self._of(b), self._turned(self._of(a)))
        # (a b)^T = b^T a^T; a constant is laid out with the rows of a^T along the fast axis.
        known = a in self._plan.constants
        matrix = self._given(self._plan.constants[a].t()) if known else self._turned(self._of(a))
        return self._turned(self._summed(matrix, self._of(b)))

    def _shared_product(self, a: Any, b: Any) -> Node | None:
        """Return a [R, N, F] times b [R, F, O] as one product where all replicas share a constant operand."""
        replicas, rows, inner = self._shape(a)
        columns = self._shape(b)[2]
        if self._is_shared(a):
            wide = self._call(aten.permute.default, self._of(b), [0, 2, 1])
            wide = self._call(aten.reshape.default, wide, [replicas * columns, inner])
            product = self._call(aten.mm.default, wide, self._given(self._plan.constants[a][0].t()))
            product = self._call(aten.view.default, product, [replicas, columns, rows])
            return self._call(aten.permute.default, product, [0, 2, 1])
        if self._is_shared(b):
            tall = self._call(aten.reshape.default, self._of(a), [replicas * rows, inner])
            product = self._call(aten.mm.default, tall, self._given(self._plan.constants[b][0]))
            return self._call(aten.view.default, product, [replicas, rows, columns])
        return None

    def _is_shared(self, node: Any) -> bool:
        return node in self._plan.constants and self._plan.constants[node].stride(0) == 0

    def _shape(self, node: Node) -> tuple[int, ...]:
        """Return the shape of a node of the plan; one that was closed over has no record of it."""
        known = self._plan.constants.get(node)
        return tuple(known.shape if known is not None else node.meta["tensor_meta"].shape)

    def _summed(self, matrix: Node, column: Node) -> Node:
        return self._call(aten.sum.dim_IntList, self._call(aten.mul.Tensor, matrix, column), [0], True)

    def _turned(self, matrix: Node) -> Node:
        return self._call(aten.permute.default, matrix, [1, 0])
