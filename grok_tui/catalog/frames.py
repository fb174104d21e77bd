"""The frames: the coordinates of theta in which an optimizer works."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from .base import Spec, knob


class Identity(Spec):
    """The network's own coordinates."""

    name: Literal["identity"] = "identity"


class Rotated(Spec):
    """Random orthogonal coordinates of each tensor, as in Maes et al. 2024 (2410.19964).

    SGD goes the same way in them; what treats coordinates one by one, as Adam does, is another optimizer.
    """

    name: Literal["rotated"]
    seed: int = knob(0, ge=0, le=2**31 - 1, help="of the rotation, which all replicas share")
    block: int = knob(
        256,
        ge=1,
        le=1024,
        help="most numbers rotated together; larger tensors are shuffled and rotated in blocks, twice",
    )


def _tabled(value: Any) -> Any:
    """Read a name alone as the table with this name."""
    return {"name": value} if isinstance(value, str) else value


FrameSpec = Annotated[
    Annotated[Identity | Rotated, Field(discriminator="name")],
    BeforeValidator(_tabled),
]

FRAMES: dict[str, type[Spec]] = {"identity": Identity, "rotated": Rotated}
