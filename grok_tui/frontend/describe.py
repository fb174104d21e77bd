"""What a run is made of and what was done to it, in words for people: the same on every screen and page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention


def described(spec: Mapping[str, object]) -> str:
    """Return a named table as `sgd(lr=0.1, momentum=0.9)`; what is off, zero or none is left out."""
    inner = [
        f"{key}={value}" for key, value in spec.items() if key != "name" and value not in (None, False, 0)
    ]
    return f"{spec['name']}({', '.join(inner)})"


def dated(done: AnyIntervention) -> str:
    """Return an intervention with its arm and its step, e.g. "sgd at step 1 200: lr = 0.01"."""
    return f"{done.arm} {done.when()}: {done.told()}"
