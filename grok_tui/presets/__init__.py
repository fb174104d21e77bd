"""The preset format: files, validation, and what a preset says."""

from .control import Control
from .load import PROFILES, find, load, names, read
from .model import Arm, Claim, Preset
from .settings import Settings, check_batch_size, part_of
from .statements import Source, Statement, Statements, shipped_statements

__all__ = [
    "PROFILES",
    "Arm",
    "Claim",
    "Control",
    "Preset",
    "Settings",
    "Source",
    "Statement",
    "Statements",
    "check_batch_size",
    "find",
    "load",
    "names",
    "part_of",
    "read",
    "shipped_statements",
]
