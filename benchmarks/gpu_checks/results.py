"""What a run of the checks leaves: gpu.json and gpu.txt, written anew after every check."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .findings import Finding, Verdict

FORMAT = 1


@dataclass(frozen=True)
class Result:
    """What came of a check.

    Attributes:
        number: of the check.
        name: of the check.
        verdict: how it ended.
        seconds: that it took.
        deadline: the seconds that it had.
        findings: what it saw.
        problem: why there is no more to see, in one line, or empty.
        ended: the time of day at its end, ISO 8601.
    """

    number: int
    name: str
    verdict: Verdict
    seconds: float
    deadline: float
    findings: Sequence[Finding]
    problem: str
    ended: str


def exit_code(results: Sequence[Result], emulated: bool) -> int:
    """Return 0 where all checks passed, 1 where one did not, 2 where there is no GPU to check.

    emulated: whether what an emulated device cannot show, such as speed, may stay without judgement.
    """
    verdicts = {result.verdict for result in results}
    if Verdict.NO_GPU in verdicts:
        return 2
    allowed = {Verdict.PASSED, Verdict.NOT_JUDGED} if emulated else {Verdict.PASSED}
    return 0 if verdicts and verdicts <= allowed else 1


def save(folder: Path, about: Mapping[str, Any], results: Sequence[Result]) -> None:
    """Write gpu.json and gpu.txt whole; what other checks left in the folder before stays in them.

    about: of the run, for the head of both.
    """
    known = {result.number: result for result in read(folder)} | {each.number: each for each in results}
    ordered = [known[number] for number in sorted(known)]
    document = {"format": FORMAT, **about, "checks": [asdict(result) for result in ordered]}
    _write(folder / "gpu.json", json.dumps(document, indent=1) + "\n")
    _write(folder / "gpu.txt", table_of(about, ordered))


def read(folder: Path) -> list[Result]:
    """Return what gpu.json of a folder says; nothing where there is none, or one of another format."""
    try:
        document = json.loads((folder / "gpu.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    if document.get("format") != FORMAT:
        return []
    return [_result(entry) for entry in document["checks"]]


def _result(entry: dict[str, Any]) -> Result:
    findings = tuple(Finding(**each) for each in entry["findings"])
    return Result(**entry | {"findings": findings, "verdict": Verdict(entry["verdict"])})


def table_of(about: Mapping[str, Any], results: Sequence[Result]) -> str:
    """Return what was seen as text: a table of the checks in Markdown, then each finding."""
    lines = [f"{key}: {value}" for key, value in about.items()]
    lines += ["", "| # | check | verdict | seconds | of |", "|---|---|---|---|---|"]
    lines += [
        f"| {each.number} | {each.name} | {each.verdict} | {each.seconds:.0f} | {each.deadline:.0f} |"
        for each in results
    ]
    for result in results:
        lines += ["", f"{result.number} {result.name}: {result.verdict}"]
        lines += [f"    ! {result.problem}"] if result.problem else []
        lines += [f"    {line_of(finding)}" for finding in result.findings]
    return "\n".join(lines) + "\n"


def line_of(finding: Finding) -> str:
    """Return a finding in one line."""
    sign = {True: "+", False: "-", None: " "}[finding.holds]
    wanted = f" (wanted: {finding.wanted})" if finding.wanted else ""
    return f"{sign} {finding.what}: {finding.seen}{wanted}"


def _write(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
