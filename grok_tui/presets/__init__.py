"""The preset format: files, validation, and what a preset says."""

from .load import PROFILES, find, load, names, read
from .model import Arm, Claim, Preset, checked_batch_size, with_hyperparameter

__all__ = [
    "PROFILES",
    "Arm",
    "Claim",
    "Preset",
    "checked_batch_size",
    "find",
    "load",
    "names",
    "read",
    "with_hyperparameter",
]
