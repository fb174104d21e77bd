"""Stretches of a run: what computed it from each time on that it was begun or taken up. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from grok_tui.catalog.base import Count
from grok_tui.engine.arm.forks import Fork

MOST_THREADS = 1024

Threads = Annotated[int, Field(ge=1, le=MOST_THREADS)]


class Stretch(BaseModel):
    """What computed the arms of a run from some of their steps on."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    since: dict[str, Count]
    """The step of each arm with which it began; an arm that is not named was where its parent was."""
    threads: Threads
    device: str
    """Its name, for people."""
    versions: dict[str, str]

    def alike(self, other: Stretch) -> bool:
        """Whether the same computed both."""
        mine = (self.threads, self.device, self.versions)
        return mine == (other.threads, other.device, other.versions)

    def went_back(self, arm: str, step: int) -> Stretch:
        """Return it with an arm in it from an earlier step on, where that one is earlier."""
        return self.model_copy(update={"since": self.since | {arm: min(step, self.since.get(arm, step))}})


def taken_up(stretches: Sequence[Stretch], latest: Stretch) -> list[Stretch]:
    """Return the stretches with a further one, unless the same goes on."""
    return [*stretches] if stretches and stretches[-1].alike(latest) else [*stretches, latest]


def began(stretch: Stretch, arm: str, forks: Mapping[str, Fork]) -> int:
    """Return with which step of an arm a stretch began; a fork is as far as its parent was."""
    while arm not in stretch.since and arm in forks:
        arm = forks[arm].parent
    return stretch.since.get(arm, 0)


def at(stretches: Sequence[Stretch], arm: str, step: int, forks: Mapping[str, Fork]) -> tuple[Stretch, int]:
    """Return which stretch took the step of an arm after `step`, and after which step another may have.

    stretches: at least one.
    """
    starts = [began(stretch, arm, forks) for stretch in stretches]
    found = max((place for place, start in enumerate(starts) if start <= step), default=0)
    return stretches[found], min((start for start in starts if start > step), default=2**53)


def otherwise(stretches: Sequence[Stretch], versions: Mapping[str, str], device: str) -> list[str]:
    """Return, in a line for each stretch after the first, what computed it that is another here.

    Threads are none of it: a replay has as many.
    """
    lines = []
    here = {**versions, "device": device}
    for stretch in stretches[1:]:
        then = {**stretch.versions, "device": stretch.device}
        unlike = [
            f"{name} {then[name]} then, {here[name]} now"
            for name in here
            if then.get(name, here[name]) != here[name]
        ]
        if unlike:
            since = ", ".join(f"{step} of {arm}" for arm, step in stretch.since.items())
            lines.append(f"the bits may differ: {'; '.join(unlike)}, from step {since} on")
    return lines
