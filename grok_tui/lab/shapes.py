"""Shapes of tensors in annotations, written as jaxtyping has them: `Float[Tensor, "R P"]`.

For whoever reads and for mypy it is a `Tensor`. Where jaxtyping and beartype are installed, the tests put
jaxtyping in the place of this module and have the shapes and dtypes of all calls checked. R replicas, P
parameters, B blocks, N samples, O outputs.
"""

from __future__ import annotations

from typing import Annotated as Float

__all__ = ["Float"]
