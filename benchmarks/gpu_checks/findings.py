"""What a check has seen, and what verdict that makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

SAME = "the same bits"


class NoGpuError(Exception):
    """There is no usable GPU; one line says why."""


class Verdict(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    LATE = "late"
    """It was ended at its deadline."""
    BROKE = "broke"
    """Its process ended with an error."""
    NOT_JUDGED = "not judged"
    """It saw something, of which nothing had to be so."""
    NO_GPU = "no GPU"


@dataclass(frozen=True)
class Finding:
    """One thing seen.

    Attributes:
        what: was looked at.
        seen: was found, for people.
        wanted: what it had to be; empty where it is information.
        holds: whether it was; None where it is information.
    """

    what: str
    seen: str
    wanted: str = ""
    holds: bool | None = None


class Findings:
    """Takes findings down, each on the disk at once: a check that is killed leaves what it saw until then.

    Args:
        path: of a file with a line of JSON for each.
        speeds_count: whether speeds and sizes are judged; not on an emulated device.
    """

    def __init__(self, path: Path, speeds_count: bool = True) -> None:
        self._path = path
        self._speeds_count = speeds_count

    def note(self, what: str, seen: object) -> None:
        """Take down what is information."""
        self._add(Finding(what, str(seen)))

    def require(self, what: str, holds: bool, seen: object, wanted: str) -> None:
        """Take down what had to be so."""
        self._add(Finding(what, str(seen), wanted, bool(holds)))

    def same_bits(self, what: str, same: bool) -> None:
        """Take down whether two things were the same bit for bit, as they had to be."""
        self.require(what, same, SAME if same else "other bits", SAME)

    def at_most(self, what: str, seen: float, limit: float, unit: str = "") -> None:
        """Take down a number that may not be above a limit; a NaN is."""
        self.require(what, seen <= limit, _number(seen, unit), f"<= {_number(limit, unit)}")

    def none_of(self, what: str, offenders: Sequence[str], of: int) -> None:
        """Take down how many of so many cases are as they should be, and the first that are not."""
        seen = f"{of - len(offenders)} of {of}" + "".join(f"; {each}" for each in offenders[:8])
        self.require(what, not offenders and of > 0, seen, "all")

    def fast(self, what: str, seen: float, least: float, unit: str = "") -> None:
        """Take down a speed, or a ratio of speeds, that may not be below a limit."""
        holds = seen >= least if self._speeds_count else None
        self._add(Finding(what, _number(seen, unit), f">= {_number(least, unit)}", holds))

    def quick(self, what: str, seen: float, most: float, unit: str = " s") -> None:
        """Take down a time, or a size, that only a real device can be held to."""
        holds = seen <= most if self._speeds_count else None
        self._add(Finding(what, _number(seen, unit), f"<= {_number(most, unit)}", holds))

    def _add(self, finding: Finding) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(finding)) + "\n")


def read_findings(path: Path) -> list[Finding]:
    """Return what was taken down; a last line that a kill cut short is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [Finding(**json.loads(line)) for line in lines if line.endswith("\n")]


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """Return the verdict of a check that came to its end."""
    judged = [finding.holds for finding in findings if finding.holds is not None]
    if not judged:
        return Verdict.NOT_JUDGED
    return Verdict.PASSED if all(judged) else Verdict.FAILED


def _number(value: float, unit: str) -> str:
    return f"{value:.4g}{unit}"
