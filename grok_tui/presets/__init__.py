"""The preset format: files, validation, and what a preset says."""

from .claim import Claim
from .control import Control
from .load import PROFILES, find, load, names, read
from .model import Arm, Preset
from .plugins import PluginUsed, changed, missing, plugins_in, plugins_of
from .settings import Settings, check_batch_size, part_of
from .statements import Source, Statement, Statements, shipped_statements

__all__ = [
    "PROFILES",
    "Arm",
    "Claim",
    "Control",
    "PluginUsed",
    "Preset",
    "Settings",
    "Source",
    "Statement",
    "Statements",
    "changed",
    "check_batch_size",
    "find",
    "load",
    "missing",
    "names",
    "part_of",
    "plugins_in",
    "plugins_of",
    "read",
    "shipped_statements",
]
