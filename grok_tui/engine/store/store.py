"""A run and its folder: what is written when, and how it is taken up again."""

from __future__ import annotations

import platform
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from grok_tui.engine.arm.forks import check_room
from grok_tui.engine.arm.interventions import flagged
from grok_tui.engine.record.judging import Judging
from grok_tui.engine.run.device import DeviceError
from grok_tui.engine.run.place import Place
from grok_tui.engine.run.run import Run
from grok_tui.engine.steps.backends import Compiling
from grok_tui.files import reason, sync_folder
from grok_tui.presets import changed, plugins_of

from .checkpoints import peeked, restore_newest, theta_digests, write_checkpoint
from .directory import (
    CHECKPOINTS,
    FORMAT,
    Ended,
    RunDirectory,
    RunFile,
    StatusFile,
    create_directory,
    differences,
    now,
    preset_of,
    write_run_file,
)
from .entries import LoggedIntervention, read_forks, still_ahead
from .files import StoreError, make_folder
from .hold import Hold
from .logs import Logs
from .looked_back import LookedBackFile

if TYPE_CHECKING:
    from grok_tui.engine.arm.arm import Arm
    from grok_tui.engine.arm.forks import Fork

CADENCE = 30.0  # seconds between two checkpoints; all that a killed run loses

# A run is also kept each time its steps have doubled: one can go back to any scale of time. Where that would
# take more than this share of the time, as early on or on a slow disk, one of these is left out.
FIRST_DOUBLED = 1000
DOUBLED_SHARE = 0.01


class Store:
    """Keeps a run in its folder while it goes on; in the thread that advances it.

    Args:
        directory: the folder, locked by `lock`.
        lock: let go by `close`.
        logs: opened at the run as it stands.
        run: the run.
        cadence: seconds between two checkpoints; `CADENCE` if None.

    Attributes:
        problem: why the latest checkpoint could not be written, or None.
    """

    def __init__(
        self, directory: RunDirectory, lock: Hold, logs: Logs, run: Run, cadence: float | None = None
    ) -> None:
        self.directory = directory
        self.problem: str | None = None
        self._lock = lock
        self._logs = logs
        self._run = run
        self._cadence = CADENCE if cadence is None else cadence
        # The clock that never goes backwards, whatever happens to the time of day.
        self._wait(0.0)
        logs.attach(run)
        self._looked_back = LookedBackFile(directory)
        self._judging = Judging()
        with suppress(OSError):  # a checkpoint tries again, and says why if it cannot
            self._settle_looked_back()

    @property
    def due(self) -> bool:
        """Whether it is time for a checkpoint, by the clock or by the steps taken."""
        now = time.monotonic()
        return now >= self._due or (now >= self._afforded and self._run.steps >= self._due_step)

    def checkpoint(self, ended: Ended | None = None) -> bool:
        """Write the run as it stands; return whether that worked, and keep the reason in `problem` if not.

        What was there before stays in any case.
        """
        run, began = self._run, time.monotonic()
        try:
            self._lock.require()
            self._logs.flush(run, run.behind)
            self._settle_looked_back()
            write_checkpoint(self.directory, run, self._logs.sizes, self._logs.sums)
            self._judging.look(run.preset, run.arms, 0, settled=ended is not None)
            verdicts = Counter(claim.verdict.value for claim in self._judging.claims)
            self.directory.write_status(
                StatusFile(
                    ended=ended, steps=run.steps, total=run.total, verdicts=dict(verdicts), saved=now()
                )
            )
        except OSError as error:
            self.problem = f"{self.directory.path}: {reason(error)}"
        except StoreError as error:
            self.problem = str(error)
        else:
            self.problem = None
        self._wait(time.monotonic() - began)
        return self.problem is None

    def _settle_looked_back(self) -> None:
        self._looked_back.settle({name: arm.looked_back for name, arm in self._run.arms.items()})

    def _wait(self, took: float) -> None:
        """Let the next checkpoint be due in a while; the last one took some seconds."""
        now = time.monotonic()
        self._due = now + self._cadence
        self._afforded = now + took / DOUBLED_SHARE
        self._due_step = max(2 * self._run.steps, FIRST_DOUBLED)

    def fork(self, fork: Fork, arm: Arm) -> None:
        """Keep a fork that is about to be taken among the arms of the run, as the arm that it is.

        Raises:
            StoreError: it cannot be written.
        """
        done = [
            LoggedIntervention(scheduled=planned, intervention=one)
            for one, planned in flagged(arm.interventions, self._run.planned(fork.parent))
        ]
        self._lock.require()
        try:
            self._logs.fork(fork, arm, done)
        except OSError as error:
            raise StoreError(f"{self.directory.path}: {reason(error)}") from None

    def rewind(self, arm: Arm) -> None:
        """Drop what an arm did since, before the one that went back takes its old self's place in the run.

        The folder holds a whole run at any moment, and whatever is dropped can be computed again until the
        last of it is gone.

        Raises:
            StoreError: the folder cannot be written; then nothing has changed.
        """
        count = len(arm.interventions)
        self._judging = Judging()  # of what was seen some is dropped

        def delete() -> None:
            self._looked_back.delete()
            for _, path in reversed(self.directory.checkpoints()):
                seen = peeked(path)
                state = seen.arms.get(arm.name) if seen is not None else None
                if state is not None and state.step <= arm.step and len(state.interventions) <= count:
                    break
                path.unlink(missing_ok=True)
            sync_folder(self.directory.path / CHECKPOINTS)  # before any log is another than they noted

        fork = self._run.forks.get(arm.name)
        self._lock.require()
        try:
            self._logs.flush(self._run)
            self._logs.cut(arm, fork.inherited if fork is not None else 0, delete)
        except OSError as error:
            raise StoreError(f"{self.directory.path}: {reason(error)}") from None

    def fail(self) -> bool:
        """Note that the run failed, and keep its end where that can be read and is that of one step.

        Returns:
            Whether it could be kept; else the last checkpoint stays the newest.
        """
        if self._run.whole:
            with suppress(RuntimeError, MemoryError):  # as of a GPU that broke
                if self.checkpoint("failed"):
                    return True
        with suppress(OSError):
            self.directory.write_status(self.directory.status().model_copy(update={"ended": "failed"}))
        return False

    def follow(self) -> None:
        """Listen to the arms of the run, where they were built anew as they were."""
        self._logs.follow(self._run)

    def close(self) -> None:
        """Let go of the folder."""
        self._logs.close()
        self._lock.release()


