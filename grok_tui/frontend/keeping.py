"""How the explorer comes by its runs, and what becomes of them on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from grok_tui.options import label_of

if TYPE_CHECKING:
    from grok_tui.engine.run.place import Place
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.engine.store.directory import RunDirectory
    from grok_tui.frontend.source import Source, SourceFactory
    from grok_tui.options import RunOptions
    from grok_tui.presets import Preset


@dataclass(frozen=True)
class Kept:
    """How the explorer has to do with runs on disk.

    Attributes:
        keep: whether to keep the runs that it begins.
        folder: where to keep the first; None makes a folder in the state folder.
        resumed: what takes up a run that was kept or that goes on elsewhere, to begin with.
        preset: the preset of that run.
        lasting: whether runs go on, each in a process of its own, when the explorer is left.
    """

    keep: bool = False
    folder: Path | None = None
    resumed: Callable[[], Source] | None = None
    preset: Preset | None = None
    lasting: bool = False

    def source(self, name: str, options: RunOptions, factory: SourceFactory, *, first: bool) -> Source:
        """Return the run that was asked for, which has not begun.

        Args:
            name: of the preset, or its path.
            options: what is laid over it.
            factory: makes a run in this process.
            first: whether the explorer opens with it.

        Raises:
            GrokTuiError: the preset or an option cannot be used.
        """
        if first and self.resumed is not None:
            return self.resumed()
        preset = options.load(name)
        folder = self.folder if first else None
        if self.lasting:
            return _lasting(preset, name, options, folder)
        if not self.keep:
            return factory(preset, options)
        return factory(preset, options, keeping=options.keeping(name, folder))


def goes_on(snapshot: Snapshot) -> bool:
    """Whether a run goes on when the explorer is left."""
    return snapshot.lasting and bool(snapshot.kept) and snapshot.state in ("running", "paused", "replaying")


def _lasting(preset: Preset, name: str, options: RunOptions, folder: Path | None) -> Source:
    """Return a run that goes on in a process of its own."""
    from grok_tui.engine.remote.client import Attached
    from grok_tui.engine.remote.keeper import KeeperJob, start

    job = KeeperJob(
        preset=preset,
        folder=folder.absolute() if folder is not None else None,
        label=label_of(name),
        profile=options.profile,
        place=options.place,
    )
    return Attached(lambda: start(job), preset)


def with_run(kept: Kept, name: str) -> tuple[Kept, str, str]:
    """Return how the explorer has to do with runs on disk once it takes up one of them.

    Returns:
        That, and label and profile of the run.

    Raises:
        StoreError: there is no such run, or it cannot be taken up.
    """
    from grok_tui.engine.run.place import AS_IT_WAS
    from grok_tui.engine.store.directory import RunStatus, preset_of
    from grok_tui.engine.store.library import find_run

    directory = find_run(name)
    document = directory.describe()
    preset = preset_of(document, directory)
    if directory.state() is RunStatus.RUNNING:
        resumed = attached(directory, preset)
    else:
        resumed = taken_up(directory, preset, AS_IT_WAS, lasting=kept.lasting)
    return replace(kept, resumed=resumed, preset=preset), document.label, document.profile


def attached(directory: RunDirectory, preset: Preset) -> Callable[[], Source]:
    """Return what looks on at a run that goes on elsewhere.

    Raises:
        StoreError: it does not, or cannot be reached; this is better said before a screen opens.
    """
    from grok_tui.engine.remote.address import connect
    from grok_tui.engine.remote.client import Attached

    connection = connect(directory)
    return lambda: Attached(lambda: connection, preset)


def taken_up(directory: RunDirectory, preset: Preset, place: Place, *, lasting: bool) -> Callable[[], Source]:
    """Return what takes up a kept run.

    Args:
        directory: its folder.
        preset: what it carries out.
        place: where and how to compute it, as far as that is otherwise than before.
        lasting: whether it goes on in a process of its own.
    """
    place = replace(place, compile="auto")
    if lasting:
        from grok_tui.engine.remote.client import Attached
        from grok_tui.engine.remote.keeper import KeeperJob, start

        document = directory.describe()
        job = KeeperJob(
            preset=preset,
            folder=directory.path,
            label=document.label,
            profile=document.profile,
            resumed=True,
            place=place,
        )
        return lambda: Attached(lambda: start(job), preset)
    from grok_tui.engine.worker.opening import Resumed
    from grok_tui.engine.worker.runner import Runner

    opening = Resumed(directory, place)
    return lambda: Runner(preset, opening, paused=True)
