"""The preset format: files, validation, and what a preset says."""

from .claim import Claim
from .control import Control
from .load import PROFILES, find, load, names, profiles_of, read
from .model import Arm, Preset
from .plugins import PluginUsed, changed, missing, plugins_in, plugins_of
from .settings import Settings, check_batch_size, part_of
from .statements import Source, Statement, Statements, shipped_statements
from .times import known_seconds
from .view import PresetView

__all__ = [
    "PROFILES",
    "Arm",
    "Claim",
    "Control",
    "PluginUsed",
    "Preset",
    "PresetView",
    "Settings",
    "Source",
    "Statement",
    "Statements",
    "changed",
    "check_batch_size",
    "find",
    "known_seconds",
    "load",
    "missing",
    "names",
    "part_of",
    "plugins_in",
    "plugins_of",
    "profiles_of",
    "read",
    "shipped_statements",
]
