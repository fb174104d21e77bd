"""A kept run as a snapshot, and as the document that other programs read.

Free of torch, as long as nothing that it recorded has an axis with labels.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce
from itertools import chain
from typing import Any

import numpy as np
from pydantic import ValidationError

from grok_tui.catalog.interventions import AnyIntervention, intervention
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.arm.status import ArmStatus
from grok_tui.engine.record.envelope import SIDES
from grok_tui.engine.record.history import Event, History
from grok_tui.engine.record.looked_back import LookedBack
from grok_tui.engine.record.verdicts import judge
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.engine.store.directory import RunDirectory, preset_of
from grok_tui.engine.store.export import read_events, read_forks, read_interventions, read_measures
from grok_tui.engine.store.files import StoreError
from grok_tui.engine.store.looked_back import read_looked_back
from grok_tui.engine.store.vectors import read_vectors
from grok_tui.presets import Arm, Preset, Settings
from grok_tui.presets.problems import first_problem

from .report import CurveReport, Versions
from .reporting import document, looked_back_of, report_of, vectors_of


def json_of(directory: RunDirectory) -> Iterator[str]:
    """Yield a kept run as JSON, a `grok_tui.frontend.report.Export`, curve by curve.

    Raises:
        StoreError: the folder cannot be read, or what is in it does not go together.
    """
    asked = directory.describe()
    then = asked.versions
    versions = Versions(
        grok_tui=then.get("grok_tui", ""),
        python=then.get("python", ""),
        torch=then.get("torch", ""),
        numpy=then.get("numpy", ""),
        platform=then.get("machine", ""),
    )
    snapshot = snapshot_of(directory)
    report = report_of(snapshot, asked.label, asked.profile)
    yield from document(
        report.model_copy(update={"versions": versions}),
        chain(_curves(directory), looked_back_of(snapshot)),
        vectors_of(snapshot),
        state=snapshot.state,
        command=shlex.join(["grok-tui", "replay", directory.name]),
        steered=any(not line.get("scheduled") for line in read_interventions(directory)),
    )


def _curves(directory: RunDirectory) -> Iterator[CurveReport]:
    """Yield all that was logged, of which a long run's history may hold less."""
    for arm, table in read_measures(directory).items():
        steps = table.pop("step")
        for measure, rows in table.items():
            yield CurveReport(
                arm=arm, measure=measure, steps=steps, values=[list(row) for row in zip(*rows, strict=True)]
            )


def snapshot_of(directory: RunDirectory) -> Snapshot:
    """Return a kept run as it stood when its logs were last written.

    Raises:
        StoreError: the folder cannot be read, or what is in it does not go together.
    """
    asked = directory.describe()
    try:
        preset = _with_forks(preset_of(asked, directory), directory)
        arms = _arms(preset, directory)
        found = read_vectors(directory, preset)
        seen = read_looked_back(directory)
        arms = tuple(
            replace(
                arm,
                vectors=found.get(arm.name, {}),
                looked_back=seen.get(arm.name) or _not_yet(preset, arm.name),
            )
            for arm in arms
        )
        recorded = {arm.name: arm.recorded(preset) for arm in arms}
        claims = tuple(judge(claim, recorded, len(preset.seeds)) for claim in preset.claims)
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{directory.path}: its logs do not go together: {_line(error)}") from None
    finished = directory.status().ended in ("finished", "diverged")
    return Snapshot(
        state=State.FINISHED if finished else State.PAUSED,
        preset=preset,
        arms=arms,
        claims=claims,
        device=asked.device_name,
        torch_device=asked.device,
        threads=asked.threads,
        tf32=asked.tf32,
        kept=directory.name,
    )


def _not_yet(preset: Preset, name: str) -> LookedBack:
    """Return what is known of an arm's measures that look back before its end."""
    arm = next(arm for arm in preset.arms if arm.name == name)
    return LookedBack.nothing(preset.looking_back(arm), len(preset.seeds))


def _with_forks(preset: Preset, directory: RunDirectory) -> Preset:
    arms = list(preset.arms)
    for line in read_forks(directory):
        parent = next((arm for arm in arms if arm.name == line["parent"]), None)
        if parent is None:
            raise ValueError("a fork has no parent")
        arms.append(parent.model_copy(update={"name": line["name"]}))
    return preset.model_copy(update={"arms": arms})


def _arms(preset: Preset, directory: RunDirectory) -> tuple[ArmStatus, ...]:
    """Return those arms of which anything was recorded."""
    measures, events = read_measures(directory), read_events(directory)
    done = [intervention(line["intervention"]) for line in read_interventions(directory)]
    forks = {line["name"]: line for line in read_forks(directory)}
    return tuple(
        _arm(spec, measures[spec.name], events, done, forks.get(spec.name))
        for spec in preset.arms
        if spec.name in measures
    )


def _arm(
    spec: Arm,
    table: Mapping[str, Any],
    events: list[dict[str, Any]],
    done: list[AnyIntervention],
    forked: Mapping[str, Any] | None,
) -> ArmStatus:
    fork = Fork.model_validate({k: forked[k] for k in Fork.model_fields}) if forked is not None else None
    inherited = [line["intervention"] for line in forked["done"]] if forked is not None else []
    own = [intervention(one) for one in inherited]
    own += [one for one in done if one.arm == spec.name]
    seen = [
        Event(line["step"], line["event"], line["replica"], line.get("numbers", {}))
        for line in events
        if line["arm"] == spec.name
    ]
    history = _history(table, seen)
    settings: Settings = reduce(lambda before, one: before.after(one), own, spec.settings)
    arm = ArmStatus(
        **vars(settings),
        name=spec.name,
        step=table["step"][-1],
        end=fork.end if fork is not None else spec.training.steps,
        diverged=False,
        parent=fork.parent if fork is not None else "",
        born=fork.step if fork is not None else 0,
        interventions=tuple(own),
        events=tuple(seen),
        history=history,
    )
    return replace(arm, diverged=bool(arm.had("divergence")))


def _history(table: Mapping[str, Any], events: list[Event]) -> History:
    names = [name for name in table if name != "step"]
    measures = [name for name in names if name not in SIDES]
    steps = table["step"]
    rows = np.array([table[name] for name in (*measures, *SIDES)], dtype=np.float64)  # None becomes NaN
    history = History(measures, rows.shape[-1])
    for place, step in enumerate(steps):
        history.append(step, rows[: len(measures), place], rows[len(measures) :, place])
    history.events[:] = events
    return history


def _line(error: Exception) -> str:
    said = first_problem(error) if isinstance(error, ValueError) else str(error)
    return " ".join(said.split())[:200]
