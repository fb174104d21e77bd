"""The options of the command line, each declared once."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grok_tui.errors import GrokTuiError


class CompileChoice(StrEnum):
    """Whether training steps are compiled."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class ColorChoice(StrEnum):
    """How many colours the explorer may use."""

    AUTO = "auto"
    MANY = "256"
    FEW = "16"
    NONE = "none"


_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")


def _preset_names(incomplete: str) -> list[str]:
    from grok_tui.presets import names

    return [name for name in names() if name.startswith(incomplete)]


def _profile_names(incomplete: str) -> list[str]:
    from grok_tui.presets import PROFILES

    return [name for name in PROFILES if name.startswith(incomplete)]


def _device_names(incomplete: str) -> list[str]:
    return [name for name in ("auto", "cpu", "cuda", "cuda:0", "all") if name.startswith(incomplete)]


def _run_names(incomplete: str) -> list[str]:
    from grok_tui.paths import runs_folder

    folder = runs_folder()
    return [p.name for p in folder.glob("*") if p.name.startswith(incomplete)] if folder.is_dir() else []


Preset = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|PATH", help="Preset to run: a name, or a TOML file.", autocompletion=_preset_names
    ),
]
PresetName = Annotated[
    str | None, typer.Argument(metavar="NAME", help="Preset to show.", autocompletion=_preset_names)
]
PresetNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="Presets to verify; all of them if none is named.",
        autocompletion=_preset_names,
    ),
]
Profile = Annotated[
    str,
    typer.Option(
        metavar="quick|medium|full",
        help="quick: minutes on a CPU. medium: the claims of full, smaller, up to an hour on a CPU."
        " full: the source's own setting, for a GPU.",
        autocompletion=_profile_names,
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the preset, as in optimizer.lr=1e-2. Repeatable.",
    ),
]


def _take_up(paths: list[Path] | None) -> list[Path] | None:
    """Take up the entries of plugin files before anything looks a name up."""
    if paths:
        from grok_tui.catalog.registries import take_up

        take_up(paths)
    return paths


Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        envvar="GROK_TUI_PLUGIN",
        show_envvar=False,
        callback=_take_up,
        is_eager=True,
        help="Run a Python file and take up the tasks, models, losses, optimizers and measures in it."
        " Repeatable.",
    ),
]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Seed of the first replica.")]
Replicas = Annotated[int | None, typer.Option(metavar="N", help="Seeds trained side by side.")]
Steps = Annotated[int | None, typer.Option(metavar="N", help="Steps of every arm.")]
Device = Annotated[
    str,
    typer.Option(
        metavar="DEVICE",
        help="auto, cpu, cuda, cuda:N, several as cuda:0,cuda:1, or all.",
        autocompletion=_device_names,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, max=1024, help="CPU threads; chosen by the size of a step if not given."
    ),
]
Tf32 = Annotated[
    bool,
    typer.Option(
        "--tf32",
        metavar="",
        help="Let a GPU round the factors of float32 products to 10 bits: faster, and other numbers.",
    ),
]
Compile = Annotated[
    CompileChoice | None,
    typer.Option(
        "--compile",
        metavar="auto|on|off",
        help="Compile training steps: auto while it trains, on before the first step, off not.",
    ),
]
Deterministic = Annotated[
    bool,
    typer.Option(
        "--deterministic",
        metavar="",
        help="Never let bits depend on when something was compiled; so without a screen, unless --compile is"
        " given.",
    ),
]
Headless = Annotated[
    bool, typer.Option("--headless", metavar="", help="Run without a screen and exit with the verdict.")
]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document instead of tables.")]
Junit = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a JUnit report too.")]
Markdown = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the ledger as Markdown too; in one that is there, other presets stay as they are.",
    ),
]
Controls = Annotated[
    bool,
    typer.Option(
        "--controls",
        metavar="",
        help="Judge each claim under its control too, where it must not come out the same, and under shuffled"
        " arms.",
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        metavar="K",
        min=1,
        help="Run each preset under K seeds that nobody chose, from --seed or else 1000 on, and judge each"
        " claim over all of them.",
    ),
]
TimeLimit = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Stop training after 90, 90s, 10m or 1h30m and report what there is."),
]
Keep = Annotated[
    bool,
    typer.Option(
        "--keep", metavar="", help="Keep the run, to resume, replay or export; see 'grok-tui runs'."
    ),
]


def _named(folder: Path | None) -> Path | None:
    """Refuse an empty name, which would be the present folder."""
    if folder == Path():
        raise typer.BadParameter("names no folder")
    return folder


RunDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", callback=_named, help="Keep the run in this folder, new or empty."),
]
KeepRunning = Annotated[
    bool,
    typer.Option(
        "--keep-running",
        metavar="",
        help="Explorer: keep the run, and let it go on without a terminal; see 'grok-tui attach'.",
    ),
]
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run's name, its beginning, or its folder.", autocompletion=_run_names
    ),
]
Words = Annotated[list[str], typer.Argument(metavar="ORDER...", help="What to do, in words.")]
ToArm = Annotated[str | None, typer.Option("--arm", metavar="ARM", help="The arm that is meant.")]
OtherDevice = Annotated[
    str | None,
    typer.Option(
        "--device", metavar="DEVICE", help="Another device than before.", autocompletion=_device_names
    ),
]
Fps = Annotated[
    float | None,
    typer.Option(metavar="N", min=0.1, max=60, help="Explorer: most frames of charts a second."),
]
Ascii = Annotated[bool, typer.Option("--ascii", metavar="", help="Explorer: no other characters.")]
NoMouse = Annotated[bool, typer.Option("--no-mouse", metavar="", help="Explorer: leave the mouse alone.")]
Colors = Annotated[
    ColorChoice, typer.Option("--color", metavar="auto|256|16|none", help="Explorer: how many colours.")
]
To = Annotated[
    str,
    typer.Option(
        metavar="FORMAT",
        help="csv, parquet, tensorboard: the measures. svg, png: charts. json: all but the weights.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Where to, for tensorboard a folder; stdout for csv and json."),
]
KeepRuns = Annotated[
    int, typer.Option("--keep", metavar="N", min=0, help="How many of the newest runs to keep.")
]
Yes = Annotated[bool, typer.Option("--yes", metavar="", help="Do not ask.")]
Rounds = Annotated[int, typer.Option(metavar="N", min=1, help="How often each has its turn.")]
Quick = Annotated[bool, typer.Option("--quick", metavar="", help="Two short rounds: a first impression.")]
Jobs = Annotated[int, typer.Option(metavar="N", min=1, help="Presets to run at once.")]


def seconds(text: str | None) -> float | None:
    """Return the seconds of a time such as 90, 90s, 10m or 1h30m; None stays None.

    Raises:
        GrokTuiError: it is none, or zero.
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip())
    hours, minutes, rest = (float(part or 0) for part in match.groups()) if match else (0.0, 0.0, 0.0)
    total = 3600 * hours + 60 * minutes + rest
    if total <= 0:
        raise GrokTuiError(f"--time-limit: '{text}' is no length of time; write 90, 90s, 10m or 1h30m")
    return total
