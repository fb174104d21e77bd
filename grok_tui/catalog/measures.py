"""The measures: named numbers computed from an arm at its recorded steps."""

from __future__ import annotations

from typing import Literal, NamedTuple

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

COORDINATES = {
    "memorizer_mean": "mean of the memorizing coordinates",
    "memorizer_min": "smallest memorizing coordinate",
    "memorizer_max": "largest memorizing coordinate",
    "memorizer_sd": "standard deviation over the memorizing coordinates",
    "generalizer_mean": "mean of the generalizing coordinates",
}


CLASSES = {
    "margin_mean": "mean over the training samples of the right score less the best other one, or y f",
    "margin_min": "least margin of a training sample; positive where all are right",
    "zero_loss_share": "share of training samples whose loss is exactly 0",
    "parameter_count": "number of parameters",
    "embedding_norm": "L2 norm of the matrix that reads the inputs",
    "hidden_norm": "L2 norm of all parameters between embedding and readout",
    "unembedding_norm": "L2 norm of the readout",
    "embedding_linf": "largest absolute weight of the matrix that reads the inputs",
    "hidden_linf": "largest absolute parameter between embedding and readout",
    "unembedding_linf": "largest absolute weight of the readout",
    "sharpness": "largest eigenvalue of the Hessian of the training loss (costly)",
    "llc": "local learning coefficient of the training loss, by Langevin dynamics (costly)",
    "llc_rescaled": "the same of the network divided by its least training margin (costly)",
}

SPECTRUM = {
    "key_frequencies": "frequencies that stand out in the embedding: twice their fair share of its power",
    "embedding_gini": "Gini coefficient of the embedding's power by frequency; 0: all alike",
    "embedding_ipr": "inverse participation ratio of the embedding's power by frequency; 1: a single one",
    "unembedding_gini": "Gini coefficient of the readout's power by frequency",
    "unembedding_ipr": "inverse participation ratio of the readout's power by frequency",
}

GROUP = {
    "restricted_loss": "loss on all pairs when the scores keep nothing but the mean and the key frequencies",
    "excluded_loss": "loss on the training samples when the key frequencies are taken out of the scores",
    "logit_formula_r2": "share of the scores' variance that sum_k A_k cos(w_k (x o y - c)) explains",
}

COSTLY = frozenset({"active_units", "fourier_gap", "llc", "llc_rescaled", "sharpness"})
"""Measures that take far longer than a forward pass, and so are taken only where they are asked for."""

FAMILIES = {
    "Every arm has": GENERAL | ENVELOPE,
    "An arm on a task whose coordinates have roles has also": COORDINATES,
    "An arm on a task with classes has also": CLASSES,
    "An arm on a task whose symbols have frequencies or representations has also": SPECTRUM,
    "An arm on a task that is the product of a group has also": GROUP,
}


def measures_of(task: TaskSpec) -> dict[str, str]:
    """Return every measure that an arm on this task has: name -> one line of help."""
    families = (
        (GENERAL, True),
        (COORDINATES, task.coordinates),
        (CLASSES, task.classes),
        (SPECTRUM, task.spectral),
        (GROUP, task.group),
        (task.measures, True),
        (ENVELOPE, True),
    )
    return {name: text for family, had in families if had for name, text in family.items()}
