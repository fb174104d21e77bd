"""Interventions on data and weights that are typed: what is offered, what it starts with, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from grok_tui.catalog.base import parameters
from grok_tui.catalog.intervention import Intervention
from grok_tui.catalog.interventions import INTERVENTIONS, Follow, Set, Switch
from grok_tui.numbers import grouped, plural
from grok_tui.presets.problems import explain, first_problem

from .knobs import Knob, parsed
from .orders import jump

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.catalog.tasks import TaskSpec
    from grok_tui.engine.arm.status import ArmStatus

FIRST = ("withhold", "acquire", "relabel", "reinitialize")  # of what is offered, since nothing else does it
SETTINGS = (Switch, Set, Follow)  # which have rows and a sheet of their own
SHARE = 0.1  # of the training set or of the labels, to begin with


def offered() -> list[str]:
    """Return the interventions that are typed here, those of plugins last."""
    every = [name for name in INTERVENTIONS.shipped if INTERVENTIONS[name].spec not in SETTINGS]
    others = [name for name in INTERVENTIONS if name not in INTERVENTIONS.shipped]
    return [*FIRST, *(name for name in every if name not in FIRST), *others]


def fields(action: str, arm: ArmStatus, replicas: int) -> list[Knob]:
    """Return what can be said of an intervention on an arm, with values to begin with.

    Args:
        action: the intervention.
        arm: as it stands.
        replicas: how many there are; of one alone none need be named.

    Raises:
        ValueError: it is of a plugin that cannot be loaded.
    """
    spec = INTERVENTIONS[action].spec
    begun = _first_values(action, arm)
    own = [one for one in parameters(spec) if one.name not in Intervention.model_fields]
    return [
        Knob(
            f"{action}.{one.name}", action, begun.get(one.name, one.default), one, live=True, choices=choices
        )
        for one in own
        for choices in [(True, False) if one.type is bool else one.names]
        if replicas > 1 or one.name != "replica"
    ]


def samples_of(arm: ArmStatus) -> str:
    """Return how many samples an arm learns, and how many are withheld; nothing where it learns online."""
    if not arm.samples:
        return ""
    withheld = f", {grouped(arm.withheld)} withheld" if arm.withheld else ""
    return f"{plural(arm.samples, 'sample')}{withheld}"


def made(
    action: str, rows: Sequence[tuple[Knob, str]], arm: ArmStatus, task: TaskSpec, replicas: int
) -> tuple[AnyIntervention | None, dict[str, str]]:
    """Return the intervention that the texts typed for it make, and what is wrong with them.

    Args:
        action: its name in the catalog.
        rows: a text for each field; what has a default may stay empty.
        arm: to which it is done, as it stands.
        task: what the arm learns.
        replicas: how many there are.

    Returns:
        The intervention or None; by field what is wrong, "" standing for all of them together.
    """
    document: dict[str, Any] = {"action": action, "arm": arm.name, "at_step": arm.step}
    problems = {}
    for knob, text in rows:
        if not text.strip() and not knob.parameter.required:
            continue
        try:
            document[knob.name] = parsed(knob, text)
        except ValueError as error:
            problems[knob.name] = str(error)
    if problems:
        return None, problems
    try:
        one = INTERVENTIONS[action].spec.model_validate(document)
    except ValidationError as error:
        key, problem = explain(error, document)
        return None, {next((knob.name for knob, _ in rows if key.startswith(knob.name)), ""): problem}
    replica = getattr(one, "replica", None)
    if replica is not None and replica >= replicas:
        return None, {"replica": f"they are counted from 0 to {replicas - 1}"}
    try:
        one.check_task(task)
        one.after(arm)
    except ValueError as error:
        name, _, rest = first_problem(error).partition(": ")
        known = name in {knob.name for knob, _ in rows}
        return None, {name: rest} if known else {"": first_problem(error)}
    return one, {}


def _first_values(action: str, arm: ArmStatus) -> Mapping[str, Any]:
    """Return what the fields of an intervention start with, where it is not their default."""
    if action == "withhold":
        least = arm.batch_size if isinstance(arm.batch_size, int) else 1
        return {"n": max(min(_round(SHARE * arm.samples), arm.samples - least), 1)}
    if action == "acquire":
        return {"n": max(min(_round(SHARE * (arm.samples + arm.withheld)), arm.withheld), 1)}
    if action == "relabel":
        return {"share": SHARE}
    return {"norm": jump(arm).norm} if action == "jump" else {}


def _round(number: float) -> int:
    return int(float(f"{number:.1g}"))
