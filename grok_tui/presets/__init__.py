"""The preset format: files, validation, and what a preset says."""

from .hyperparameters import check_batch_size, checked_batch_size, with_hyperparameter, with_modifier
from .load import PROFILES, find, load, names, read
from .model import Arm, Claim, Preset

__all__ = [
    "PROFILES",
    "Arm",
    "Claim",
    "Preset",
    "check_batch_size",
    "checked_batch_size",
    "find",
    "load",
    "names",
    "read",
    "with_hyperparameter",
    "with_modifier",
]
