"""Scenes played in processes of their own, which end when they are told to, and what is left of them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from faults import ENDED, At, listing, watch
from persons import SCENES, Person, Scene, replayed, state_of, unlike

from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.run.run import Run
from grok_tui.engine.store import store as storing
from grok_tui.presets import Arm as ArmSpec

Tell = Callable[[str], None]


class Stage:
    """A scene, a run of it that is ready to be used up by children, and what it comes to undisturbed.

    Args:
        name: which scene.
        folder: for what it needs.

    Attributes:
        calls: the names of the calls that write to the disk, in order, where nothing happens.
        wanted: see `state_of`.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.scene, self._folder, self._plays = SCENES[name], folder, 0
        self._warm = _reusable(self.scene, folder / "warmed")
        self._known: set[str] = set()
        self._begun = folder / "begun"
        if self.scene.ended:
            assert self.lived(self._begun, self._known, until=self.scene.ended) == 0
        path, known = self.anew()
        names = folder / "names"

        def noted(tell: Tell) -> None:
            seen: list[str] = []
            kept = names.open("w")
            watch(listing(seen))
            Person(self.scene, self._warm, known, tell).live(path)
            kept.write(" ".join(seen))
            kept.close()

        assert in_child(noted, known) == 0
        self.calls = names.read_text().split()
        self.wanted = state_of(path)

    def anew(self) -> tuple[Path, set[str]]:
        """Return a new folder for a run of the scene, and what was acknowledged in it."""
        self._plays += 1
        path = self._folder / f"play{self._plays}" / "run"
        path.parent.mkdir()
        if self.scene.ended:
            shutil.copytree(self._begun, path)
        return path, set(self._known)

    def lived(
        self,
        path: Path,
        known: set[str],
        at: At | None = None,
        until: int | None = None,
        life: float | None = None,
    ) -> int:
        """Let a process begin or take up the run; return its exit code.

        Args:
            path: the run's folder.
            known: what was acknowledged, which grows.
            at: what happens at calls that write to the disk.
            until: a step at which to leave the run as a kill does.
            life: seconds after which it is killed.

        Raises:
            AssertionError: it raised something.
        """

        def living(tell: Tell) -> None:
            if at is not None:
                watch(at)
            Person(self.scene, self._warm, known, tell, second=not until).live(path, until)

        return in_child(living, known, life)

    def check(self, path: Path, known: set[str], where: str = "") -> None:
        """Take a run up, bring it to its end, and compare it with what it should come to; then delete it.

        where: what had happened to it.

        Raises:
            AssertionError: something of it is lost, there twice, torn, or other bits.
        """
        known = set(known)
        assert self.lived(path, known) == 0, where
        assert not (difference := unlike(state_of(path), self.wanted)), f"{where}: {difference}"

        def replaying(_: Tell) -> None:
            assert not (found := replayed(path, self._warm)), f"{where}: {found}"

        assert in_child(replaying, known) == 0
        shutil.rmtree(path.parent)


def kill_scene(stage: Stage, kills: int, longest: float, seed: int = 7) -> int:
    """Kill runs of a scene so many times at random moments; return how many came to their end, the same.

    longest: seconds that a process lives at most.

    Raises:
        AssertionError: one came to another end, or lost what was acknowledged.
    """
    numbers, finished = random.Random(seed), 0
    while kills > 0:
        path, known = stage.anew()
        while kills > 0 and stage.lived(path, known, life=numbers.uniform(0, longest)):
            kills -= 1
        stage.check(path, known - {"kept"}, "killed")
        finished += 1
    return finished


def _reusable(scene: Scene, folder: Path) -> Run:
    """Return a run at its beginning, with all arms ready that the scene comes to need.

    Whatever they train with is traced here, once, and not by each child that the run is used up in.
    """
    spare: dict[str, list[Arm]] = {}
    built: list[tuple[Arm, Any]] = []
    original, run_class = Run._built, storing.Run

    def build(run: Run, spec: ArmSpec, device: Any, fork: Fork | None = None) -> Arm:
        if spare.get(spec.name):
            arm = spare[spec.name].pop(0)
            arm.agenda.give(run._planned.given(spec.name, fork))
            return arm
        arm = original(run, spec, device, fork)
        built.append((arm, arm.export_state()))
        return arm

    Run._built = build
    warm = Run(scene.preset)
    assert Person(scene, warm, set(), lambda _: None).live(folder)
    for arm, (state, arrays) in built:
        arm.restore_state(state, arrays)
        arm.listener = arm.history.listener = None
        spare.setdefault(arm.name, []).append(arm)
    warm._begin(scene.preset)
    Run._built, storing.Run = original, run_class
    warm._built = partial(build, warm)
    return warm


def in_child(do: Callable[[Tell], None], known: set[str], life: float | None = None) -> int:
    """Do something in a forked process, with what it tells taken among what is known; return its exit code.

    life: seconds after which it is killed; then the code is negative.

    Raises:
        AssertionError: it raised something.
    """
    reading, writing = os.pipe()
    write = os.write
    child = os.fork()
    if child == 0:
        try:
            do(lambda line: write(writing, f"{line}\n".encode()) and None)
        except BaseException:
            write(writing, f"!{traceback.format_exc()}".encode())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    if life is not None:
        time.sleep(life)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading) as told:
        lines, _, failure = told.read().partition("!")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    known |= set(lines.splitlines())
    assert code in (0, ENDED, -signal.SIGKILL), failure
    return code
