"""Whether what a preset plans can be done: what interventions wait for, and what they make of settings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ..catalog.base import nearest
from ..catalog.events import EVENTS
from ..catalog.interventions import AnyIntervention
from ..catalog.measures import MEASURES
from .problems import first_problem
from .settings import Settings


def check_awaited(interventions: Sequence[AnyIntervention], measures: Mapping[str, Collection[str]]) -> None:
    """Make sure that what interventions wait for can come.

    Args:
        interventions: the preset's.
        measures: which measures each arm has, by its name.

    Raises:
        ValueError: an arm, an event or a measure that there is not, or arms that wait for one another.
    """
    for i, one in enumerate(interventions):
        if one.awaited is None:
            continue
        arm, what = one.awaited
        where = f"interventions[{i}].{'since' if one.since else 'since_plateau.measure'}"
        if arm not in measures:
            raise ValueError(f"{where}: unknown arm '{arm}'{nearest(arm, list(measures))}")
        if isinstance(what, str):
            if what not in EVENTS:
                raise ValueError(f"{where}: unknown event '{what}'{nearest(what, list(EVENTS))}")
        elif what.name not in measures[arm]:
            raise ValueError(
                f"{where}: unknown measure '{what.name}'{nearest(what.name, list(measures[arm]))}"
            )
        elif what.name in MEASURES and MEASURES[what.name].looks_back:
            raise ValueError(f"{where}: '{what.name}' looks back from the end, for which nothing can wait")
        circle = _circle(one, interventions)
        if circle:
            raise ValueError(f"{where}: arms wait for one another: {' for '.join(circle)}")


def _circle(one: AnyIntervention, interventions: Iterable[AnyIntervention]) -> list[str]:
    """Return the arms from that of an intervention back to it, each waiting for the next, if any."""
    waits: dict[str, set[str]] = {}
    for other in interventions:
        if other.awaited is not None and other.awaited[0] != other.arm:
            waits.setdefault(other.arm, set()).add(other.awaited[0])
    assert one.awaited is not None
    paths = [[one.arm, one.awaited[0]]] if one.awaited[0] != one.arm else []
    seen: set[str] = set()
    while paths:
        path = paths.pop()
        if path[-1] == one.arm:
            return path
        if path[-1] not in seen:
            seen.add(path[-1])
            paths += [[*path, further] for further in sorted(waits.get(path[-1], ()))]
    return []


def check_settings(begun: Settings, interventions: Sequence[tuple[int, AnyIntervention]]) -> None:
    """Make sure that every intervention of an arm fits what the arm is trained with then.

    Nobody knows when one that waits will come. So it has to fit what the arm is trained with at some time,
    and the others what is there without it or, at some time, with it.

    Args:
        begun: the arm's settings at the start.
        interventions: those of the arm, with their places in the preset.

    Raises:
        ValueError: one does not fit.
    """
    fixed = sorted((item for item in interventions if not item[1].awaited), key=lambda item: item[1].at_step)
    waiting = [item for item in interventions if item[1].awaited]
    possible = [begun]
    for _ in range(2 if waiting else 0):  # one that waits may need what another one that waits leaves
        befores = possible[:MOST_TRIED]
        possible = [begun, *(after for _, one in waiting for after in _afters(befores, one)[0])]
    current = begun
    for i, one in fixed:
        fitting, problem = _afters([current, *(possible if waiting else ())], one)
        if problem and not fitting:
            raise ValueError(f"interventions[{i}]: {problem}")
        current = fitting[0]
        possible += fitting
    for i, one in waiting:
        fitting, problem = _afters(possible, one)
        if problem and not fitting:
            raise ValueError(f"interventions[{i}]: {problem}")


MOST_TRIED = 100  # settings that an arm may come to, of those that wait


def _afters(befores: Sequence[Settings], one: AnyIntervention) -> tuple[list[Settings], str]:
    """Return what an intervention leaves of those settings that it fits, and why it does not fit another."""
    found, problem = [], ""
    for before in befores:
        try:
            found.append(before.after(one))
        except ValueError as error:
            problem = problem or first_problem(error)
    return found, problem
