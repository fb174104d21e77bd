"""`grok-tui runs`, `resume`, `attach`, `replay` and `export`: what to do with runs that are kept."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from grok_tui.cli import options as opt
from grok_tui.engine.run.place import Place
from grok_tui.errors import ExitCode, GrokTuiError
from grok_tui.output import has_terminal

if TYPE_CHECKING:
    from grok_tui.engine.store.library import Listed

KEEP_RUNS = 20
END_SECONDS = 60.0  # for the steps at work and the last checkpoint

runs = typer.Typer(name="runs", invoke_without_command=True, help="List the runs that are kept.")


def resume(
    run: opt.RunName,
    device: opt.OtherDevice = None,
    threads: opt.Threads = None,
    time_limit: opt.TimeLimit = None,
    as_json: opt.Json = False,
    junit: opt.Junit = None,
    headless: opt.Headless = False,
    keep_running: opt.KeepRunning = False,
    _plugins: opt.Plugins = None,
) -> int:
    """Take a kept run up where it was left: in the explorer, or without a screen on to its end.

    The explorer opens where there is a terminal and nothing is asked for that needs none.
    """
    if has_terminal() and not (headless or as_json or junit is not None or time_limit is not None):
        from grok_tui.engine.store.library import find_run
        from grok_tui.tui import ResumedRun, run_explorer

        directory = find_run(run)
        document = directory.describe()
        found = ResumedRun(directory, document.label, document.profile, Place(device=device, threads=threads))
        return run_explorer(resumed=found, keep_running=keep_running)
    if keep_running:
        raise GrokTuiError("--keep-running is for the explorer, which needs a terminal")
    from grok_tui.headless.resume import resume_headless
    from grok_tui.headless.run import Wishes

    wishes = Wishes(as_json, junit, opt.seconds(time_limit))
    return resume_headless(run, Place(device=device, threads=threads), wishes)


def attach(run: opt.RunName, _plugins: opt.Plugins = None) -> int:
    """Open the explorer on a run that goes on without one; q leaves it going, Q ends it."""
    from grok_tui.engine.store.library import find_run

    directory = find_run(run)
    document = directory.describe()
    if not has_terminal():
        raise GrokTuiError("the explorer needs a terminal; 'grok-tui runs' shows how a run stands")
    from grok_tui.tui import ResumedRun, run_explorer

    return run_explorer(resumed=ResumedRun(directory, document.label, document.profile, running=True))


def tell(
    run: opt.RunName,
    words: opt.Words,
    arm: opt.ToArm = None,
    as_json: opt.Json = False,
    _plugins: opt.Plugins = None,
) -> int:
    """Tell a run that goes on by itself what to do, and print at which step it was done.

    `pause`, `go on`, `step 100`, `pace 50`, `stop`; and of an arm: `set lr 1e-2`, `switch sgd lr=0.1`,
    `schedule lr cosine over 900`, `fork`, `rewind 500`, `reset`, `jump 0.1`, or any other intervention.
    """
    from grok_tui.engine.store.library import find_run
    from grok_tui.headless.tell import in_words
    from grok_tui.headless.tell import tell as have_done
    from grok_tui.output import write_json, write_result

    words = [part for word in words for part in word.split()]
    if words == ["stop"]:
        return end(run)
    told = have_done(find_run(run), words, arm)
    if as_json:
        write_json(json.dumps(told) + "\n")
    else:
        write_result(in_words(told) + "\n")
    return ExitCode.AS_EXPECTED


def replay(
    run: opt.RunName,
    device: opt.OtherDevice = None,
    as_json: opt.Json = False,
    _plugins: opt.Plugins = None,
) -> int:
    """Do a kept run again, with its interventions, and prove that the same comes out."""
    from grok_tui.headless.replay import replay_headless

    return replay_headless(run, device, as_json)


def export(run: opt.RunName, to: opt.To = "csv", out: opt.Out = None, _plugins: opt.Plugins = None) -> int:
    """Write a kept run for other programs."""
    from grok_tui.catalog.base import nearest
    from grok_tui.engine.store.library import find_run
    from grok_tui.headless import export as exporting
    from grok_tui.output import write_json, write_result

    known = [*exporting.TEXTS, *exporting.FORMATS]
    if to not in known:
        raise GrokTuiError(f"--to: unknown format '{to}'{nearest(to, known)}")
    directory = find_run(run)
    if to in exporting.FORMATS:
        if out is None:
            raise GrokTuiError(f"--to {to} needs --out")
        exporting.export_run(directory, to, out)
        return ExitCode.AS_EXPECTED
    if out is None:
        (write_json if to == "json" else write_result)(exporting.text_of(directory, to))
    else:
        exporting.write_text(directory, to, out)
    return ExitCode.AS_EXPECTED


@runs.callback()
def show(context: typer.Context, as_json: opt.Json = False) -> int:
    """List the runs that are kept: preset, steps, verdicts, size, and whether one is running."""
    if context.invoked_subcommand is not None:
        if as_json:
            raise GrokTuiError(f"options before '{context.invoked_subcommand}' have no effect")
        return ExitCode.AS_EXPECTED
    from grok_tui.engine.store.library import listed
    from grok_tui.headless.run_tables import run_listing
    from grok_tui.output import complain, print_result, write_json

    found, problems = listed()
    if as_json:
        write_json(json.dumps([_document(run) for run in found], indent=2) + "\n")
    else:
        print_result(run_listing(found))
    for problem in problems:
        complain(str(problem))
    return ExitCode.USAGE if problems else ExitCode.AS_EXPECTED


@runs.command()
def prune(keep: opt.KeepRuns = KEEP_RUNS, yes: opt.Yes = False) -> int:
    """Delete all but the newest runs; never one that is running."""
    from grok_tui.engine.store.library import listed, superfluous
    from grok_tui.output import complain, write_result

    doomed = superfluous(listed()[0], keep)
    if not doomed:
        write_result("nothing to delete\n")
        return ExitCode.AS_EXPECTED
    what = _amount(doomed)
    if not yes:
        for run in doomed:
            complain(f"would delete {run.directory.path}")
        if not (sys.stdin is not None and sys.stdin.isatty()):
            raise GrokTuiError(f"to delete {what} without being asked, add --yes")
        if not typer.confirm(f"delete {what}?", err=True):
            return ExitCode.AS_EXPECTED
    left = []
    for run in doomed:
        try:
            if not run.directory.remove():
                complain(f"{run.directory.path}: what the program did not put there is left")
        except GrokTuiError as error:
            left.append(run)
            complain(str(error))
    write_result(f"deleted {_amount([run for run in doomed if run not in left])}\n")
    return ExitCode.USAGE if left else ExitCode.AS_EXPECTED


@runs.command()
def end(run: opt.RunName) -> int:
    """End a run that goes on by itself, as --keep-running has it, with a last checkpoint."""
    from grok_tui.engine.remote.ending import end as end_run
    from grok_tui.engine.store.library import find_run
    from grok_tui.output import write_result

    directory = find_run(run)
    end_run(directory, END_SECONDS)
    write_result(f"ended; to go on: grok-tui resume {shlex.quote(directory.name)}\n")
    return ExitCode.AS_EXPECTED


def _amount(runs: Sequence[Listed]) -> str:
    """Return "2 runs, 1.5 MB"."""
    from grok_tui.numbers import plural

    return f"{plural(len(runs), 'run')}, {sum(run.size for run in runs) / 1e6:.1f} MB"


def _document(run: Listed) -> dict[str, Any]:
    return {
        "name": run.directory.name,
        "folder": str(run.directory.path),
        "preset": run.preset,
        "created": run.created,
        "state": run.state.value,
        "steps": run.status.steps,
        "total": run.status.total,
        "verdicts": run.status.verdicts,
        "bytes": run.size,
    }