def versions() -> dict[str, str]:
    """Return the versions on which the bits of a run depend."""
    return {
        "grok_tui": version("grok-tui"),
        "torch": version("torch"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def create(
    run: Run, label: str, profile: str = "quick", at: Path | None = None, cadence: float | None = None
) -> Store:
    """Begin to keep a run that has taken no step yet.

    Args:
        run: the run.
        label: the preset's name.
        profile: "quick", "medium" or "full".
        at: its folder; None makes one in the state folder.
        cadence: seconds between two checkpoints; `CADENCE` if None.

    Raises:
        StoreError: the folder cannot be made or holds something.
    """
    directory = create_directory(label, at)
    lock = directory.lock()
    document = RunFile(
        format=FORMAT,
        label=label,
        profile=profile,
        created=now(),
        preset=run.preset.model_dump(mode="json"),
        versions=versions(),
        device=run.device_names,
        device_name=run.device_name,
        threads=run.threads,
        tf32=run.tf32,
        compile=run.compiling.mode,
        start=theta_digests(run),
        plugins=plugins_of(run.preset),
    )
    try:
        directory.tidy()
        write_run_file(directory, document)
        logs = Logs(directory)
        logs.open({}, lambda _: None)
    except OSError as error:
        lock.release()
        raise StoreError(f"{directory.path}: {reason(error)}") from None
    except StoreError:
        lock.release()
        raise
    return Store(directory, lock, logs, run, cadence)


def resume(
    directory: RunDirectory,
    say: Callable[[str], None],
    place: Place | None = None,
    cadence: float | None = None,
) -> tuple[Run, Store]:
    """Take up a run at its newest whole checkpoint.

    Args:
        directory: the run's folder.
        say: told, in one line each, of everything that is not as it was left.
        place: where to compute it.
        cadence: seconds between two checkpoints; `CADENCE` if None.

    Raises:
        StoreError: the folder cannot be used, or another process holds the run.
        GrokTuiError: the machine does not have the device.
    """
    document = directory.describe()
    lock = directory.lock()
    try:
        directory.tidy()
        make_folder(directory.path / "checkpoints")
        run = rebuilt(document, directory, place or Place())
        for line in unlike(document, run):
            say(line)
        restored = restore_newest(directory, run, say)
        if restored is None:
            say("no whole checkpoint: the run begins anew")
        else:
            states = restored[1].state.arms
            for line in drawn_otherwise({name: states[name].drawn_by[-1:] for name in states}, run):
                say(line)
        if place is None or place.compile is None:
            for arm in run.arms.values():
                arm.prescribe(arm.backends)
        logs = Logs(directory)
        state = restored[1].state if restored else None
        logged = logs.open(state.logs if state else {}, say, state.sums if state else {})
        for name, entries in logged.items():
            if name in run.arms:
                ahead = still_ahead(entries, run.arms[name].interventions)
                run.arms[name].agenda.insert([(entry.intervention, entry.scheduled) for entry in ahead])
        directory.write_status(directory.status().model_copy(update={"ended": None}))
    except OSError as error:
        lock.release()
        raise StoreError(f"{directory.path}: {reason(error)}") from None
    except BaseException:
        lock.release()
        raise
    return run, Store(directory, lock, logs, run, cadence)


def rebuilt(document: RunFile, directory: RunDirectory, place: Place) -> Run:
    """Return the run at its beginning, its forks with it.

    Raises:
        StoreError: its preset is not one that this version knows.
        GrokTuiError: the machine does not have the device.
    """
    as_before = place.compile is None
    compiling = Compiling(place.compile or document.compile, deterministic=as_before)
    preset = preset_of(document, directory)
    device = place.device or document.device
    try:
        tf32 = document.tf32 if place.tf32 is None else place.tf32
        run = Run(preset, device, place.threads or document.threads, compiling, tf32=tf32)
    except DeviceError as error:
        if place.device is not None:
            raise
        why = str(error).removeprefix("--device: ").partition("; valid")[0]
        raise DeviceError(f"{directory.path}: began on {why}; to go on here: --device cpu") from None
    try:
        forks = read_forks(directory)
        if forks:
            check_room(len(run.arms) + len(forks))
        for fork in forks:
            run.adopt(run.forked(fork), fork)
    except ValueError as error:
        raise StoreError(f"{directory.path}: {error}") from None
    return run


def unlike(document: RunFile, run: Run) -> list[str]:
    """Return, in a line each, why the run may not come out with the same bits as where it began."""
    here = versions() | {"device": run.device_name, "threads": str(run.threads)}
    then = document.versions | {"device": document.device_name, "threads": str(document.threads)}
    lines = [f"the bits may differ: {line}" for line in differences(then, here)]
    lines += changed(document.plugins)
    start = theta_digests(run)
    if any(start.get(name) != digest for name, digest in document.start.items()):
        lines.append("this machine or version draws another initial theta, which some measures compare with")
    return lines


def drawn_otherwise(drawn: Mapping[str, Sequence[str]], run: Run) -> list[str]:
    """Return, in a line for each way, which arms drew random numbers in another way than they do here.

    drawn: by arm, what drew them, see `ArmState.drawn_by`.
    """
    arms: dict[tuple[str, str], list[str]] = {}
    for name, ways in drawn.items():
        here = run.arms[name].draws_by if name in run.arms else ""
        for then in dict.fromkeys(ways):
            if here and then != here:
                arms.setdefault((then, here), []).append(name)
    return [
        f"the bits differ: random numbers of steps by {then} then, by {here} now, in {', '.join(names)}"
        for (then, here), names in arms.items()
    ]
