"""What is said to a run in words, as in "set lr 1e-2", as the order that it asks for. Free of torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from grok_tui.catalog.base import nearest
from grok_tui.catalog.interventions import INTERVENTIONS, intervention
from grok_tui.catalog.schedules import schedules_of
from grok_tui.engine.arm.forks import fork_name
from grok_tui.engine.worker.orders import ForkArm, GoOn, Intervene, Order, Pause, Rewind, SetPace, Step
from grok_tui.errors import GrokTuiError
from grok_tui.presets.problems import first_problem
from grok_tui.reading import parse_toml

if TYPE_CHECKING:
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.run.snapshot import Snapshot

IN_ORDER = {
    "set": ("hyperparameter", "value"),
    "switch": ("optimizer",),
    "schedule": ("hyperparameter",),
    "reset": ("replica",),
    "jump": ("norm",),
    "acquire": ("n",),
    "withhold": ("n",),
    "relabel": ("share",),
    "reinitialize": ("seed",),
}
"""The keys whose values may be said without them, by action, in this order."""


def order_of(words: Sequence[str], snapshot: Snapshot, arm: str | None) -> Order:
    """Return the order that words ask for.

    Args:
        words: the first says what to do.
        snapshot: the run as it stands.
        arm: the arm that is meant; None where there is one alone, or the order is for all of them.

    Raises:
        GrokTuiError: nothing of that name can be done, something of it is missing or wrong, or it needs an
            arm and there are several.
    """
    first, rest = words[0] if words else "", list(words[1:])
    of_all: dict[str, Callable[[list[str]], Order]] = {
        "pause": lambda given: _alone(Pause(), given),
        "go": lambda given: _alone(GoOn(), given[1:] if given[:1] == ["on"] else given),
        "step": lambda given: Step(steps=_number("step", given or ["1"])),
        "pace": lambda given: SetPace(pace=None if given == ["full"] else float(_number("pace", given))),
    }
    of_one: dict[str, Callable[[list[str], ArmStatus], Order]] = {
        "fork": lambda given, one: _fork(given, one, snapshot),
        "rewind": lambda given, one: Rewind(arm=one.name, step=_number("rewind", given)),
    }
    try:
        if first in of_all:
            return of_all[first](rest)
        if first in of_one:
            return of_one[first](rest, _meant(snapshot, arm))
        if first in INTERVENTIONS:
            return Intervene(intervention=intervention(_table(first, rest, _meant(snapshot, arm))))
    except ValidationError as error:
        raise GrokTuiError(f"{first}: {first_problem(error)}") from None
    except ValueError as error:
        raise GrokTuiError(f"{first}: {error}") from None
    valid = [*of_all, *of_one, *INTERVENTIONS, "stop"]
    raise GrokTuiError(f"unknown order '{first}'{nearest(first, valid)}")


def _meant(snapshot: Snapshot, name: str | None) -> ArmStatus:
    """Return the arm of a name, or the only one.

    Raises:
        GrokTuiError: there is none, or there are several and none is named.
    """
    arms = {arm.name: arm for arm in snapshot.arms}
    if name is None and len(arms) == 1:
        return snapshot.arms[0]
    if name is None:
        raise GrokTuiError(f"to which arm? --arm takes one of {', '.join(arms)}")
    if name not in arms:
        raise GrokTuiError(f"--arm: unknown arm '{name}'{nearest(name, list(arms))}")
    return arms[name]


def _table(action: str, words: list[str], arm: ArmStatus) -> dict[str, Any]:
    """Return the document of an intervention.

    Raises:
        ValueError: a word too many or too few, or a key twice.
    """
    document: dict[str, Any] = {"action": action, "arm": arm.name, "at_step": arm.step}
    if action == "schedule":
        if len(words) < 2:
            raise ValueError("needs a name and how it goes, as in 'schedule lr cosine over 900'")
        parts = schedules_of(" ".join(words[1:]))
        return document | {"hyperparameter": words[0], "schedule": parts}
    given = _given(words, IN_ORDER.get(action, ()))
    if action == "switch" and "optimizer" in given:
        own = {"state": given.pop("state")} if "state" in given else {}
        return document | own | {"optimizer": {"name": given.pop("optimizer"), **given}}
    return document | given


def _given(words: Sequence[str], in_order: Sequence[str]) -> dict[str, Any]:
    """Return values by key, of words such as `lr=0.1`, or of words alone in their order."""
    found: dict[str, Any] = {}
    places = list(in_order)
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            if not places:
                raise ValueError(f"'{word}' is too much")
            key, value = places[0], word
        if key in found:
            raise ValueError(f"{key} is said twice")
        places = [place for place in places if place != key]
        found[key] = _value(value)
    return found


def _value(text: str) -> Any:
    """Return a value as a preset would have it; what is no TOML is a text."""
    try:
        table: Mapping[str, Any] = parse_toml(f"value = {text}")
    except ValueError:
        return text
    return table["value"] if set(table) == {"value"} else text


def _alone(order: Order, words: Sequence[str]) -> Order:
    if words:
        raise ValueError(f"'{words[0]}' is too much")
    return order


def _number(what: str, words: Sequence[str]) -> Any:
    if len(words) != 1:
        raise ValueError(f"needs a number, as in '{what} 100'")
    return _value(words[0])


def _fork(words: Sequence[str], arm: ArmStatus, snapshot: Snapshot) -> ForkArm:
    given = _given(words, ("name",))
    unknown = sorted(given.keys() - {"name", "at"})
    if unknown:
        raise ValueError(f"unknown key '{unknown[0]}'{nearest(unknown[0], ['name', 'at'])}")
    name = given.get("name") or fork_name(arm.name, {one.name for one in snapshot.arms})
    return ForkArm(arm=arm.name, step=given.get("at"), name=name)
