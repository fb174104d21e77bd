"""Optimizers and interventions in a line each, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from grok_tui.numbers import grouped


def described(spec: Mapping[str, object]) -> str:
    """Return a named table as `sgd(lr=0.1, momentum=0.9)`; what is off, zero or none is left out."""
    inner = [
        f"{key}={value}" for key, value in spec.items() if key != "name" and value not in (None, False, 0)
    ]
    return f"{spec['name']}({', '.join(inner)})"


def doings(interventions: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Return a line for each intervention, as its schema has it."""
    for done in interventions:
        step, since = int(str(done["at_step"])), done.get("since")
        when = f"at step {grouped(step)}" if since is None else f"{step:+d} steps from {since}"
        if done.get("not_before"):
            when += f", the first from step {grouped(int(str(done['not_before'])))} on"
        yield f"{done['arm']} {when}: {_action(done)}"


def _action(done: Mapping[str, object]) -> str:
    """Return an intervention in a few words, as in "switch to sgd(lr=0.1)"."""
    match done["action"], done.get("optimizer"):
        case "switch", dict(optimizer):
            return f"switch to {described(optimizer)}"
        case "set", _:
            return f"set {done['hyperparameter']} = {done['value']}"
        case "jump", _ if done.get("norm") is not None:
            return f"jump of norm {done['norm']}{_where(done)}"
        case "jump", _:
            return f"jump as far as {done['of_next_steps']} steps{_where(done)}"
        case action, _:
            return f"{action}{_where(done)}"


def _where(done: Mapping[str, object]) -> str:
    return "" if done.get("replica") is None else f", replica {done['replica']}"
