"""How a runner comes by its run: made anew, kept in a folder, or taken up from one.

Nothing here imports torch before a run is opened, which is done in the runner's own thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from grok_tui.engine.run.place import AS_IT_WAS, Place

if TYPE_CHECKING:
    from grok_tui.engine.run.run import Run
    from grok_tui.engine.store.directory import RunDirectory
    from grok_tui.engine.store.store import Store
    from grok_tui.presets import Preset

Say = Callable[[str], None]

EXACT = Place(compile="off", deterministic=True)
"""Every step is made by torch's own kernels."""


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
        profile: "quick", "medium" or "full".
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
        place: where and how to compute it; by default no steps are compiled.
        keeping: how it is kept, or None.
    """

    preset: Preset
    place: Place = EXACT
    keeping: Keeping | None = None

    def open(self, say: Say) -> tuple[Run, Store | None]:
        """Build the run."""
        from grok_tui.engine.run.run import Run
        from grok_tui.engine.steps.backends import Compiling

        place = self.place
        compiling = Compiling(place.compile or "off", place.deterministic)
        compiling.listen(say)
        run = Run(self.preset, place.device or "auto", place.threads, compiling, tf32=bool(place.tf32))
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
        place: where and how to compute it, as far as that is otherwise than before.
    """

    directory: RunDirectory
    place: Place = AS_IT_WAS

    def open(self, say: Say) -> tuple[Run, Store | None]:
        """Take the run up at its newest whole checkpoint."""
        from grok_tui.engine.store.store import resume

        return resume(self.directory, say, self.place)

    def keep_again(self, run: Run) -> Store | None:
        """Keep a run that has begun anew in the state folder."""
        document = self.directory.describe()
        return Keeping(document.label, document.profile).keep_again(run)
