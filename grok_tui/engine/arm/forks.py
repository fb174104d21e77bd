"""Forks: arms that begin with the state that another arm had at some step. Free of torch."""

from __future__ import annotations

import re
from collections.abc import Collection

from pydantic import BaseModel, ConfigDict

from grok_tui.catalog.base import Count
from grok_tui.catalog.names import ArmName

LONGEST_NAME = 40  # as of any arm

MOST_ARMS = 32
"""Arms that a run may have with its forks; a preset may have more, and then no forks."""

_NUMBERED = re.compile(r"(.+)_\d+")


class Fork(BaseModel):
    """Where an arm comes from.

    All that was done to its parent before is done to the fork as well, under its own name, so that the fork
    can be computed again by itself from step 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: ArmName
    parent: str
    step: Count
    """The step of its parent that it begins with."""
    end: Count
    """The step at which it counts as finished, as its parent's stood then."""
    inherited: Count = 0
    """How many interventions it has from its parent."""


def check_room(arms: int) -> None:
    """Make sure that a run may have that many arms, forks among them.

    Raises:
        ValueError: those are too many.
    """
    if arms > MOST_ARMS:
        raise ValueError(f"{MOST_ARMS} arms are as many as there may be")


def fork_name(parent: str, taken: Collection[str]) -> str:
    """Return a name for a fork: adam_2, adam_3... for forks of adam, and for forks of those."""
    numbered = _NUMBERED.fullmatch(parent)
    stem = numbered[1] if numbered and numbered[1] in taken else parent
    number = 2
    while True:
        tail = f"_{number}"
        name = stem[: LONGEST_NAME - len(tail)] + tail
        if name not in taken:
            return name
        number += 1
