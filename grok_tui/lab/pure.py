"""What draws from torch's generators, where a step has to be a function of what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class Draws(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes, while it is entered, which operations draw random numbers.

    Attributes:
        seen: their names, such as "aten.randn".
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: list[str] = []

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Carry an operation out."""
        if torch.Tag.nondeterministic_seeded in func.tags:
            self.seen.append(str(func.overloadpacket))
        return func(*args, **(kwargs or {}))
