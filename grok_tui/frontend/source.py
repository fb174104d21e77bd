"""What the explorer needs of others: a run, and somebody who draws; tests give it their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from grok_tui.charts.model import Chart
    from grok_tui.charts.picture import Picture
    from grok_tui.charts.style import Style
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.engine.worker.opening import Keeping
    from grok_tui.engine.worker.orders import Order
    from grok_tui.options import RunOptions
    from grok_tui.presets import Preset


class Source(Protocol):
    """A run that trains elsewhere, and that nothing here waits for.

    In a thread it is a `grok_tui.engine.worker.runner.Runner`, and in a process of its own, in which it lasts
    when nobody looks any more, a `grok_tui.engine.remote.client.Attached`.
    """

    refusals: deque[str]

    @property
    def snapshot(self) -> Snapshot:
        """The latest snapshot."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def give(self, order: Order) -> None:
        """Have an order carried out soon; what comes of it is in the snapshot, or among the refusals."""
        ...

    def close(self, timeout: float = 0.8) -> bool:
        """Let go of it, which ends one that does not last; return whether that took `timeout` seconds."""
        ...

    def end(self, timeout: float) -> bool:
        """End it, whether it lasts or not; return whether it ended within `timeout` seconds."""
        ...


class Drawing(Protocol):
    """What draws charts elsewhere (see `grok_tui.charts.process.Drawer`)."""

    def submit(self, key: Hashable, chart: Chart, width: int, height: int, *, style: Style) -> None:
        """Ask for a chart."""
        ...

    @property
    def busy(self) -> bool:
        """Whether there is or will be something to poll."""
        ...

    def poll(self) -> dict[Hashable, Picture]:
        """Return what was finished since the last call."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class SourceFactory(Protocol):
    """Makes a run of a preset; `keeping` is given where runs are kept on disk."""

    def __call__(self, preset: Preset, options: RunOptions, /, *, keeping: Keeping | None = None) -> Source:
        """Return the run, which has not begun."""
        ...


def helper_process() -> Drawing:
    """Return a helper process that draws."""
    from grok_tui.charts.process import Drawer

    return Drawer()


def runner(preset: Preset, options: RunOptions, /, *, keeping: Keeping | None = None) -> Source:
    """Return the engine's runner for a preset."""
    from grok_tui.engine.worker.opening import Anew
    from grok_tui.engine.worker.runner import Runner

    return Runner(preset, Anew(preset, options.place, keeping), pace=preset.pace)
