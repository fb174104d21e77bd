"""Trace a pure tensor function once, then replay it as bare kernels.

A training step of a tiny network is nearly all overhead: building an autograd graph, dispatching through
`torch.func`, allocating results. A `Plan` pays that once. It traces the function down to its kernels
(`make_fx`), does at once whatever never changes (views, factories, all that depends on constants alone), and
gives every remaining kernel a buffer of its own to write into. A replay is then a list of kernel calls on
tensors that stay where they are: no autograd, no allocation, no Python but the calls themselves. The same
property makes a replay capturable as a CUDA graph.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.fx import Graph, Node
from torch.fx.passes.dialect.common.cse_pass import CSEPass
from torch.utils._pytree import tree_map

from grok_tui.lab.process_wide import trace

from .kernels import Kernel, aten, schedule

# What these return depends on the shape of their arguments alone.
FACTORIES = {aten.ones_like, aten.zeros_like, aten.full_like, aten.new_zeros, aten.new_ones, aten.new_full}


class Plan:
    """A pure function of tensors, replayed on tensors that stay in place.

    Args:
        function: maps `*inputs` to a tuple of tensors; pure, without randomness or branches on their values.
        inputs: the tensors it reads. They keep their storage; a caller changes their content in place.
        constant: for each input, whether its content never changes; work on constants is done once, here.
        updates: output i is written back into the input `updates[i]` at the end of each replay.

    Attributes:
        outputs: the results, in tensors that every replay overwrites.
        kernels: the calls that make up one replay, in order; to be called without gradient tracking.
        inputs: as given.
        graph: the operations traced, as they were before any was done beforehand.
        constants: the values of those of its nodes that never change; of constant inputs too.
    """

    def __init__(
        self,
        function: Callable[..., tuple[Tensor, ...]],
        inputs: Sequence[Tensor],
        *,
        constant: Sequence[bool],
        updates: dict[int, int] | None = None,
    ) -> None:
        updates = updates or {}
        self.inputs = tuple(inputs)
        self.kernels: list[Kernel] = []
        with torch.no_grad():
            self.graph = _traced(function, inputs)
            evaluation = _Evaluation(self.graph, inputs, constant, updates, self.kernels)
        self.outputs, self.constants = evaluation.outputs, evaluation.constants
        for output, target in updates.items():
            if self.outputs[output] is not inputs[target]:
                self.kernels.append(partial(inputs[target].copy_, self.outputs[output]))

    def replay(self) -> None:
        """Run the kernels once."""
        for kernel in self.kernels:
            kernel()


class _Evaluation:
    """One walk over a traced graph: values now, kernels for what will change."""

    def __init__(
        self,
        graph: Graph,
        inputs: Sequence[Tensor],
        constant: Sequence[bool],
        updates: dict[int, int],
        kernels: list[Kernel],
    ) -> None:
        self._kernels = kernels
        self._value: dict[Node, Any] = {}
        self._constant: set[Node] = set()
        self._overwrites = _overwritten(graph, inputs, updates)
        given = iter(zip(inputs, constant, strict=True))
        for node in graph.nodes:
            if node.op == "placeholder":
                self._value[node], is_constant = next(given)
                if is_constant:
                    self._constant.add(node)
            elif node.op == "get_attr":
                self._value[node] = getattr(graph.owning_module, str(node.target))
                self._constant.add(node)
            elif node.op == "call_function":
                self._add(node)
        self.outputs: tuple[Tensor, ...] = tuple(self._value[node] for node in _results(graph))
        self.constants = {node: self._value[node] for node in self._constant}

    def _add(self, node: Node) -> None:
        """Evaluate a node now and, unless its value never changes, schedule the kernel that renews it."""
        args, kwargs = tree_map(
            lambda a: self._value[a] if isinstance(a, Node) else a, (node.args, node.kwargs)
        )
        op = cast(OpOverload, node.target)
        packet = getattr(op, "overloadpacket", None)
        if packet in FACTORIES or all(source in self._constant for source in node.all_input_nodes):
            self._value[node] = _call(op, args, kwargs)
            self._constant.add(node)
        elif node.target is operator.getitem:
            self._value[node] = args[0][args[1]]
        elif _is_view(node.target):
            self._value[node] = self._view(op, args, kwargs)
        elif packet is aten.pow and _is_one(args[1]):  # the derivative of a square
            self._value[node] = args[0]
        elif packet is aten.cat and len(args[0]) == 1:
            self._value[node] = args[0][0]
        elif packet is aten.bmm:
            self._value[node] = self._batched_product(*args)
        else:
            assert not op._schema.is_mutable, f"{op} changes what it is given"
            self._value[node] = schedule(self._kernels, op, args, kwargs, into=self._overwrites.get(node))

    def _view(self, op: OpOverload, args: Any, kwargs: Any) -> Any:
        try:
            return _call(op, args, kwargs)
        except RuntimeError:  # the layout of a rewritten product does not allow this view: take a copy
            source = schedule(self._kernels, aten.clone.default, (args[0].contiguous(),), {})
            self._kernels[-1] = partial(source.copy_, args[0])
            return _call(op, (source, *args[1:]), kwargs)

    def _batched_product(self, a: Tensor, b: Tensor) -> Tensor:
        """Schedule `a @ b` over replicas, as one matrix product where all replicas share an operand.

        Shapes: a [R, N, F], b [R, F, O]. `torch.func.vmap` repeats what replicas share (stride 0).
        """
        replicas, rows, inner = a.shape
        columns = b.shape[2]
        transposed = b.transpose(1, 2)
        if replicas > 1 and a.stride(0) == 0 and transposed.is_contiguous():
            weights = transposed.view(replicas * columns, inner)
            product: Tensor = schedule(self._kernels, aten.mm.default, (weights, a[0].t()), {})
            return product.view(replicas, columns, rows).transpose(1, 2)
        if replicas > 1 and b.stride(0) == 0 and a.is_contiguous():
            stacked = a.view(replicas * rows, inner)
            product = schedule(self._kernels, aten.mm.default, (stacked, b[0]), {})
            return product.view(replicas, rows, columns)
        return cast(Tensor, schedule(self._kernels, aten.bmm.default, (a, b), {}))


def _traced(function: Callable[..., tuple[Tensor, ...]], inputs: Sequence[Tensor]) -> Graph:
    """Trace a function down to its kernels, each of which computes what no other does."""
    result = CSEPass()(trace(function, *inputs))
    assert result is not None, "the pass always returns a module"
    graph: Graph = result.graph_module.graph
    graph.eliminate_dead_code()
    return graph


def _overwritten(graph: Graph, inputs: Sequence[Tensor], updates: dict[int, int]) -> dict[Node, Tensor]:
    """Find the results that can be written straight over the input they update.

    That is safe where the kernel works element by element and nothing reads the old content after it.
    """
    nodes = list(graph.nodes)
    placeholders = [node for node in nodes if node.op == "placeholder"]
    position = {node: i for i, node in enumerate(nodes)}
    results = _results(graph)
    found = {}
    for output, target in updates.items():
        result = results[output]
        readers = set(placeholders[target].users)
        views = [reader for reader in readers if _is_view(reader.target)]
        while views:
            users = views.pop().users
            readers |= set(users)
            views += [user for user in users if _is_view(user.target)]
        elementwise = torch.Tag.pointwise in getattr(result.target, "tags", ())
        if elementwise and all(position[reader] <= position[result] for reader in readers):
            found[result] = inputs[target]
    return found


def _results(graph: Graph) -> list[Node]:
    return list(cast(Sequence[Node], graph.output_node().args[0]))


def _is_one(number: Any) -> bool:
    return isinstance(number, (int, float)) and number == 1


def _call(op: OpOverload, args: Any, kwargs: Any) -> Any:
    return (aten.view.default if op is aten._unsafe_view.default else op)(*args, **kwargs)


def _is_view(target: Any) -> bool:
    """Tell whether an operation returns its argument's own memory."""
    if target is operator.getitem or target is aten._unsafe_view.default:
        return True
    if not isinstance(target, OpOverload):
        return False
    returns = target._schema.returns
    return bool(returns) and all(r.alias_info is not None and not r.alias_info.is_write for r in returns)
