"""What the explorer needs of a run: the engine's `Runner`, or something that behaves like it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.engine.snapshot import Snapshot
    from grok_tui.options import RunOptions
    from grok_tui.presets import Preset


class Source(Protocol):
    """A run that trains elsewhere; nothing here waits for it (see `grok_tui.engine.runner.Runner`)."""

    refusals: deque[str]

    @property
    def snapshot(self) -> Snapshot:
        """The latest snapshot."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def pause(self) -> None:
        """Stop soon."""
        ...

    def resume(self) -> None:
        """Go on, also after the end."""
        ...

    def step(self, steps: int = 1) -> None:
        """Pause and take that many steps."""
        ...

    def set_pace(self, pace: float | None) -> None:
        """Hold every arm to that many steps a second."""
        ...

    def intervene(self, arm: str, intervention: AnyIntervention) -> None:
        """Do something to an arm."""
        ...

    def restart(self, preset: Preset) -> None:
        """Begin anew."""
        ...

    def close(self, timeout: float = 0.8) -> bool:
        """End it; return whether it ended within `timeout` seconds."""
        ...


SourceFactory = Callable[["Preset", "RunOptions"], Source]


def runner(preset: Preset, options: RunOptions) -> Source:
    """Return the engine's runner for a preset."""
    from grok_tui.engine.runner import Runner

    return Runner(preset, device=options.device, threads=options.threads)
