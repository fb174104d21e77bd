"""What running a preset costs: as it was measured here, or by what it took elsewhere and the work in it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from grok_tui.errors import PresetError
from grok_tui.numbers import clock, grouped
from grok_tui.paths import shipped_presets
from grok_tui.presets import find, known_seconds, load, profiles_of
from grok_tui.printable import printable

if TYPE_CHECKING:
    from grok_tui.frontend.verdicts import Verdicts
    from grok_tui.presets import Preset

FEWEST_TIMES = 1.5  # of another profile's work, below which it is as much
MEANT_FOR = {"full": "for a GPU", "medium": "on a CPU", "quick": "on a CPU"}


@dataclass(frozen=True)
class Costs:
    """What a preset takes under the profile at hand, and under the others that it has.

    Attributes:
        seconds: about how long it takes here, or None where nothing is known of it.
        others: a line for each other profile.
    """

    seconds: float | None = None
    others: tuple[str, ...] = ()


class Estimates:
    """About how long presets take here, from those that were run here and the times known of all.

    Attributes:
        slower: how many times as long as elsewhere presets took here.
    """

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        ratios = []
        for profile, times in known_seconds().items():
            for name, seconds in times.items():
                outcome = verdicts.last(name, profile)
                if outcome is not None and outcome.seconds is not None:
                    ratios.append(outcome.seconds / seconds)
        self.slower = median(ratios) if ratios else 1.0

    def seconds(self, name: str, profile: str) -> float | None:
        """Return about how many seconds a preset takes here under a profile."""
        outcome = self._verdicts.last(name, profile)
        if outcome is not None and outcome.seconds is not None:
            return outcome.seconds
        ships = find(name).parent == shipped_presets()
        known = known_seconds().get(profile, {}).get(name) if ships else None
        return None if known is None else known * self.slower

    def costs(self, name: str, profile: str, preset: Preset) -> Costs:
        """Return what a preset costs under a profile, and under the others that it has."""
        own = profiles_of(name)
        here = profile if profile in own else "quick"
        lines = []
        for other in own:
            if other == here:
                continue
            try:
                there = load(name, profile=other)
            except PresetError as error:
                lines.append(f"{other} profile: cannot be used here: {printable(error.problem)}")
                continue
            lines.append(f"{other} profile: {self._cost(name, other, there, preset, here)}")
        return Costs(self.seconds(name, here), tuple(lines))

    def _cost(self, name: str, profile: str, preset: Preset, beside: Preset, here: str) -> str:
        meant = MEANT_FOR.get(profile, "")
        seconds = self.seconds(name, profile)
        if seconds is not None:
            return f"{about(seconds)} {meant}"
        times = work(preset) / work(beside)
        if 1 / FEWEST_TIMES < times < FEWEST_TIMES:
            return f"about as much work as {here}, {meant}"
        factor = f"{rounded(times)} times" if times > 1 else f"1/{rounded(1 / times)} of"
        return f"about {factor} the work of {here}, {meant}"


def work(preset: Preset) -> float:
    """Return about how many multiplications a preset takes, all arms together."""
    replicas = preset.training.replicas
    return replicas * sum(
        arm.training.steps * arm.batch * max(arm.model.multiplications(arm.task.shape), 1)
        for arm in preset.arms
    )


def about(seconds: float) -> str:
    """Return a time that is no more than an estimate: "about 20 s", "about 4:00"."""
    if seconds < 1:
        return "about 1 s"
    step = 1 if seconds < 10 else 5 if seconds < 120 else 30
    near = step * round(seconds / step)
    return f"about {near} s" if near < 60 else f"about {clock(near)}"


def rounded(number: float) -> str:
    """Return a number with one or two digits that count: 873 as "870"."""
    scale = 10 ** max(len(str(int(number))) - 2, 0)
    return grouped(scale * round(number / scale))
