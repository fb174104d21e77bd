"""Where things lie: the shipped presets and the user's own folders."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_state_path

PACKAGE = Path(__file__).parent


def shipped_presets() -> Path:
    """Return the folder of the shipped presets, in an installed package or in a checkout."""
    installed = PACKAGE / "shipped_presets"
    return installed if installed.is_dir() else PACKAGE.parent / "presets"


def user_presets() -> Path:
    """Return the folder where a user's own presets live; it need not exist."""
    return user_config_path("grok-tui") / "presets"


def runs_folder() -> Path:
    """Return the folder where runs are kept; it need not exist."""
    return user_state_path("grok-tui") / "runs"


def compiled_folder() -> Path:
    """Return the folder where compiled training steps are kept; it need not exist."""
    return user_cache_path("grok-tui") / "compiled"


def crashes_folder() -> Path:
    """Return the folder of what is put on record of the program's own faults; it need not exist."""
    return user_state_path("grok-tui") / "crashes"
