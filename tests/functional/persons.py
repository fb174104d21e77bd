"""Kept runs with a person at them, who does at each step what was meant to be done there, whatever happened.

A run that was ended at any moment is taken up by the same person, who looks at what is there and goes on. So
it has to come to what the run comes to that nobody ever stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arms import preset

from grok_tui.catalog.interventions import AnyIntervention, Jump, Reset, Set, Switch
from grok_tui.catalog.optimizers import AdamW
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.run.run import Run
from grok_tui.engine.store import store as storing
from grok_tui.engine.store.checkpoints import decode
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.entries import forks_in, interventions_in
from grok_tui.engine.store.files import StoreError
from grok_tui.engine.store.replay import Replay
from grok_tui.engine.worker.travel import Journey, Trail
from grok_tui.presets import Preset

STRIDE = 5
"""Steps between two looks of the person."""

END = 60

PRESET = preset(
    {"name": "sgd", "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.5}},
    {"name": "adam", "optimizer": {"name": "adam", "lr": 0.01}},
    interventions=[
        {"arm": "adam", "at_step": 20, "action": "set", "hyperparameter": "lr", "value": 0.02},
        {"arm": "adam", "at_step": 33, "action": "jump", "norm": 0.5},
        {"arm": "sgd", "at_step": 40, "action": "reset"},
    ],
    batch_size=3,
    steps=END,
    replicas=2,
    claims=[{"says": "x", "holds": "end(sgd.bias) > 0", "origin": "test"}],
)


@dataclass(frozen=True)
class Back:
    """Going back: at this step of an arm to an earlier one, or with a name a fork of that."""

    arm: str
    at: int
    to: int
    name: str = ""


@dataclass
class Scene:
    """What a person does.

    Attributes:
        preset: of the run.
        by_hand: done when an arm comes to their steps, before those of a way back and after.
        after: done only once the arm went back.
        back: ways back, at most one to an earlier step of an arm.
        every: steps of all arms between two checkpoints.
        late: done by hand only in a second life, which takes up one that was ended at step `ended`.
        ended: see `late`; such a first life wrote no checkpoint after its first.
    """

    preset: Preset = PRESET
    by_hand: list[AnyIntervention] = field(default_factory=list)
    after: list[AnyIntervention] = field(default_factory=list)
    back: list[Back] = field(default_factory=list)
    every: int = 20
    late: list[AnyIntervention] = field(default_factory=list)
    ended: int = 0


def jump(arm: str, at_step: int, norm: float = 0.1) -> Jump:
    return Jump(action="jump", arm=arm, at_step=at_step, norm=norm)


HAND = [
    jump("adam", 10),
    Reset(action="reset", arm="adam", at_step=20),  # at the step of a planned one
    Set(action="set", arm="sgd", at_step=30, hyperparameter="lr", value=0.05),
    Switch(action="switch", arm="adam", at_step=45, optimizer=AdamW(name="adamw", lr=0.01)),
]
SCENES = {
    "by hand": Scene(by_hand=HAND),
    "by hand after a kill": Scene(by_hand=HAND, late=[jump("adam", 15), jump("adam", 40)], ended=50),
    "fork": Scene(
        by_hand=HAND[:2],
        after=[jump("adam_2", 35)],
        back=[Back("adam", 30, 15, "adam_2"), Back("adam_2", 45, 45, "adam_3")],
    ),
    "past": Scene(by_hand=HAND, after=[jump("adam", 25, 0.3)], back=[Back("adam", 50, 15)]),
    "past of a fork": Scene(
        by_hand=[HAND[0], jump("adam_2", 25)],
        after=[jump("adam_2", 40, 0.3)],
        back=[Back("adam", 30, 15, "adam_2"), Back("adam_2", 50, 20)],
    ),
}


class Person:
    """Carries a run of a scene on to its end, in this process.

    Args:
        scene: what to do.
        warm: a run of it at its beginning, which this process may use up.
        known: what was acknowledged in earlier lives.
        tell: called with what is acknowledged now.
        second: whether things that are late are done.
    """

    def __init__(
        self, scene: Scene, warm: Run, known: set[str], tell: Callable[[str], None], second: bool = True
    ) -> None:
        storing.Run = lambda *_, **__: warm
        self.scene, self.warm, self.known, self.tell = scene, warm, known, tell
        self.deeds = scene.by_hand + scene.after + (scene.late if second else [])

    def live(self, folder: Path, until: int | None = None) -> bool:
        """Begin or take up the run and bring it to its end; return whether that was kept.

        until: a step at which to leave it as a kill does, with one checkpoint at the beginning.
        """
        directory = RunDirectory(folder)
        try:
            if (folder / "run.json").exists():
                run, store = storing.resume(directory, lambda _: None)
            else:
                run, store = self.warm, storing.create(self.warm, "scene", at=folder)
        except StoreError as error:
            self.tell(f"refused: {error}")
            return False
        self._require_kept(directory, run)
        due = 0 if self.scene.ended else self.scene.every * len(run.arms)
        while until is None or max(arm.step for arm in run.arms.values()) < until:
            before = run.steps
            for name in list(run.arms):
                self._act(run, store, name)
                arm = run.arms[name]
                if not arm.finished:
                    arm.advance(min(STRIDE - arm.step % STRIDE, arm.end - arm.step))
            if run.steps == before:
                break
            if run.steps >= due and not (until and due):
                store.checkpoint()
                due = run.steps + self.scene.every * len(run.arms)
        if until is not None:
            return True
        kept = store.checkpoint("finished")
        self.tell("kept" if kept else f"not kept: {store.problem}")
        store.close()
        return kept

    def _act(self, run: Run, store: Any, name: str) -> None:
        for back in self.scene.back:
            if back.arm == name and back.at <= run.arms[name].step and not self._went(run, back):
                self._go_back(run, store, back)
        arm = run.arms[name]
        arm.carry_out_due()
        for deed in self._own(run, name):
            if deed.at_step == arm.step and deed not in arm.interventions:
                arm.intervene(deed)
                if deed in logged_in(store.directory):
                    self.tell(_said(deed))

    def _own(self, run: Run, name: str) -> list[AnyIntervention]:
        """Return what is to be done by hand to an arm as it stands, in the past that it has."""
        back = self._way_back(name)
        if back is None:
            return [deed for deed in self.deeds if deed.arm == name]
        went = self._went(run, back)
        before = [d for d in self.scene.by_hand if d.arm == name and (not went or d.at_step < back.to)]
        return before + [d for d in self.scene.after if d.arm == name and went]

    def _way_back(self, name: str) -> Back | None:
        return next((back for back in self.scene.back if back.arm == name and not back.name), None)

    def _went(self, run: Run, back: Back) -> bool:
        if back.name:
            return back.name in run.arms
        if f"back {back.arm}" in self.known:
            return True
        gone = [d for d in self.scene.by_hand if d.arm == back.arm and d.at_step >= back.to]
        arm = run.arms[back.arm]
        ahead = [one for one, _ in arm.schedule._ahead]
        return any(_said(d) in self.known and d not in arm.interventions and d not in ahead for d in gone)

    def _go_back(self, run: Run, store: Any, back: Back) -> None:
        fork = Fork(name=back.name, parent=back.arm, step=back.to, end=END) if back.name else None
        journey = Journey(run, back.arm, back.to, Trail(store.directory), fork)
        while not journey.arrived:
            journey.advance()
        journey.advance()
        try:
            if journey.fork is None:
                store.rewind(journey.arm)
            else:
                store.fork(journey.fork, journey.arm)
        except StoreError as error:
            self.tell(f"refused: {error}")
            return
        run.adopt(journey.arm, journey.fork)
        said = f"fork {back.name}" if back.name else f"back {back.arm}"
        self.known.add(said)
        self.tell(said)
        store.checkpoint()

    def _require_kept(self, directory: RunDirectory, run: Run) -> None:
        """Make sure that whatever was acknowledged is in the folder."""
        logged = logged_in(directory)
        for deed in self.deeds:
            back = self._way_back(deed.arm)
            dropped = back is not None and deed in self.scene.by_hand and deed.at_step >= back.to
            if _said(deed) in self.known and not dropped:
                assert deed in logged, f"{deed} is lost"
            if dropped and f"back {deed.arm}" in self.known:
                assert deed not in logged, f"{deed} is back"
        for name in (back.name for back in self.scene.back):
            assert f"fork {name}" not in self.known or name in run.arms, f"{name} is lost"


def logged_in(directory: RunDirectory) -> list[AnyIntervention]:
    """Return the interventions in a run's log."""
    return [one.intervention for one in interventions_in(directory.path / "interventions.jsonl")[1]]


