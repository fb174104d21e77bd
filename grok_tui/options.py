"""How a run is asked for: what the command line lays over a preset, the same for every front end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grok_tui.presets import Preset


@dataclass(frozen=True)
class RunOptions:
    """What may be asked of a run besides its preset; None leaves it to the preset or the machine."""

    profile: str = "quick"
    assignments: tuple[str, ...] = ()
    """`key=value` texts laid over the preset."""
    seed: int | None = None
    replicas: int | None = None
    steps: int | None = None
    device: str = "auto"
    threads: int | None = None
    compile: str | None = None
    """"auto", "on" or "off"; None is "auto" in the explorer, and deterministic too without a screen."""
    deterministic: bool = False
    """Whether bits may not depend on when something was compiled."""

    def load(self, name: str) -> Preset:
        """Load the preset of this name or path, with these options laid over it.

        Raises:
            PresetError: the file cannot be read, or something in it or in the options is wrong.
        """
        from grok_tui.presets import load

        return load(
            name,
            profile=self.profile,
            assignments=self.assignments,
            seed=self.seed,
            replicas=self.replicas,
            steps=self.steps,
        )
