"""What a run is made of and what was done to it, in words for people: the same on every screen and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grok_tui.printable import printable

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.presets import Claim, Control


def described(spec: Mapping[str, object]) -> str:
    """Return a named table as `sgd(lr=0.1, momentum=0.9)`; what is off, zero or none is left out."""
    inner = [
        printable(f"{key}={value}")
        for key, value in spec.items()
        if key != "name" and value not in (None, False, 0)
    ]
    return f"{spec['name']}({', '.join(inner)})"


def dated(done: AnyIntervention) -> str:
    """Return an intervention with its arm and its step, e.g. "sgd at step 1 200: lr = 0.01"."""
    return f"{done.arm} {done.when()}: {done.told()}"


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


def out_of(held: int, trials: int, interval: Sequence[float] | None, noun: str = "seeds") -> str:
    """Return how often something held, with the interval of its share: "7 of 8 seeds [0.473, 0.997]"."""
    text = f"{held} of {trials} {noun}".rstrip()
    return text if interval is None else f"{text} [{interval[0]:.3g}, {interval[1]:.3g}]"
