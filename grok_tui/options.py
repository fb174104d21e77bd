"""How a run is asked for: what the command line lays over a preset, the same for every front end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grok_tui.engine.run.place import Place
from grok_tui.printable import printable

if TYPE_CHECKING:
    from grok_tui.engine.worker.opening import Keeping
    from grok_tui.presets import Preset


def label_of(name: str) -> str:
    """Return what a run of the preset of this name or path is called, as a line that anything can show."""
    return printable(Path(name).stem)


@dataclass(frozen=True, kw_only=True)
class RunOptions(Place):
    """What may be asked of a run besides its preset; None leaves it to the preset or the machine."""

    device: str = "auto"
    tf32: bool = False
    profile: str = "quick"
    assignments: tuple[str, ...] = ()
    """`key=value` texts laid over the preset."""
    seed: int | None = None
    replicas: int | None = None
    steps: int | None = None

    @property
    def place(self) -> Place:
        """Where and how to compute."""
        return Place(
            device=self.device,
            threads=self.threads,
            tf32=self.tf32,
            compile=self.compile or "auto",
            deterministic=self.deterministic,
        )

    def keeping(self, name: str, folder: Path | None) -> Keeping:
        """Return how a run of the preset of this name is kept.

        folder: where; None makes a folder in the state folder.
        """
        from grok_tui.engine.worker.opening import Keeping

        return Keeping(label_of(name), self.profile, folder)

    def load(self, name: str | Mapping[str, Any]) -> Preset:
        """Load the preset of this name or path, or of these tables, with these options laid over it.

        Raises:
            PresetError: the file cannot be read, or something in it or in the options is wrong.
        """
        from grok_tui.presets import load

        return load(
            name if isinstance(name, str) else dict(name),
            profile=self.profile,
            assignments=self.assignments,
            seed=self.seed,
            replicas=self.replicas,
            steps=self.steps,
        )
