"""Open the explorer from Python."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grok_tui.errors import GrokTuiError
from grok_tui.frontend.orders import toml
from grok_tui.frontend.preset_toml import toml_text

from .running import Source, preset


def explore(
    source: Source | None = None,
    *,
    profile: str = "quick",
    set: Mapping[str, Any] | None = None,  # noqa: A002  (the option's name)
    **options: Any,
) -> int:
    """Open the explorer on this terminal, in a process of its own, and return its exit code when it is left.

    Args:
        source: a preset as `run` takes it; None opens the list of presets.
        profile: "quick", "medium" or "full".
        set: values laid over the preset, by dotted key.
        options: those of the command line by their names: `seed=7`, `device="cuda:1"`, `keep=True`.

    Raises:
        GrokTuiError: the preset is wrong, or this is no terminal, as in a notebook.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise GrokTuiError("the explorer needs a terminal; run() needs none")
    command = [sys.executable, "-m", "grok_tui", f"--profile={profile}"]
    command += [f"--set={key}={toml(value)}" for key, value in (set or {}).items()]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        command += [option] if value is True else [] if value in (None, False) else [f"{option}={value}"]
    if source is None:
        return subprocess.run(command, check=False).returncode
    if isinstance(source, (str, Path)) and "\n" not in str(source):
        return subprocess.run([*command, f"--preset={source}"], check=False).returncode
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preset.toml"
        path.write_text(toml_text(preset(source, profile=profile)))
        return subprocess.run([*command, f"--preset={path}"], check=False).returncode
