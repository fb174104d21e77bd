"""Builds the report of a run from a snapshot of it, whichever front end asks."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from grok_tui.presets import plugins_of

from .describe import instead
from .report import (
    ArmReport,
    AxisReport,
    BackendReport,
    ClaimReport,
    ComparisonReport,
    ControlReport,
    CurveReport,
    EventReport,
    Export,
    RunReport,
    VectorReport,
    Versions,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grok_tui.claims import Comparison
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.record.controls import JudgedControl
    from grok_tui.engine.record.verdicts import JudgedClaim
    from grok_tui.engine.run.snapshot import Snapshot, State
    from grok_tui.engine.steps.backends import BackendSince


def report_of(
    snapshot: Snapshot,
    label: str,
    profile: str,
    backends: Mapping[str, Sequence[BackendSince]] | None = None,
) -> RunReport:
    """Return what every report says of a run as it stands.

    Args:
        snapshot: the run; its preset must be known.
        label: the preset's name.
        profile: "quick", "medium" or "full".
        backends: by arm, what made which steps, where that is known.
    """
    preset = snapshot.preset
    assert preset is not None
    planned = {arm.name: arm.training.steps for arm in preset.arms}
    made = backends or {}
    arms = snapshot.arms
    return RunReport(
        preset=label,
        title=preset.title,
        profile=profile,
        sources=preset.sources,
        settings=preset.model_dump(mode="json"),
        versions=versions(),
        plugins=plugins_of(preset),
        device=snapshot.torch_device,
        device_name=snapshot.device,
        threads=snapshot.threads,
        tf32=snapshot.tf32,
        seeds=preset.seeds,
        arms=[_arm(arm, planned[arm.name], made.get(arm.name, ())) for arm in arms],
        events=sorted((event for arm in arms for event in _events(arm)), key=lambda event: event.step),
        interventions=[done.model_dump(mode="json") for arm in arms for done in arm.interventions],
        claims=[_claim(judged) for judged in snapshot.claims],
        complete=all(arm.step >= planned[arm.name] for arm in arms),
    )


def document(
    report: RunReport,
    curves: Iterable[CurveReport],
    vectors: Sequence[VectorReport] = (),
    *,
    state: State,
    command: str,
    steered: bool,
) -> Iterator[str]:
    """Yield an `Export` as JSON, curve by curve, as all of them may be large.

    Args:
        report: what every report says.
        curves: all numbers that were recorded.
        vectors: and what has axes.
        state: what the run was doing.
        command: the command line that does it again.
        steered: whether somebody changed what the preset and its options say.
    """
    head = Export(
        **vars(report),
        state=state.value,
        command=command,
        steered_by_hand=steered,
        exported=datetime.now(UTC).isoformat(timespec="seconds"),
        vectors=list(vectors),
        curves=[],
    )
    absent = None if vectors else {"vectors"}
    yield head.model_dump_json(indent=1, exclude=absent).removesuffix("[]\n}") + "["
    separator = "\n  "
    for curve in curves:
        yield separator + curve.model_dump_json()
        separator = ",\n  "
    yield "\n ]\n}\n"


def curves_of(snapshot: Snapshot) -> Iterator[CurveReport]:
    """Yield every measure of every arm over the recorded steps."""
    for arm in snapshot.arms:
        for measure in arm.history.names:
            steps, values = arm.history.curve(measure)
            yield CurveReport(arm=arm.name, measure=measure, steps=steps.tolist(), values=values.T.tolist())
    yield from looked_back_of(snapshot)


def looked_back_of(snapshot: Snapshot) -> Iterator[CurveReport]:
    """Yield the measures that look back, of the arms that have come to their end."""
    for arm in snapshot.arms:
        found = arm.looked_back
        for measure in found.names if len(found) else ():
            values = found.values(measure).T.tolist()
            yield CurveReport(arm=arm.name, measure=measure, steps=found.steps.tolist(), values=values)


def vectors_of(snapshot: Snapshot) -> list[VectorReport]:
    """Return every measure with axes of every arm, as far as it is kept."""
    return [
        VectorReport(
            arm=arm.name,
            measure=name,
            axes=[AxisReport(name=a.name, size=a.size, labels=list(a.labels)) for a in vector.axes],
            steps=(table := vector.table())[0].tolist(),
            values=_with_gaps(np.swapaxes(table[1], 0, 1)),
        )
        for arm in snapshot.arms
        for name, vector in arm.vectors.items()
    ]


def _with_gaps(values: NDArray[np.float32]) -> list[Any]:
    """Return an array as lists, None where a number is not finite."""
    found: NDArray[Any] = values.astype(object)
    found[~np.isfinite(values)] = None
    return list(found.tolist())


def versions() -> Versions:
    """Return what computes here."""
    return Versions(
        grok_tui=version("grok-tui"),
        python=platform.python_version(),
        torch=version("torch"),
        numpy=version("numpy"),
        platform=platform.platform(),
    )


def _events(arm: ArmStatus) -> Iterator[EventReport]:
    for event in arm.events:
        yield EventReport(
            arm=arm.name,
            step=event.step,
            name=event.name,
            replica=event.replica,
            numbers=dict(event.numbers),
        )


def _arm(arm: ArmStatus, planned: int, backends: Sequence[BackendSince]) -> ArmReport:
    history, seen = arm.history, arm.looked_back
    last = {name: history.last(name).tolist() for name in history.names}
    last |= {name: seen.last(name).tolist() for name in seen.names if len(seen)}
    return ArmReport(
        name=arm.name,
        steps=arm.step,
        steps_planned=planned,
        optimizer=arm.optimizer.model_dump(mode="json"),
        schedule={name: f"{one} from step {one.since}" for name, one in arm.courses.items()},
        since=arm.since,
        recorded_at=int(history.steps[-1]),
        batch_size=arm.batch_size,
        diverged=arm.diverged,
        parent=arm.parent,
        born=arm.born,
        measures=last,
        backends=[BackendReport(step=since.step, backend=since.backend) for since in backends],
    )


def _claim(judged: JudgedClaim) -> ClaimReport:
    claim, telling = judged.claim, judged.telling
    deciding = _comparison(telling.deciding)
    return ClaimReport(
        says=claim.says,
        holds=claim.holds,
        verdict=judged.verdict.value,
        expected=claim.expected,
        as_expected=judged.as_expected,
        left=deciding.left,
        operator=deciding.operator,
        right=deciding.right,
        comparisons=[_comparison(comparison) for comparison in telling.comparisons],
        origin=claim.origin,
        retracted=claim.retracted,
        because=claim.because,
        held_in=judged.held_in,
        replicas=len(judged.judgements),
        interval=list(judged.interval) if judged.interval else None,
        holds_in=claim.holds_in,
    )


def control_report(judged: JudgedControl) -> ControlReport:
    """Return what a report says of a claim under its control."""
    return ControlReport(
        what=instead(judged.control),
        verdict=judged.verdict.value,
        as_expected=judged.as_expected,
        comparisons=[_comparison(comparison) for comparison in judged.telling.comparisons],
    )


def _comparison(comparison: Comparison) -> ComparisonReport:
    right: float | list[float | None] | None
    right = list(comparison.right) if isinstance(comparison.right, tuple) else comparison.right
    return ComparisonReport(
        text=comparison.text,
        left=comparison.left,
        operator=comparison.operator,
        right=right,
        holds=comparison.holds,
        shown=str(comparison),
    )
