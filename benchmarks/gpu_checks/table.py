"""All checks of the acceptance run, in their order, with the time that each should take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PATIENCE = 2.0
"""How many times its estimate a check may take before it is ended."""


@dataclass(frozen=True)
class Check:
    """A check, which a process of its own carries out.

    Attributes:
        number: by which it is asked for.
        name: what it is about.
        function: "module:function" in `gpu_checks`, which takes `Findings` and an `Effort`.
        seconds: that it should take on an H100 with 16 cores; estimates.
        short_seconds: the same of its short form; None where the short run leaves it out.
    """

    number: int
    name: str
    function: str
    seconds: float
    short_seconds: float | None = None

    def deadline(self, short: bool, patience: float = PATIENCE) -> float:
        """Return the seconds after which it is ended."""
        wanted = self.short_seconds if short and self.short_seconds is not None else self.seconds
        return patience * wanted


CHECKS = (
    Check(0, "machine", "machine:check", 10, 10),
    Check(1, "every kind, tiny", "kinds:check", 60, 35),
    Check(2, "every shipped arm", "shipped:check", 60),
    Check(3, "capture", "capture:check", 25, 25),
    Check(4, "the same run twice", "twice:check", 60, 25),
    Check(5, "kill, resume, replay", "kept:check", 70),
    Check(6, "another device", "places:check", 20),
    Check(7, "replicas", "replicas:check", 25),
    Check(8, "speed", "speed:check", 140, 25),
    Check(9, "wall time to grok", "grok:check", 75, 75),
    Check(10, "what auto takes", "auto:check", 60),
    Check(11, "explorer in a terminal", "explorer:check", 45),
    Check(12, "out of memory", "starved:check", 100, 40),
    Check(13, "error that stays", "broken:check", 30),
    Check(14, "no GPU to be seen", "unseen:check", 20),
    Check(15, "numerics", "numerics:check", 15),
    Check(16, "memory stays flat", "flat:check", 40),
)


def selected(text: str | None, short: bool) -> list[Check]:
    """Return the checks of a list such as "1-7,9", always with the first, or all.

    Raises:
        ValueError: a part is no number or range of checks; the message is one line for people.
    """
    if text is None:
        return [check for check in CHECKS if not short or check.short_seconds is not None]
    wanted = {0}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"--only: '{part.strip()}' is neither a check nor a range such as 1-7")
        numbers = range(int(first), int(last if dash else first) + 1)
        if not numbers or numbers[-1] >= len(CHECKS):
            raise ValueError(f"--only: '{part.strip()}': checks have the numbers 0 to {len(CHECKS) - 1}")
        wanted |= set(numbers)
    return [check for check in CHECKS if check.number in wanted]


def check_of(number: int, checks: Sequence[Check] = CHECKS) -> Check:
    """Return the check of this number."""
    (found,) = (check for check in checks if check.number == number)
    return found
