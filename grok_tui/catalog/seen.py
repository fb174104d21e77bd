"""What is seen of every step, and what is kept of it between two recorded ones."""

from __future__ import annotations

from typing import Literal, NamedTuple

SEEN = ("loss", "update", "largest_update", "readout_norm")
"""What is seen of a step: batch loss before, ||theta change||_2, max |theta_i change|, readout norm after."""


class Side(NamedTuple):
    """A side of the envelope: what of `SEEN` it holds, of all steps since the last recorded one."""

    seen: str
    fold: Literal["min", "max"]
    help: str


# Folded from every step since the last recorded one, so that a spike of one step is never lost.
ENVELOPE_SIDES = {
    "step_loss_min": Side("loss", "min", "smallest batch loss since the last recorded step"),
    "step_loss_max": Side("loss", "max", "largest batch loss since the last recorded step"),
    "update_size_min": Side(
        "update", "min", "smallest ||theta change||_2 of a step since the last recorded one"
    ),
    "update_size_max": Side(
        "update", "max", "largest ||theta change||_2 of a step since the last recorded one"
    ),
    "update_in_lr_max": Side(
        "largest_update",
        "max",
        "largest |theta_i change| of a step since the last recorded one, in units of lr",
    ),
}
ENVELOPE = {name: side.help for name, side in ENVELOPE_SIDES.items()}
