"""`grok-tui llc`: train an arm, and estimate its local learning coefficient under several settings."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from grok_tui import interrupts
from grok_tui.catalog.base import nearest
from grok_tui.catalog.blame import accounted
from grok_tui.catalog.llc import Sgld
from grok_tui.errors import ExitCode, GrokTuiError
from grok_tui.interrupts import Interrupts
from grok_tui.numbers import grouped
from grok_tui.options import RunOptions, label_of
from grok_tui.output import print_result, write_json
from grok_tui.presets.problems import explain

from .calibration import Calibration, Cell
from .progress import Narration, narration
from .run import TrainingError, standing

if TYPE_CHECKING:
    import torch

    from grok_tui.engine.arm.arm import Arm
    from grok_tui.engine.run.run import Run
    from grok_tui.lab.measures import Probe
    from grok_tui.presets import Preset

STEP_SIZES = (1e-4, 3e-4, 1e-3, 3e-3)
NBETAS = (0.1, 1.0, 10.0)  # in units of the default, n / log n


@dataclass(frozen=True)
class Question:
    """What is to be estimated.

    Attributes:
        arm: its name, or None where the preset has a single one.
        at: the step; None is the arm's last.
        step_sizes: to compare; None is `STEP_SIZES`.
        nbetas: to compare; None is `NBETAS`.
        settings: of the other fields of `Sgld`.
    """

    arm: str | None = None
    at: int | None = None
    step_sizes: tuple[float, ...] | None = None
    nbetas: tuple[float, ...] | None = None
    settings: Mapping[str, float] = field(default_factory=dict)


def llc(name: str, options: RunOptions, question: Question, as_json: bool) -> int:
    """Train, estimate, print a table or a JSON document, and return the exit code.

    Args:
        name: the preset's name or path.
        options: what is laid over it.
        question: what is to be estimated.
        as_json: print one JSON document instead of a table.

    Raises:
        GrokTuiError: the preset, an option or the machine does not allow it, or training failed.
    """
    label = label_of(name)
    preset = _asked(options.load(name), label, question)
    samples = preset.arms[0].task.shape.samples
    grid = _grid(question, samples)
    cells: list[Cell] = []
    with Interrupts() as stop, narration(label) as teller:
        teller.say("loading torch")
        run, arm = _trained(preset, options, question.at, stop, teller)
        if stop.received is None:
            probe = _probe(arm, arm.device)
            for settings in grid:
                if teller.due():
                    teller.say(f"estimate {len(cells) + 1} of {len(grid)}")
                cells.append(_cell(probe, settings))
                if stop.received is not None:
                    break
    if cells:
        default = Sgld().nbeta_for(samples)
        _publish(
            Calibration(label, arm.name, arm.seeds[0], arm.step, run.device_name, samples, default, cells),
            as_json,
        )
    return ExitCode.AS_EXPECTED if stop.received is None else interrupts.exit_code(stop.received)


def _asked(preset: Preset, label: str, question: Question) -> Preset:
    """Return the preset with nothing in it but the arm that is asked for.

    Raises:
        GrokTuiError: there is no such arm, or it has ended before the step that is asked for.
    """
    names = [arm.name for arm in preset.arms]
    if question.arm is None and len(names) > 1:
        raise GrokTuiError(f"--arm: '{label}' has several arms; name one of {', '.join(names)}")
    name = question.arm if question.arm is not None else names[0]
    if name not in names:
        raise GrokTuiError(f"--arm: '{label}' has no arm '{name}'{nearest(name, names)}")
    (arm,) = (arm for arm in preset.arms if arm.name == name)
    if question.at is not None and question.at > arm.training.steps:
        raise GrokTuiError(f"--at: arm '{name}' ends at step {arm.training.steps}")
    # What waits for an arm that is left out would wait for ever.
    interventions = [
        one
        for one in preset.interventions
        if one.arm == name and (one.awaited is None or one.awaited[0] == name)
    ]
    return preset.model_copy(
        update={"arms": [arm], "interventions": interventions, "claims": [], "measures": []}
    )


def _grid(question: Question, samples: int) -> list[Sgld]:
    """Return the settings to compare, row by row.

    Raises:
        GrokTuiError: a value is out of bounds.
    """
    default = Sgld().nbeta_for(samples)
    nbetas = question.nbetas or tuple(factor * default for factor in NBETAS)
    try:
        return [
            Sgld.model_validate({**question.settings, "step_size": epsilon, "nbeta": nbeta})
            for epsilon in question.step_sizes or STEP_SIZES
            for nbeta in nbetas
        ]
    except ValidationError as error:
        key, problem = explain(error, dict.fromkeys(Sgld.model_fields))
        option = {"step_size": "step-sizes", "nbeta": "nbetas", "burn_in": "burn-in"}.get(key, key)
        raise GrokTuiError(f"--{option}: {problem}") from None


def _trained(
    preset: Preset, options: RunOptions, at: int | None, stop: Interrupts, teller: Narration
) -> tuple[Run, Arm]:
    """Train the arm of a preset up to a step, or until it is interrupted."""
    from grok_tui.engine.run.run import Run
    from grok_tui.engine.steps.backends import Compiling

    try:
        run = Run(preset, options.device, options.threads, Compiling("auto", True))
        (arm,) = run.arms.values()
        arm.end = arm.end if at is None else at
        while not run.finished and stop.received is None:
            run.advance()
            if teller.due():
                teller.show(standing(run))
    except GrokTuiError:
        raise
    except Exception as error:
        raise TrainingError(f"training failed: {accounted(error)}") from error
    if arm.stopped:
        raise TrainingError(f"arm '{arm.name}' diverged at or before step {grouped(arm.step)}")
    return run, arm


def _probe(arm: Arm, device: torch.device) -> Probe:
    """Return what measures look at, for the single replica of an arm."""
    import torch

    from grok_tui.lab.losses import sample_loss
    from grok_tui.lab.measures import Probe
    from grok_tui.lab.models import initial_theta
    from grok_tui.lab.tasks import Samples, build_task

    spec = arm.spec
    dtype = getattr(torch, spec.training.dtype)
    task = build_task(spec.task, arm.seeds[0], dtype)
    network, start = initial_theta(spec.model, spec.task.shape, arm.seeds, dtype)
    validation = Samples(task.validation.inputs.to(device), task.validation.targets.to(device))
    loss = sample_loss(spec.training.loss, getattr(torch, spec.training.loss_dtype))
    return Probe(
        arm.theta,
        start.to(device),
        network,
        task,
        arm.data.samples,
        validation,
        loss,
        arm.data.shared,
        arm.data.mask,
    )


def _cell(probe: Probe, settings: Sgld) -> Cell:
    from grok_tui.lab.llc import estimate
    from grok_tui.lab.measures.learning_coefficient import chain_loss, sample_count

    started = time.perf_counter()
    found = estimate(chain_loss(probe, settings.chains), probe.theta, sample_count(probe), settings)
    llc, error = found.llc.item(), found.error.item()
    losses, distances = (trace[:, 0].mean(-1).cpu().numpy() for trace in (found.losses, found.distances))
    return Cell(
        settings,
        llc,
        error,
        found.acceptance.item(),
        found.warnings(),
        losses,
        distances,
        time.perf_counter() - started,
    )


def _publish(calibration: Calibration, as_json: bool) -> None:
    if as_json:
        write_json(json.dumps(calibration.document(), indent=2, allow_nan=False) + "\n")
        return
    from .llc_tables import calibration_tables

    print_result(calibration_tables(calibration))
