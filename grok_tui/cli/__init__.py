"""The command line. Heavy modules are imported by the command that needs them, so that help stays quick."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated

import typer

from grok_tui.cli import options as opt
from grok_tui.cli.bench import bench
from grok_tui.cli.coverage import coverage
from grok_tui.cli.llc import llc
from grok_tui.cli.plugins import plugins
from grok_tui.cli.presets import presets
from grok_tui.cli.runs import attach, export, replay, resume, runs, tell
from grok_tui.cli.tour import tour
from grok_tui.cli.verify import verify
from grok_tui.errors import GrokTuiError
from grok_tui.options import RunOptions
from grok_tui.output import has_terminal

app = typer.Typer(
    name="grok-tui",
    help="A laboratory in the terminal for grokking and optimizer dynamics.",
    epilog="Exit codes: 0 every verdict is as expected; 1 one is not; 2 usage or preset error;"
    " 3 training diverged or failed; 4 time limit reached; 70 a fault of the program; 130 interrupted.",
    pretty_exceptions_enable=False,
)
app.command()(tour)
app.command()(presets)
app.command()(verify)
app.command()(coverage)
app.command()(resume)
app.command()(attach)
app.command()(tell)
app.command()(replay)
app.command()(export)
app.command()(bench)
app.command()(plugins)
app.command()(llc)
app.add_typer(runs)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"grok-tui {version('grok-tui')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    preset: opt.Preset = None,
    headless: opt.Headless = False,
    profile: opt.Profile = "quick",
    assignments: opt.Assignments = None,
    _plugins: opt.Plugins = None,
    seed: opt.Seed = None,
    replicas: opt.Replicas = None,
    steps: opt.Steps = None,
    device: opt.Device = "auto",
    threads: opt.Threads = None,
    tf32: opt.Tf32 = False,
    compiling: opt.Compile = None,
    deterministic: opt.Deterministic = False,
    time_limit: opt.TimeLimit = None,
    as_json: opt.Json = False,
    junit: opt.Junit = None,
    controls: opt.Controls = False,
    keep: opt.Keep = False,
    run_dir: opt.RunDir = None,
    keep_running: opt.KeepRunning = False,
    fps: opt.Fps = None,
    ascii_only: opt.Ascii = False,
    no_mouse: opt.NoMouse = False,
    color: opt.Colors = opt.ColorChoice.AUTO,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> int:
    """A laboratory in the terminal for grokking and optimizer dynamics.

    Without --headless it opens the explorer: at the preset, or at the list of all presets.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return 0
    options = RunOptions(
        profile=profile,
        assignments=tuple(assignments or ()),
        seed=seed,
        replicas=replicas,
        steps=steps,
        device=device,
        threads=threads,
        tf32=tf32,
        compile=compiling.value if compiling is not None else None,
        deterministic=deterministic,
    )
    limit = opt.seconds(time_limit)
    if headless:
        if preset is None:
            raise GrokTuiError("--headless needs --preset NAME; 'grok-tui presets' lists them")
        few_colors = color is not opt.ColorChoice.AUTO
        shown = {"--fps": fps, "--ascii": ascii_only, "--no-mouse": no_mouse, "--color": few_colors}
        shown["--keep-running"] = keep_running
        _refuse(shown, "is for the explorer, not for --headless")
        from grok_tui.headless.run import Wishes, run_headless

        keeping = options.keeping(preset, run_dir) if keep or run_dir is not None else None
        return run_headless(preset, options, Wishes(as_json, junit, limit, controls), keeping)
    unseen = {
        "--json": as_json,
        "--junit": junit,
        "--time-limit": limit,
        "--controls": controls,
    }
    _refuse(unseen, "needs --headless")
    _require_terminal()
    from grok_tui.tui import run_explorer

    return run_explorer(
        preset,
        options,
        fps=fps,
        ascii=ascii_only,
        mouse=not no_mouse,
        color=color.value,
        keep=keep,
        run_dir=run_dir,
        keep_running=keep_running,
    )


def _refuse(options: Mapping[str, object], why: str) -> None:
    for option, given in options.items():
        if given:
            raise GrokTuiError(f"{option} {why}")


def _refuse_options(context: typer.Context) -> None:
    """Refuse options before a command rather than pass them over: they would have no effect.

    Raises:
        GrokTuiError: there are some.
    """
    sources = [context.get_parameter_source(name) for name in context.params]
    if any(source is not None and source.name == "COMMANDLINE" for source in sources):
        raise GrokTuiError(f"options before '{context.invoked_subcommand}' have no effect; put them after it")


def _require_terminal() -> None:
    if not has_terminal():
        lacking = "; TERM=dumb is none" if os.environ.get("TERM") == "dumb" else ""
        raise GrokTuiError(
            f"the explorer needs a terminal{lacking}; without one, use --preset NAME --headless"
        )
