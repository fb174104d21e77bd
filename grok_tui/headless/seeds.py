"""Claims over seeds that nobody chose: which seeds, and what came of each claim over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from grok_tui.claims import clopper_pearson
from grok_tui.errors import ExitCode, GrokTuiError
from grok_tui.frontend.report import ClaimReport, Ledger, Report, SeedClaim, SeedLedger
from grok_tui.options import RunOptions

from .job import Job

# Settings and conditions of the shipped presets were tried on smaller seeds alone.
FIRST_SEED = 1000


def fresh_seeds(name: str, options: RunOptions, count: int | None) -> Sequence[int | None]:
    """Return the first seed of each run of a preset.

    They are R apart, for R replicas, so that no seed comes twice; the first is that of the options, or else
    `FIRST_SEED`.

    Args:
        name: the preset's name or path.
        options: what is laid over it.
        count: how many runs; None is one, under the options as they stand.

    Raises:
        GrokTuiError: the preset or an option does not allow it.
    """
    if count is None:
        return [None]
    first = FIRST_SEED if options.seed is None else options.seed
    replicas = replace(options, seed=first).load(name).training.replicas
    last = first + (count - 1) * replicas
    try:
        replace(options, seed=last).load(name)
    except GrokTuiError as error:
        raise GrokTuiError(f"--seeds: {count} runs from seed {first} go up to seed {last}: {error}") from None
    return range(first, last + 1, replicas)


def seed_ledger(ledger: Ledger, work: Sequence[Job], *, interrupted: bool) -> SeedLedger:
    """Judge each claim over the runs of its preset that came to their end.

    Args:
        ledger: of all runs.
        work: the runs, those of a preset one after the other.
        interrupted: whether the exit code tells of a signal, and stays.
    """
    claims = list(_claims(work))
    verdicts = sum(claim.runs for claim in claims)
    code = ledger.exit_code
    if not interrupted:
        failed = [failure.exit_code for failure in ledger.failures]
        failed += [run.exit_code for run in ledger.runs if not run.complete]
        as_expected = all(claim.as_expected for claim in claims)
        code = max([int(ExitCode.AS_EXPECTED if as_expected else ExitCode.NOT_AS_EXPECTED), *failed])
    told = vars(ledger) | {"exit_code": code}
    return SeedLedger(
        **told,
        claims=claims,
        unchanged=sum(claim.unchanged for claim in claims),
        verdicts=verdicts,
        unchanged_in_all=sum(claim.unchanged == claim.runs > 0 for claim in claims),
    )


def _claims(work: Sequence[Job]) -> Iterator[SeedClaim]:
    for _, jobs in groupby(work, key=lambda job: job.preset):
        reports = [job.result for job in jobs if isinstance(job.result, Report)]
        for of_all in zip(*(report.claims for report in reports), strict=True):
            yield _over_all(reports[0].preset, of_all)


def _over_all(preset: str, of_all: Sequence[ClaimReport]) -> SeedClaim:
    """Return what came of one claim over all runs of its preset."""
    first = of_all[0]
    judged = [claim for claim in of_all if claim.verdict != "undecided"]
    held_in, judged_in = sum(claim.held_in for claim in judged), sum(claim.replicas for claim in judged)
    unchanged = sum(claim.as_expected for claim in judged)
    return SeedClaim(
        preset=preset,
        says=first.says,
        holds=first.holds,
        expected=first.expected,
        origin=first.origin,
        holds_in=first.holds_in,
        held_in=held_in,
        judged_in=judged_in,
        interval=list(clopper_pearson(held_in, judged_in)) if judged_in else None,
        unchanged=unchanged,
        runs=len(judged),
        as_expected=bool(judged) and unchanged / len(judged) >= first.holds_in,
    )
