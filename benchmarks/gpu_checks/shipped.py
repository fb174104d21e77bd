"""Check 2: an arm of every kind that ships, with all measures, on CPU and GPU."""

from __future__ import annotations

import json
import traceback
from typing import Any

import numpy as np

from grok_tui.catalog.llc import Sgld
from grok_tui.catalog.measures import measures_of
from grok_tui.engine.arm.arm import Arm
from grok_tui.lab.llc import estimate
from grok_tui.lab.measures.curvature import LARGEST_HESSIAN
from grok_tui.lab.measures.learning_coefficient import chain_loss, sample_count
from grok_tui.lab.modifiers import Structure
from grok_tui.presets import Arm as ArmSpec
from grok_tui.presets import Preset, load, names

from .effort import Effort
from .findings import Findings
from .problems import CPU, GPU, advance, arm_on, named, one_thread

PROCESSES = 4
LARGEST_EMULATED = 2e7
"""Multiplications a step, of the arms that an emulated device is given."""

LARGEST_SHARPNESS = 1e8
"""Multiplications a step, above which the sharpness takes a CPU too long."""

TOLERANCE, SMALLEST = 1e-4, 1e-6
OTHER_TOLERANCES = {"sharpness": 1e-3, "flat_directions": 1e-2}
"""Of what is found by iterating, and of a share of eigenvalues next to 0, past which rounding moves some."""

GRID_SHARE = 0.999
DRAWN = {"llc", "llc_rescaled"}
"""Measures of which CPU and GPU draw different numbers; the estimate itself is compared instead."""


def check(found: Findings, effort: Effort) -> None:
    """Measure arms in several processes and take down what differs."""
    from .processes import together

    processes = 1 if effort.tiny else PROCESSES
    largest = LARGEST_EMULATED if effort.tiny else float("inf")
    shares = [{"index": i, "of": processes, "largest": largest} for i in range(processes)]
    seen = [entry for share in together("shipped:share", shares) for entry in share]
    errors = [f"{e['arm']}: {e['error']}" for e in seen if e["error"]]
    found.none_of("arms built, measured and trained without an error", errors, len(seen))
    others = ", ".join(f"{name} {tolerance:g}" for name, tolerance in OTHER_TOLERANCES.items())
    for key, what in (
        ("measures", f"measures agree within {TOLERANCE:g} ({others})"),
        ("grid", f"pictures of what is learnt agree in {GRID_SHARE:.1%} of their cells"),
    ):
        off = [f"{e['arm']}: {e[key]}" for e in seen if e[key]]
        found.none_of(what, off, len(seen) - len(errors))
    found.at_most("local learning coefficient, standard errors between CPU and GPU", llc(effort), 3.0)


def share(index: int, of: int, largest: float) -> list[dict[str, Any]]:
    """Return what every `of`-th arm comes to, from the one at `index` on."""
    one_thread()
    chosen = [each for each in kinds() if each[1].multiplications <= largest]
    return [compared(f"{name}/{preset.arms[0].name}", preset) for name, preset in chosen[index::of]]


def kinds() -> list[tuple[str, Preset]]:
    """Return, by the names of shipped presets, one arm of each kind: as a preset of that arm alone."""
    found: dict[str, tuple[str, Preset]] = {}
    for name in names():
        preset = load(name)
        for spec in preset.arms:
            alone = preset.model_copy(update={"arms": [spec], "claims": []})
            training = alone.training.model_copy(update={"replicas": 1})
            found.setdefault(_kind(spec), (name, alone.model_copy(update={"training": training})))
    return list(found.values())


def _kind(spec: ArmSpec) -> str:
    """Return what an arm's steps are made of, sizes and strengths left out."""
    training, model = spec.training, spec.model.model_dump(mode="json")
    form = {key: value for key, value in model.items() if key not in ("hidden", "width", "init_scale")}
    parts = [spec.task.name, form, str(training.loss), training.dtype, training.loss_dtype, training.batches]
    parts += [training.batch_size == "full", spec.optimizer.name, str(Structure.of(spec.modifiers))]
    return json.dumps(parts, sort_keys=True)


def compared(name: str, preset: Preset) -> dict[str, Any]:
    """Return what an arm comes to: its measures at three rows, each from the same numbers on both devices."""
    seen = {"arm": name, "error": "", "measures": "", "grid": ""}
    try:
        spec = preset.arms[0]
        left_out = DRAWN | ({"sharpness"} if preset.multiplications > LARGEST_SHARPNESS else set())
        if spec.model.parameter_count(spec.task.shape) > LARGEST_HESSIAN:
            left_out |= {"flat_directions"}
        had = measures_of(spec.task, spec.model)
        wanted = [each for each in had if each not in left_out]
        here, there = (arm_on(preset, device, "off", wanted) for device in (CPU, GPU))
        for arm in (here, there):
            arm.watch()
        for row in range(3):
            if row:
                here.advance(1)
                there.advance(1)
            there.restore_state(*here.export_state())
            seen["measures"] = seen["measures"] or _measures_off(here, there)
            seen["grid"] = seen["grid"] or _grid_off(here, there)
    except Exception as error:
        traceback.print_exc()
        seen["error"] = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return seen


def _measures_off(here: Arm, there: Arm) -> str:
    """Return the first measure that is not the same on both devices, or ""."""
    ours, theirs = here._measuring.take(), there._measuring.take()
    for name, one, other in zip(here._measuring.names, ours, theirs, strict=True):
        tolerance = OTHER_TOLERANCES.get(name, TOLERANCE)
        if not np.allclose(one, other, rtol=tolerance, atol=SMALLEST, equal_nan=True):
            return f"{name} is {one[0]:.6g} and {other[0]:.6g} at step {here.step}"
    return ""


def _grid_off(here: Arm, there: Arm) -> str:
    ours, theirs = (arm.vectors.get("pairs") for arm in (here, there))
    if ours is None or theirs is None:
        return "" if ours is theirs else "only one has a picture"
    same = float((ours.table()[1][-1, 0] == theirs.table()[1][-1, 0]).mean())
    return "" if same >= GRID_SHARE else f"{same:.2%} at step {here.step}"


def llc(effort: Effort) -> float:
    """Return how many standard errors lie between estimates of both devices around the same weights."""
    one_thread()
    settings = Sgld.model_validate({"draws": 60, "burn_in": 30} if effort.tiny else {})
    here, there = (arm_on(named("MLP p=31", tiny=True), device) for device in (CPU, GPU))
    advance(here, 300)
    there.restore_state(*here.export_state())
    (one, error), (other, other_error) = (_estimated(arm, settings) for arm in (here, there))
    return abs(one - other) / (error**2 + other_error**2) ** 0.5


def _estimated(arm: Arm, settings: Sgld) -> tuple[float, float]:
    probe = arm._measuring._probed(*arm._measuring._given)
    made = estimate(chain_loss(probe, settings.chains), probe.theta, sample_count(probe), settings)
    return made.llc.item(), made.error.item()