def _said(deed: AnyIntervention) -> str:
    return f"{deed.action} {deed.arm} {deed.at_step}"


def state_of(folder: Path) -> dict[str, Any]:
    """Return all that a folder says of a run that is at its end, to be compared.

    Raises:
        AssertionError: a line of it is not whole, or there twice.
    """
    directory = RunDirectory(folder)
    last = decode(directory.checkpoints()[-1][1].read_bytes())
    texts = {name: (folder / name).read_bytes() for name in ("measures.csv", "events.jsonl")}
    for name, text in texts.items():
        lines = text.splitlines(keepends=True)
        assert all(line.endswith(b"\n") for line in lines), f"{name} has a torn line"
        assert len(set(lines)) == len(lines), f"{name} has a line twice"
    size, logged = interventions_in(folder / "interventions.jsonl")
    assert size == (folder / "interventions.jsonl").stat().st_size
    by_arm: dict[str, list[str]] = {}
    for entry in logged:
        by_arm.setdefault(entry.intervention.arm, []).append(entry.model_dump_json())
    left = sorted(path.name for path in folder.rglob("*.tmp"))
    return {
        "arms": {name: json.loads(state.model_dump_json()) for name, state in last.state.arms.items()},
        "arrays": {name: array.tobytes() for name, array in last.arrays.items()},
        "forks": sorted(one.model_dump_json() for one in forks_in(folder / "forks.jsonl")[1]),
        "interventions": by_arm,
        "status": directory.status().model_copy(update={"saved": ""}),
        **{name: sorted(text.splitlines()) for name, text in texts.items()},
        "left behind": left,
    }


def unlike(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Return what of two states differs first; nothing where they are the same."""
    for part in wanted:
        if found[part] != wanted[part]:
            if isinstance(wanted[part], dict):
                keys = [
                    k
                    for k in wanted[part].keys() | found[part].keys()
                    if found[part].get(k) != wanted[part].get(k)
                ]
                return f"{part}: {sorted(keys)[:4]}"
            return f"{part}: {found[part]!r:.300} and not {wanted[part]!r:.300}"
    return ""


def replayed(folder: Path, warm: Run) -> list[str]:
    """Return what a replay finds to differ."""
    storing.Run = lambda *_, **__: warm
    compared = Replay(RunDirectory(folder), print).compare(lambda _: None)
    return [f"{one.arm} at {one.step}: {one.difference}" for one in compared if one.difference]
