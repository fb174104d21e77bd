"""The preset format: files, validation, and what a preset says."""

from .load import PROFILES, find, load, names, read
from .model import Arm, Claim, Preset
from .settings import Settings, check_batch_size, part_of

__all__ = [
    "PROFILES",
    "Arm",
    "Claim",
    "Preset",
    "Settings",
    "check_batch_size",
    "find",
    "load",
    "names",
    "part_of",
    "read",
]
