"""How a runner comes by its run: made anew, kept in a folder, or taken up from one.

Nothing here imports torch before a run is opened, which is done in the runner's own thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from grok_tui.engine.run.run import Run
    from grok_tui.engine.store.directory import RunDirectory
    from grok_tui.engine.store.store import Store
    from grok_tui.presets import Preset

Say = Callable[[str], None]


class Opening(Protocol):
    """Where a run comes from, and whether it is kept."""

    def open(self, say: Say) -> tuple[Run, Store | None]:
        """Return the run, and what keeps it if it is kept.

        say: told, in one line each, of what is not as it should be.

        Raises:
            GrokTuiError: the machine or the folder does not allow it.
        """
        ...

    def keep_again(self, run: Run) -> Store | None:
        """Begin to keep a run that has begun anew, if runs are kept.

        Raises:
            StoreError: its folder cannot be made.
        """
        ...


@dataclass(frozen=True)
class Keeping:
    """How runs are kept.

    Attributes:
        label: the preset's name.
        profile: "quick" or "full".
        folder: the folder of the first run; None makes one in the state folder.
        cadence: seconds between two checkpoints; None for the usual.
    """

    label: str
    profile: str = "quick"
    folder: Path | None = None
    cadence: float | None = None

    def keep(self, run: Run, folder: Path | None) -> Store:
        """Begin to keep a run."""
        from grok_tui.engine.store.store import create

        return create(run, self.label, self.profile, folder, self.cadence)

    def keep_again(self, run: Run) -> Store:
        """Begin to keep a further run: in a folder beside the first, DIR-2, DIR-3..."""
        folder, number = self.folder, 2
        while folder is not None and folder.exists():
            assert self.folder is not None
            folder = self.folder.with_name(f"{self.folder.name}-{number}")
            number += 1
        return self.keep(run, folder)


@dataclass(frozen=True)
class Anew:
    """A run from its beginning.

    Attributes:
        preset: what to carry out.
        device: as `Run` takes it.
        threads: likewise.
        keeping: how it is kept, or None.
        compile: as `Compiling` takes it.
        deterministic: likewise.
    """

    preset: Preset
    device: str = "auto"
    threads: int | None = None
    keeping: Keeping | None = None
    compile: str = "off"
    deterministic: bool = True

    def open(self, say: Say) -> tuple[Run, Store | None]:
        """Build the run."""
        from grok_tui.engine.run.run import Run
        from grok_tui.engine.steps.backends import Compiling

        compiling = Compiling(self.compile, self.deterministic)
        compiling.listen(say)
        run = Run(self.preset, self.device, self.threads, compiling)
        keeping = self.keeping
        return run, keeping.keep(run, keeping.folder) if keeping is not None else None

    def keep_again(self, run: Run) -> Store | None:
        """Keep a run that has begun anew as the first was kept."""
        return self.keeping.keep_again(run) if self.keeping is not None else None


@dataclass(frozen=True)
class Resumed:
    """A run that was kept.

    Attributes:
        directory: its folder.
        device: another device than before, or None.
        threads: another number of threads, or None.
        compile: as `Compiling` takes it; None goes on as before.
    """

    directory: RunDirectory
    device: str | None = None
    threads: int | None = None
    compile: str | None = None

    def open(self, say: Say) -> tuple[Run, Store | None]:
        """Take the run up at its newest whole checkpoint."""
        from grok_tui.engine.store.store import Place, resume

        return resume(self.directory, say, Place(self.device, self.threads, self.compile))

    def keep_again(self, run: Run) -> Store | None:
        """Keep a run that has begun anew in the state folder."""
        document = self.directory.describe()
        return Keeping(document.label, document.profile).keep_again(run)
