"""The frames: the coordinates of theta in which an optimizer works."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from .base import Spec, knob
from .entry import Entry
from .registry import Registry, by_name


class Frame(Spec):
    """What every frame declares."""

    name: str


class Identity(Frame):
    """The network's own coordinates."""

    name: Literal["identity"] = "identity"


class Rotated(Frame):
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


FRAMES: Registry[Frame] = Registry(
    "frame",
    Frame,
    Entry(Identity, "grok_tui.lab.frames:identity"),
    Entry(Rotated, "grok_tui.lab.frames:rotated"),
)
"""The implementation of a frame is called with its spec, the `grok_tui.lab.models.Layout` of theta, and
theta; it returns a `grok_tui.lab.frames.Frame`."""

FrameSpec = Annotated[Frame, FRAMES, BeforeValidator(by_name)]
"""A frame as presets state it: a name, or a table."""
