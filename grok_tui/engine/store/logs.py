"""The logs of a run, which people read without this program: measures, events and interventions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.arm.state import ArmState
from grok_tui.engine.run.run import Run
from grok_tui.files import sync_folder, write_atomically, write_beside
from grok_tui.numbers import plural
from grok_tui.presets import PluginUsed, plugins_in

from .directory import EVENTS, FORKS, INTERVENTIONS, MEASURES, RunDirectory, note_plugins
from .entries import (
    LoggedFork,
    LoggedIntervention,
    forks_in,
    interventions_in,
    line_of,
    still_ahead,
    together,
)
from .files import AppendLog, StoreError, open_regular

KEYS = ("arm", "step", "replica")
"""The first columns of the table of measures."""


class Logs:
    """Writes the logs of one run.

    `measures.csv` has a row for each arm, recorded step and replica, and a column for each measure; rows of
    different arms may come in any order. Numbers are written so that they read back as the same float64.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self._logs = {
            name: AppendLog(directory.path / name) for name in (MEASURES, EVENTS, INTERVENTIONS, FORKS)
        }
        self._anew: set[str] = set()  # logs that were damaged
        self._rows: list[tuple[str, int, NDArray[np.float64]]] = []
        self._columns: list[str] = []
        self._events_written: dict[str, int] = {}
        self._interventions: list[LoggedIntervention] = []  # all of them, in the order of the file
        self._interventions_written: int | None = 0  # how many of them are; None: the file is to be made anew
        self._ahead: dict[str, list[LoggedIntervention]] = {}  # logged, and to be carried out again
        self._cutting = False  # whether something is left to do of the latest cut
        self._uncut: list[
            tuple[str, Callable[[], _Kept]]
        ] = []  # logs that have still more of an arm than it is
        self._plugins: list[PluginUsed] = []  # that those not written yet need

    def open(
        self, sizes: Mapping[str, int], say: Callable[[str], None], sums: Mapping[str, int] = {}
    ) -> dict[str, list[LoggedIntervention]]:
        """Open the logs as they were at a checkpoint.

        A log of measures or events that is not as it was is set aside and begun anew with what the checkpoint
        has of it.

        Args:
            sizes: bytes that belong to the checkpoint; what lies behind is computed and written again.
            say: told in one line of a torn or damaged log.
            sums: the CRC-32 of these bytes; earlier versions noted none.

        Returns:
            Each arm's logged interventions, also those after the checkpoint.

        Raises:
            StoreError: one is a link or no regular file.
            OSError: one cannot be opened.
        """
        for name in (MEASURES, EVENTS):
            wanted, log = sizes.get(name, 0), self._logs[name]
            cut = log.open(wanted)
            if log.size < wanted or log.sum != sums.get(name, log.sum):
                lacking = wanted - log.size
                what = f"{plural(lacking, 'byte')} of it missing" if lacking else "other bytes than it had"
                aside = log.set_aside()
                self._anew.add(name)
                say(f"{name} is damaged, {what}: begun anew with what the checkpoint has; see {aside}")
            elif cut:
                say(f"{name}: {cut} bytes after the checkpoint are left behind; they come again")
        kept, self._interventions = interventions_in(self._directory.path / INTERVENTIONS)
        self._interventions_written = len(self._interventions)
        good, forks = forks_in(self._directory.path / FORKS)
        for name, size in ((INTERVENTIONS, kept), (FORKS, good)):
            torn = self._logs[name].open(size)
            if torn:
                say(f"{name}: {torn} bytes at its end are no whole line and are left behind")
        sync_folder(self._directory.path)  # a line that lasts needs a file that does
        self._ahead = together(self._interventions, forks)
        return {arm: list(entries) for arm, entries in self._ahead.items()}

    @property
    def sums(self) -> dict[str, int]:
        """The CRC-32 of these bytes."""
        return {name: self._logs[name].sum for name in (MEASURES, EVENTS)}

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes written of the logs that a checkpoint goes with."""
        return {name: self._logs[name].size for name in (MEASURES, EVENTS)}

    def attach(self, run: Run) -> None:
        """Note what the arms of a run record from now on, and of those that have no row yet the first."""
        # An arm that has taken steps was in a checkpoint, before which its rows were written.
        young = {name for name, arm in run.arms.items() if arm.step == 0}
        fresh = young - self._begun() if young else young
        for name, arm in run.arms.items():
            anew = EVENTS in self._anew or (name in fresh and MEASURES not in self._anew)
            self._events_written[name] = 0 if anew else len(arm.history.events)
            if MEASURES in self._anew or name in fresh:
                self._note_history(arm)
            self._ahead[name] = still_ahead(self._ahead.get(name, []), arm.interventions)
            self._listen(arm)

    def _begun(self) -> set[str]:
        """Return the arms that have a row in the table of measures."""
        if not self._logs[MEASURES].size:
            return set()
        with open_regular(self._directory.path / MEASURES) as lines:
            return {line.partition(b",")[0].decode("utf-8", "replace") for line in lines}

    def follow(self, run: Run) -> None:
        """Note what arms record that were built anew as they were, with all of it written."""
        for arm in run.arms.values():
            self._listen(arm)

    def _listen(self, arm: Arm) -> None:
        arm.history.listener = self._row_noter(arm.name)
        arm.listener = self._intervention_noter(arm.name)

    def fork(self, fork: Fork, arm: Arm, done: list[LoggedIntervention]) -> None:
        """Begin to write a fork, with all that it has from its parent.

        Raises:
            OSError: the disk is full, or the like; then there is no fork on it.
        """
        entry = LoggedFork(**fork.model_dump(), done=done)
        self._logs[FORKS].append(line_of(entry))
        self._ahead[arm.name] = []
        self._events_written[arm.name] = 0
        self._note_history(arm)
        self._listen(arm)

    def _note_history(self, arm: Arm) -> None:
        """Note all rows of an arm's history."""
        history = arm.history
        columns = np.stack([history.values(name) for name in history.names], axis=1)
        self._rows += [
            (arm.name, step, row) for step, row in zip(history.steps.tolist(), columns.copy(), strict=True)
        ]

    def cut(self, arm: Arm, inherited: int, delete: Callable[[], None]) -> None:
        """Drop what was written of an arm beyond what it is now; nothing may be noted that is not written.

        Args:
            arm: as it is now.
            inherited: how many interventions it has from a parent.
            delete: called when nothing can fail any more for want of room.

        Raises:
            OSError: the disk is full, or the like; then nothing has changed.
            StoreError: a log cannot be read; likewise.
        """
        name = arm.name
        own = len(arm.interventions) - inherited
        step, events = arm.step, len(arm.history.events)
        kept: dict[str, Callable[[], _Kept]] = {
            INTERVENTIONS: lambda: _Kept(name, _first(own)),
            MEASURES: lambda: _Kept(name, lambda line: int(line.split(b",", 2)[1]) <= step),
            EVENTS: lambda: _Kept(name, _first(events)),
        }
        written: dict[str, Path] = {}
        try:
            for log, keeps in kept.items():
                written[log] = self._without(log, keeps())
            delete()
            self._replace(INTERVENTIONS, written[INTERVENTIONS])
        except BaseException:
            for path in written.values():
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            raise
        # From here on the arm has gone back, whatever fails: the next checkpoint tries the rest again.
        self._cutting, self._uncut = True, [(log, kept[log]) for log in (MEASURES, EVENTS)]
        with suppress(OSError, StoreError):
            self._finish_cut(written)
        self._events_written[name] = len(arm.history.events)
        first = _first(own)
        self._interventions = [
            one for one in self._interventions if one.intervention.arm != name or first(b"")
        ]
        self._interventions_written = len(self._interventions)
        self._ahead[name] = []
        self._listen(arm)

    def _without(self, log: str, keeps: Callable[[bytes], bool]) -> Path:
        """Write a log anew beside itself, with what is to be kept; return where."""
        path = self._directory.path / log
        with open_regular(path) as lines:
            return write_beside(path, filter(keeps, lines))

    def _replace(self, log: str, path: Path) -> None:
        self._logs[log].close()
        path.replace(self._directory.path / log)

    def _finish_cut(self, written: Mapping[str, Path] = {}) -> None:
        """Drop what is still to be dropped. written: logs as they are to be, where they are written."""
        while self._uncut:
            log, keeps = self._uncut[0]
            path = written.get(log) or self._without(log, keeps())
            self._replace(log, path)
            self._uncut.pop(0)
        sync_folder(self._directory.path)
        self._cutting = False

    def flush(self, run: Run, behind: Mapping[str, ArmState] | None = None) -> None:
        """Write what was noted.

        behind: of these arms only what they were up to such a state; the rest stays noted.

        Raises:
            OSError: the disk is full, or the like; what could not be written stays noted.
        """
        if self._cutting:
            self._finish_cut()
        self._flush_interventions()
        names = {name: arm.history.names for name, arm in run.arms.items()}
        header = self._settle_columns(names)
        columns = self._columns
        behind = behind or {}
        later = [row for row in self._rows if row[0] in behind and row[1] > behind[row[0]].step]
        rows = [
            _csv_rows(arm, step, names[arm], row, columns)
            for arm, step, row in self._rows
            if arm not in behind or step <= behind[arm].step
        ]
        self._logs[MEASURES].append(header + "".join(rows))
        self._rows = later
        lines, counts = [], dict(self._events_written)
        for name, arm in run.arms.items():
            events = behind[name].events if name in behind else arm.history.events
            for event in events[counts.get(name, 0) :]:
                line = {"arm": name, "step": event.step, "event": event.name, "replica": event.replica}
                lines.append(line | ({"numbers": dict(event.numbers)} if event.numbers else {}))
            counts[name] = max(counts.get(name, 0), len(events))
        self._logs[EVENTS].append("".join(json.dumps(line) + "\n" for line in lines))
        self._events_written = counts

    def _settle_columns(self, names: Mapping[str, Sequence[str]]) -> str:
        """Find out the columns of the table of measures; return its header if that is still to be written.

        names: the measures of each arm; where they differ, the table has all of them.
        """
        if self._logs[MEASURES].size:
            if not self._columns:
                with open_regular(self._directory.path / MEASURES) as file:
                    self._columns = file.readline().decode().rstrip("\n").split(",")[len(KEYS) :]
            return ""
        self._columns = list(dict.fromkeys(name for own in names.values() for name in own))
        return ",".join((*KEYS, *self._columns)) + "\n"

    def close(self) -> None:
        """Close the files."""
        for log in self._logs.values():
            log.close()

    def _row_noter(self, arm: str) -> Callable[[int, NDArray[np.float64]], None]:
        return lambda step, row: self._rows.append((arm, step, row))

    def _intervention_noter(self, arm: str) -> Callable[[AnyIntervention, bool], None]:
        def note(intervention: AnyIntervention, scheduled: bool) -> None:
            ahead = self._ahead.setdefault(arm, [])
            left = still_ahead(ahead, [intervention])
            if len(left) < len(ahead):  # done again, on the way from a checkpoint to where the run was killed
                self._ahead[arm] = left
                return
            self._enter(LoggedIntervention(scheduled=scheduled, intervention=intervention), len(ahead))
            self._plugins += plugins_in(intervention)
            if not scheduled:
                # What a person did cannot be computed again: it goes to the disk at once.
                try:
                    self._flush_interventions()
                except (OSError, StoreError):
                    return  # the next checkpoint tries again, and says why if it cannot

        return note

    def _enter(self, entry: LoggedIntervention, ahead: int) -> None:
        """Put an intervention in the log before so many of its arm that are yet to be carried out again."""
        if not ahead:
            self._interventions.append(entry)
            return
        arm = entry.intervention.arm
        own = [i for i, one in enumerate(self._interventions) if one.intervention.arm == arm]
        # Those that a fork has from its parent stand elsewhere, before all of its own.
        self._interventions.insert((own[-ahead:] or [len(self._interventions)])[0], entry)
        self._interventions_written = None

    def _flush_interventions(self) -> None:
        if self._plugins:  # first, so that whatever the log names can be asked for by its plugin
            try:
                note_plugins(self._directory, self._plugins)
            except StoreError as error:
                raise OSError(str(error)) from None
            self._plugins.clear()
        log, written = self._logs[INTERVENTIONS], self._interventions_written
        lines = [line_of(entry) for entry in self._interventions[written or 0 :]]
        if written is None:
            log.close()
            write_atomically(self._directory.path / INTERVENTIONS, "".join(lines).encode())
        elif lines:
            log.append("".join(lines))
        self._interventions_written = len(self._interventions)


class _Kept:
    """Says of each line of a log whether it stays: those of other arms do."""

    def __init__(self, arm: str, stays: Callable[[bytes], bool]) -> None:
        self._starts = f"{arm},".encode()
        self._names = f'"arm": "{arm}"'.encode(), f'"arm":"{arm}"'.encode()
        self._stays = stays

    def __call__(self, line: bytes) -> bool:
        of_arm = line.startswith(self._starts) or any(name in line for name in self._names)
        return not of_arm or self._stays(line)


def _first(count: int) -> Callable[[bytes], bool]:
    """Return what says of the first so many lines that they stay."""
    left = count

    def stays(_: bytes) -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    return stays


def _csv_rows(
    arm: str, step: int, names: Sequence[str], row: NDArray[np.float64], columns: Sequence[str]
) -> str:
    """Return a line for each replica of a row [M, R] of an arm; what it does not measure is left empty."""
    lines = []
    for replica, values in enumerate(row.T.tolist()):
        own = dict(zip(names, map(repr, values), strict=True))
        lines.append(f"{arm},{step},{replica},{','.join(own.get(name, '') for name in columns)}\n")
    return "".join(lines)
