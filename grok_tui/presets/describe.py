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
        yield f"{done['arm']} at step {grouped(int(str(done['at_step'])))}: {_action(done)}"


def _action(done: Mapping[str, object]) -> str:
    """Return an intervention in a few words, as in "switch to sgd(lr=0.1)"."""
    match done["action"], done.get("optimizer"):
        case "switch", dict(optimizer):
            return f"switch to {described(optimizer)}"
        case "set", _:
            return f"set {done['hyperparameter']} = {done['value']}"
        case "jump", _:
            return f"jump of norm {done['norm']}"
        case action, _:
            return str(action)
