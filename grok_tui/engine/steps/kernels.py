"""The cheapest call that computes one traced operation into a buffer of its own.

On tensors of a hundred numbers the call costs more than the arithmetic: a Python number among the arguments
3 us, an operator object 1 us more than torch's own binding of the same name, an average twice a sum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload

Kernel = Callable[[], Any]

aten = torch.ops.aten

# Their variants with a given buffer resize it on the way, which allocates at every call.
RESIZING = {aten.mse_loss, aten.smooth_l1_loss, aten.huber_loss}

COPIES = {aten._to_copy, aten.clone}

BINDINGS = {aten.linalg_vector_norm: torch.linalg.vector_norm}


def schedule(
    kernels: list[Kernel], op: OpOverload, args: Any, kwargs: Any, into: Tensor | None = None
) -> Any:
    """Evaluate an operation once and append the kernels that renew its result in place; return the result.

    Args:
        kernels: what to append to.
        op: the operation; functional, its result a fresh tensor or a tuple of them.
        args: its positional arguments; tensors among them stay where they are.
        kwargs: its keyword arguments.
        into: write the result here (one tensor) and leave the content as it is for now.
    """
    packet = op.overloadpacket
    if packet is aten.mean and into is None:
        return _mean(kernels, args, kwargs)
    result = op(*args, **kwargs) if into is None else into
    if packet in RESIZING:
        kernels.append(partial(_renew, result, op, args, kwargs))
    elif not isinstance(result, Tensor):
        kernels.append(_variant(op, args, kwargs, result))
    elif packet in COPIES:
        kernels.append(partial(result.copy_, args[0]))
    elif packet is aten.relu:  # three times as fast as its own variant with a given buffer
        kernels.append(partial(torch.clamp_min, args[0], 0, out=result))
    elif op is aten.pow.Tensor_Scalar and args[1] == 2:
        kernels.append(partial(torch.square, args[0], out=result))
    else:
        args = [_as_tensor(argument, result, op) for argument in args]
        kernels.append(_binding(op, args, kwargs, result) or _variant(op, args, kwargs, result))
    return result


def _mean(kernels: list[Kernel], args: Any, kwargs: Any) -> Tensor:
    """Average as a sum and a division, or as a view where there is nothing to add up."""
    values: Tensor = args[0]
    axes = list(args[1]) if len(args) > 1 and args[1] else list(range(values.dim()))
    keep = bool(args[2]) if len(args) > 2 else False
    count = prod(values.shape[axis] for axis in axes)
    if count == 1 and not kwargs:
        return values if keep else values.squeeze(tuple(axes))
    total = schedule(kernels, aten.sum.dim_IntList, (values, axes, keep), kwargs)
    mean: Tensor = schedule(kernels, aten.div.Tensor, (total, float(count)), {})
    return mean


def _as_tensor(argument: Any, result: Tensor, op: OpOverload) -> Any:
    """Turn a number that is combined with tensors element by element into a tensor."""
    elementwise = op._overloadname in ("Tensor", "Scalar") and torch.Tag.pointwise in op.tags
    if isinstance(argument, float) and elementwise and op.overloadpacket is not aten.pow:
        dtype = result.dtype if result.is_floating_point() else torch.get_default_dtype()
        return torch.tensor(argument, dtype=dtype, device=result.device)
    return argument


def _binding(op: OpOverload, args: Any, kwargs: Any, result: Tensor) -> Kernel | None:
    """Bind torch's own function of the same name, where it takes the same arguments."""
    packet = op.overloadpacket
    function = BINDINGS.get(packet) or getattr(torch, packet.__name__, None)
    if function is None:
        return None
    trial = torch.empty_strided(result.shape, result.stride(), dtype=result.dtype, device=result.device)
    before = trial.data_ptr()
    try:
        function(*args, **kwargs, out=trial)
    except (TypeError, RuntimeError):
        return None
    return partial(function, *args, **kwargs, out=result) if trial.data_ptr() == before else None


def _variant(op: OpOverload, args: Any, kwargs: Any, result: Tensor | tuple[Any, ...]) -> Kernel:
    """Bind the overload that writes into given tensors, or a call and a copy where there is none."""
    results = (result,) if isinstance(result, Tensor) else result
    wanted = _positional(op)
    packet = op.overloadpacket
    for name in packet.overloads():
        variant = getattr(packet, name)
        buffers = [a.name for a in variant._schema.arguments if a.alias_info is not None]
        if len(buffers) == len(results) and _positional(variant) == wanted and not _copies(variant, results):
            # Layout and memory format are those of the buffer already.
            known = {a.name for a in variant._schema.arguments}
            kept = {key: value for key, value in kwargs.items() if key in known}
            return partial(variant._op, *args, **kept, **dict(zip(buffers, results, strict=True)))
    return partial(_renew, result, op, args, kwargs)


def _copies(variant: OpOverload, results: tuple[Any, ...]) -> bool:
    """Tell whether it was only derived from the operation: it computes several anew, and copies each."""
    if len(results) == 1:
        return False
    name: str = variant.name()  # type: ignore[no-untyped-call]  # nor is it in torch
    return torch._C._dispatch_has_kernel_for_dispatch_key(name, "CompositeExplicitAutograd")


def _positional(op: OpOverload) -> list[tuple[str, str]]:
    return [(a.name, str(a.type)) for a in op._schema.arguments if not a.kwarg_only]


def _renew(result: Any, op: OpOverload, args: Any, kwargs: Any) -> None:
    """Recompute what has no variant that writes into a given buffer."""
    fresh = op(*args, **kwargs)
    if isinstance(result, Tensor):
        result.copy_(fresh)
    else:
        there = [i for i, buffer in enumerate(result) if isinstance(buffer, Tensor)]
        # One launch on a GPU, whose results come by three in a LayerNorm.
        torch._foreach_copy_([result[i] for i in there], [fresh[i] for i in there])
