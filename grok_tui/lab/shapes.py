"""Shapes of tensors in annotations, written as jaxtyping has them: `Float[Tensor, "R P"]`.

For whoever reads and for mypy it is a `Tensor`. Where jaxtyping and beartype are installed, the tests put
jaxtyping in the place of this module and have the shapes and dtypes of all calls checked. R replicas, P
parameters, T tensors, B blocks, N samples, I inputs, O outputs, C coordinates or components; `*R` and `...`
are any number of axes, and `Shaped` is of any dtype.
"""

from __future__ import annotations

from typing import Annotated as Bool
from typing import Annotated as Float
from typing import Annotated as Int
from typing import Annotated as Shaped

__all__ = ["Bool", "Float", "Int", "Shaped"]
