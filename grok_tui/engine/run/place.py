"""Where and how a run is computed, as it is asked for. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and how to compute; None leaves it to the machine, or to how the run was computed before."""

    device: str | None = None
    """"auto", "cpu", "cuda", "cuda:N", several GPUs as "cuda:0,cuda:2", or "all"."""
    threads: int | None = None
    tf32: bool | None = None
    """Whether a GPU may round the factors of float32 products to 10 bits, which is faster."""
    compile: str | None = None
    """"auto", "on" or "off"; None is "auto" in the explorer, and deterministic too without a screen."""
    deterministic: bool = False
    """Whether bits may not depend on when something was compiled."""


AS_IT_WAS = Place()
"""As the machine, or what computed a run before, would have it."""
