"""What only one thread at a time may do, since it changes something of the whole process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

PROCESS_WIDE = threading.RLock()
"""To be held while torch is patched to trace, draws from its global generator, or captures a CUDA graph."""


def trace(function: Callable[..., Any], *inputs: Any) -> GraphModule:
    """Return what a function of tensors does with inputs such as these, as a graph of single operations."""
    with PROCESS_WIDE:
        graph: GraphModule = make_fx(function)(*inputs)
        return graph
