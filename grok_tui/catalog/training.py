"""How an arm is trained: steps, batches, loss, precision, and how often it is measured."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Spec, knob
from .losses import LossSpec

Positive = Annotated[int, Field(ge=1)]


class Training(Spec):
    """What may differ between the arms of one preset."""

    steps: int = knob(help="training steps", ge=1, le=10**10)
    batch_size: Positive | Literal["full"] = knob("full", help="samples in a step, or all of them", live=True)
    batches: Literal["epoch", "independent", "online"] = knob(
        "epoch",
        help="minibatches: shuffled epochs as a DataLoader, drawn anew each step, or online: of new samples",
    )
    withheld: float = knob(
        0.0, ge=0, lt=1, help="share of the training samples withheld at first, at random; see acquire"
    )
    loss: LossSpec = knob(help="the training loss, by its name, or as a table with its parameters")
    loss_dtype: Literal["float32", "float64"] = knob("float32", help="precision of the loss")
    dtype: Literal["float32", "float64"] = knob("float32", help="precision of theta and of the network")
    record_every: Positive | Literal["auto"] = knob(
        "auto", help="steps between measurements; auto: 1 at first, then about 2 % of the step reached"
    )


class PresetTraining(Training):
    """Training as a preset's own table states it, for all arms."""

    seed: int = knob(0, ge=0, le=2**31 - 1, help="replica r uses seed + r for its start, data and batches")
    replicas: int = knob(1, ge=1, le=100_000, help="seeds trained side by side")
