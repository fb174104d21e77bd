"""The measures: named numbers computed from an arm at its recorded steps."""

from __future__ import annotations

from .tasks import TaskSpec

GENERAL = {
    "train_loss": "loss on all training samples",
    "val_loss": "loss on the validation samples",
    "train_accuracy": "share of training samples that are right",
    "val_accuracy": "share of validation samples that are right",
    "l2_norm": "||theta||_2",
    "linf_norm": "max |theta_i|",
    "distance_from_init": "||theta - theta_0||_2",
}

# Folded from every step since the last recorded one, so that a spike of one step is never lost.
ENVELOPE = {
    "step_loss_min": "smallest batch loss since the last recorded step",
    "step_loss_max": "largest batch loss since the last recorded step",
    "update_size_min": "smallest ||theta change||_2 of a step since the last recorded one",
    "update_size_max": "largest ||theta change||_2 of a step since the last recorded one",
}

COORDINATES = {
    "memorizer_mean": "mean of the memorizing coordinates",
    "memorizer_min": "smallest memorizing coordinate",
    "memorizer_max": "largest memorizing coordinate",
    "memorizer_sd": "standard deviation over the memorizing coordinates",
    "generalizer_mean": "mean of the generalizing coordinates",
}


def measures_of(task: TaskSpec) -> dict[str, str]:
    """Return every measure that an arm on this task has: name -> one line of help."""
    return GENERAL | (COORDINATES if task.coordinates else {}) | task.measures | ENVELOPE
