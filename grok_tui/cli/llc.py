"""`grok-tui llc`: the local learning coefficient of a trained arm, under several settings."""

from __future__ import annotations

from typing import Annotated

import typer

from grok_tui.cli import options as opt
from grok_tui.errors import GrokTuiError
from grok_tui.options import RunOptions

Preset = Annotated[
    str,
    typer.Argument(
        metavar="NAME|PATH", help="Preset: a name, or a TOML file.", autocompletion=opt._preset_names
    ),
]
ArmName = Annotated[
    str | None, typer.Option("--arm", metavar="NAME", help="Arm to train; needed where there are several.")
]
At = Annotated[
    int | None, typer.Option(metavar="STEP", min=0, help="Step to estimate at; by default the arm's last.")
]
StepSizes = Annotated[
    str | None,
    typer.Option(metavar="A,B,...", help="Step sizes epsilon of the Langevin dynamics to compare."),
]
Nbetas = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        help="Values of n beta to compare; by default n / log n, a tenth and ten times of it.",
    ),
]
Gamma = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="Strength of the pull back to the centre, 10 by default. It lowers estimates: with the other"
        " defaults 4.14 for an exact 5. They serve to compare; for a number take 0 and more draws.",
    ),
]
Chains = Annotated[int | None, typer.Option(metavar="N", help="Chains of an estimate.")]
Draws = Annotated[int | None, typer.Option(metavar="N", help="Steps of a chain that count.")]
BurnIn = Annotated[int | None, typer.Option(metavar="N", help="Steps of a chain before those.")]


def llc(
    preset: Preset,
    arm: ArmName = None,
    at: At = None,
    step_sizes: StepSizes = None,
    nbetas: Nbetas = None,
    gamma: Gamma = None,
    chains: Chains = None,
    draws: Draws = None,
    burn_in: BurnIn = None,
    profile: opt.Profile = "quick",
    assignments: opt.Assignments = None,
    _plugins: opt.Plugins = None,
    seed: opt.Seed = None,
    steps: opt.Steps = None,
    device: opt.Device = "auto",
    threads: opt.Threads = None,
    as_json: opt.Json = False,
) -> int:
    """Train an arm, and estimate the local learning coefficient of its training loss, to calibrate it.

    A table shows the estimates by step size and n beta, and where chains have left the neighbourhood.
    """
    from grok_tui.headless.llc import Question
    from grok_tui.headless.llc import llc as carry_out

    settings = {"gamma": gamma, "chains": chains, "draws": draws, "burn_in": burn_in}
    question = Question(
        arm,
        at,
        _numbers("--step-sizes", step_sizes),
        _numbers("--nbetas", nbetas),
        {name: value for name, value in settings.items() if value is not None},
    )
    options = RunOptions(
        profile=profile,
        assignments=tuple(assignments or ()),
        seed=seed,
        replicas=1,
        steps=steps,
        device=device,
        threads=threads,
    )
    return carry_out(preset, options, question, as_json)


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    """Return the numbers of a list such as 1e-4,1e-3; None stays None.

    Raises:
        GrokTuiError: it is no such list.
    """
    if text is None:
        return None
    try:
        return tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError:
        raise GrokTuiError(f"{option}: '{text}' is no list of numbers; write them as in 1e-4,1e-3") from None
