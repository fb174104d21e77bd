"""What came of each preset when it was last run as it stands: verdicts and wall time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path
from pydantic import BaseModel, ConfigDict, ValidationError

from grok_tui.claims import Verdict
from grok_tui.files import replace_file

if TYPE_CHECKING:
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.options import RunOptions
    from grok_tui.presets import Claim, Preset

LARGEST_FILE = 10_000_000  # bytes
MOST_OUTCOMES = 1000  # the oldest are forgotten
POINTS = 48  # of a curve that is remembered
PICTURED = "val_accuracy"
MOST_CURVES = 16  # arms


class Outcome(BaseModel):
    """What came of one preset under one profile."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    when: datetime
    seconds: float | None
    """Wall time from the first step to the last; None where the run was held back or paused."""
    verdicts: dict[str, Verdict]
    """The verdict by the claim's condition, so that a claim that was rewritten has none."""
    curves: dict[str, list[float | None]] = {}
    """Validation accuracy by arm, at `POINTS` steps from the first to the last on a logarithmic axis."""

    def verdict(self, claim: Claim) -> Verdict | None:
        """Return what was said of a claim, or None if nothing was."""
        return self.verdicts.get(claim.holds)

    def as_expected(self, preset: Preset) -> int:
        """Return how many of the preset's claims had the verdict that it expects."""
        return sum(self.verdict(claim) == claim.expected for claim in preset.claims)


class _Book(BaseModel):
    model_config = ConfigDict(extra="ignore")

    outcomes: dict[str, Outcome] = {}


def verdicts_file() -> Path:
    """Return where outcomes are remembered; the file need not exist."""
    return user_state_path("grok-tui") / "verdicts.json"


class Verdicts:
    """The outcomes that are remembered.

    Args:
        path: the file; by default in the XDG state folder. One that cannot be read counts as empty.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or verdicts_file()
        self._book = self._read()

    def last(self, name: str, profile: str) -> Outcome | None:
        """Return what came of a preset when it was last run under a profile, or None."""
        return self._book.outcomes.get(_key(name, profile))

    def remember(self, name: str, profile: str, outcome: Outcome) -> None:
        """Keep an outcome, also for later sessions.

        Raises:
            OSError: the file cannot be written.
        """
        book = self._read()  # another session may have written since
        book.outcomes.pop(_key(name, profile), None)
        book.outcomes[_key(name, profile)] = outcome
        for key in list(book.outcomes)[:-MOST_OUTCOMES]:
            del book.outcomes[key]
        self._book = book
        replace_file(self._path, book.model_dump_json(indent=1) + "\n")

    def _read(self) -> _Book:
        try:
            if self._path.stat().st_size > LARGEST_FILE:
                return _Book()
            return _Book.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return _Book()


def outcome(snapshot: Snapshot, options: RunOptions, seconds: float | None) -> Outcome | None:
    """Return what is worth remembering of a run, which is nothing unless it ended as its preset stands.

    Args:
        snapshot: the run as it stands.
        options: what was laid over the preset; another seed leaves it the same preset.
        seconds: wall time from the first step to the last, or None where that says nothing.
    """
    from grok_tui.engine.run.snapshot import State
    from grok_tui.frontend.orders import steered

    changed = options.assignments or options.steps is not None or options.replicas is not None
    if snapshot.state is not State.FINISHED or changed or steered(snapshot):
        return None
    verdicts = {judged.claim.holds: judged.verdict for judged in snapshot.claims}
    return Outcome(when=datetime.now(UTC), seconds=seconds, verdicts=verdicts, curves=_curves(snapshot))


def _curves(snapshot: Snapshot) -> dict[str, list[float | None]]:
    """Return what is remembered of the curves of a run."""
    import numpy as np

    from grok_tui.frontend.curves import curve_of
    from grok_tui.frontend.view import last_step

    at = np.logspace(0, np.log10(max(last_step(snapshot), 2)), POINTS)
    found: dict[str, list[float | None]] = {}
    for arm in snapshot.arms[:MOST_CURVES]:
        curve = curve_of(arm, PICTURED)
        if curve is None or not len(curve.steps):
            continue
        places = np.searchsorted(curve.steps, at, side="right") - 1
        seen = (places >= 0) & (at <= max(arm.step, 1) + 0.5) & np.isfinite(curve.middle[places])
        values = np.round(curve.middle[places], 3)
        found[arm.name] = [float(value) if good else None for value, good in zip(values, seen, strict=True)]
    return found


def _key(name: str, profile: str) -> str:
    return f"{name} {profile}"
