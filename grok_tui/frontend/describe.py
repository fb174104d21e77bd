"""What a run is made of and what was done to it, in words for people: the same on every screen and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grok_tui.catalog.interventions import Jump, Reset, Set, Sudden, Switch
from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.numbers import grouped

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.presets import Claim, Control


def described(spec: Mapping[str, object]) -> str:
    """Return a named table as `sgd(lr=0.1, momentum=0.9)`; what is off, zero or none is left out."""
    inner = [
        f"{key}={value}" for key, value in spec.items() if key != "name" and value not in (None, False, 0)
    ]
    return f"{spec['name']}({', '.join(inner)})"


def dated(done: AnyIntervention) -> str:
    """Return an intervention with its arm and its step, e.g. "sgd at step 1 200: lr = 0.01"."""
    when = f"at step {grouped(done.at_step)}"
    if isinstance(done, Sudden) and done.since is not None:
        when = f"{done.at_step:+d} steps from {done.since}"
        if done.not_before:
            when += f", the first from step {grouped(done.not_before)} on"
    return f"{done.arm} {when}: {told(done)}"


def told(done: AnyIntervention) -> str:
    """Return an intervention in a few words, e.g. "switch to SGD lr 0.1"."""
    match done:
        case Switch():
            special = done.optimizer.model_dump(include={"lr"}) | done.optimizer.model_dump(
                exclude={"name"}, exclude_defaults=True
            )
            settings = (f"{key} {shown(value)}" for key, value in special.items())
            return " ".join([f"switch to {titled(done.optimizer.name)}", *settings])
        case Set():
            return f"{done.hyperparameter} = {shown(done.value)}"
        case Reset():
            return f"optimizer state reset{_where(done)}"
        case Jump(of_next_steps=None):
            return f"random jump of norm {shown(done.norm)}{_where(done)}"
        case Jump():
            return f"random jump as far as {done.of_next_steps} steps{_where(done)}"


def _where(done: Sudden) -> str:
    return "" if done.replica is None else f", replica {done.replica}"


def named(done: AnyIntervention) -> str:
    """Return an intervention as the label of a mark, e.g. "SGD" or "lr 0.01"."""
    match done:
        case Switch():
            return titled(done.optimizer.name)
        case Set():
            return f"{done.hyperparameter} {shown(done.value)}"
        case _:
            return done.action


def stood_for(numbers: Sequence[int]) -> str:
    """Return what a claim stands for, e.g. "stands for statements 7, 12"."""
    noun = "statement" if len(numbers) == 1 else "statements"
    return f"stands for {noun} {', '.join(map(str, numbers))}"


def instead(control: Control) -> str:
    """Return what a control puts in the place of what, e.g. "with sgd for adamw"."""
    if control.set:
        return f"with {', '.join(control.set)}"
    pairs = [*control.arms.items(), *control.numbers.items()]
    return f"with {', '.join(f'{other} for {own}' for own, other in pairs)}"


def turned(claim: Claim) -> str | None:
    """Return what a claim's control has to bring about, e.g. "fails with sgd for adamw", or None."""
    if claim.control is None:
        return None
    return f"{'fails' if claim.expected == 'reproduced' else 'holds'} {instead(claim.control)}"


def titled(optimizer: str) -> str:
    """Return the name of an optimizer as its papers write it."""
    return "SGD" if optimizer == "sgd" else OPTIMIZERS[optimizer].__name__


def shown(value: object) -> str:
    """Return the value of a parameter as people write it: 0.01, 1e-5, "0.9 0.999", "yes"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:.6g}"
        return text.replace("e-0", "e-").replace("e+0", "e") if "e" in text else text
    if isinstance(value, (tuple, list)):
        return " ".join(map(shown, value))
    return str(value)
