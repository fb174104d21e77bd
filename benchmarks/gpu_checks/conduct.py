"""Carries checks out, each in a process of its own that ends at its deadline, and saves what came of each."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .effort import Effort
from .findings import Verdict, read_findings, verdict_of
from .processes import NO_GPU_CODE, command, environment, kill_family
from .results import Result, save
from .table import PATIENCE, Check

MACHINE = 0
"""The number of the check that has to pass before any other makes sense."""


def conduct(
    checks: Sequence[Check],
    folder: Path,
    effort: Effort,
    about: Mapping[str, Any],
    say: Callable[[str], None],
    patience: float = PATIENCE,
) -> list[Result]:
    """Carry checks out in turn; save after each; stop where there is no GPU, or looking for it does not work.

    Args:
        checks: in their order.
        folder: where gpu.json, gpu.txt and what each check wrote are kept.
        effort: how much to do.
        about: of the run, for the head of what is saved.
        say: told, in a line each, how it goes.
        patience: how many times its estimate a check may take.
    """
    results: list[Result] = []
    for check in checks:
        say(f"{check.number:2} {check.name} (about {check.deadline(effort.short, 1.0):.0f} s)")
        result = carried_out(check, folder, effort, patience)
        results.append(result)
        save(folder, about, results)
        say(
            f"   {result.verdict} after {result.seconds:.0f} s" + f": {result.problem}" * bool(result.problem)
        )
        for finding in result.findings:
            if finding.holds is False:
                say(f"   - {finding.what}: {finding.seen} (wanted: {finding.wanted})")
        if check.number == MACHINE and result.verdict in (Verdict.NO_GPU, Verdict.BROKE, Verdict.LATE):
            break
    return results


def carried_out(check: Check, folder: Path, effort: Effort, patience: float) -> Result:
    """Carry one check out and return what came of it, whatever happens to its process."""
    path, log = folder / f"check-{check.number:02}.jsonl", folder / f"check-{check.number:02}.log"
    path.unlink(missing_ok=True)
    deadline = check.deadline(effort.short, patience * effort.slowness)
    began = time.monotonic()
    with log.open("wb") as said:
        process = subprocess.Popen(
            command("check", str(check.number), str(path.resolve())),
            env=environment(effort.environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(deadline)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                kill_family(process)
    findings = read_findings(path)
    verdict, problem = _judged(code, deadline, log)
    return Result(
        number=check.number,
        name=check.name,
        verdict=verdict_of(findings) if verdict is None else verdict,
        seconds=round(time.monotonic() - began, 2),
        deadline=deadline,
        findings=findings,
        problem=problem,
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _judged(code: int | None, deadline: float, log: Path) -> tuple[Verdict | None, str]:
    """Return the verdict that the end of a process makes by itself, if any, and why."""
    if code is None:
        return Verdict.LATE, f"it was ended after {deadline:.0f} s"
    if code == 0:
        return None, ""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    last = next((line for line in reversed(lines) if line), "")[:300]
    if code == NO_GPU_CODE:
        return Verdict.NO_GPU, last
    return Verdict.BROKE, f"its process ended with {code}: {last}"
