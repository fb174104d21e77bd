"""The schedules as functions of the step, in float64 and without torch.

Steps are counted from 0: the first step that follows a schedule has its value at 0, as with the schedulers
of `torch.optim.lr_scheduler`, which are stepped after the optimizer. Beyond its last step a schedule keeps
its last value, where torch's go back up (`CosineAnnealingLR`) or end with an error (`OneCycleLR`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..catalog import schedules as catalog

Steps = NDArray[np.float64]
"""Step counts [k], or the values of a hyperparameter at them."""


def constant(spec: catalog.Constant, step: Steps, value: float) -> Steps:
    """Hold the value times the factor."""
    held = step < (np.inf if spec.over is None else spec.over)
    return np.where(held, value * spec.factor, value)


def linear(spec: catalog.Linear, step: Steps, value: float) -> Steps:
    """Go along the line from the value to the other."""
    return value + (spec.to - value) * np.minimum(step / spec.over, 1.0)


def exponential(spec: catalog.Exponential, step: Steps, value: float) -> Steps:
    """Go there by the factor whose power `over` leads from one to the other; 0 stays 0."""
    if value == 0:
        return np.zeros_like(step)
    powers: Steps = value * (spec.to / value) ** np.minimum(step / spec.over, 1.0)
    return powers


def cosine(spec: catalog.Cosine, step: Steps, value: float) -> Steps:
    """Go along half a cosine from the value to the other."""
    return _along_cosine(value, spec.to, np.minimum(step / spec.over, 1.0))


def cosine_restarts(spec: catalog.CosineRestarts, step: Steps, value: float) -> Steps:
    """Begin anew after each period."""
    period, times = float(spec.period), float(spec.times)
    if spec.times == 1:
        return _along_cosine(value, spec.to, (step % period) / period)
    # The first n periods have period * (times^n - 1) / (times - 1) steps; where the logarithm is off, n is
    # mended by one.
    before = np.floor(np.log1p(step * (times - 1) / period) / np.log(times))
    begun = _begun(period, times, before)
    before = before - (begun > step) + (_begun(period, times, before + 1) <= step)
    share = (step - _begun(period, times, before)) / (period * times**before)
    return _along_cosine(value, spec.to, share)


def _begun(period: float, times: float, periods: Steps) -> Steps:
    begun: Steps = period * (times**periods - 1) / (times - 1)
    return begun


def one_cycle(spec: catalog.OneCycle, step: Steps, value: float) -> Steps:
    """Go up to the value in a share of the steps, and down in the others; the last is over - 1."""
    first = value / spec.start
    top, bottom = spec.rise * spec.over - 1, spec.over - 1
    up = np.clip(step / top, 0.0, 1.0) if top > 0 else np.ones_like(step)
    down = np.clip((step - top) / (bottom - top), 0.0, 1.0) if bottom > top else np.zeros_like(step)
    between = _along_cosine if spec.along == "cosine" else _along_line
    return np.where(step <= top, between(first, value, up), between(value, first / spec.end, down))


def step(spec: catalog.Step, step: Steps, value: float) -> Steps:
    """Multiply by the factor after every so many steps."""
    stairs: Steps = value * spec.factor ** np.floor(step / spec.every)
    return stairs


def warmup(spec: catalog.WarmUp, step: Steps, value: float) -> Steps:
    """Go up along a line from a share of the value."""
    return value * (spec.start + (1 - spec.start) * np.minimum(step / spec.over, 1.0))


def inverse_sqrt(spec: catalog.InverseSqrt, step: Steps, value: float) -> Steps:
    """Go up in proportion to the step's number from 1, then down with its square root."""
    number = step + 1
    return value * np.minimum(number / spec.peak, np.sqrt(spec.peak / number))


def _along_line(begin: float, end: float, share: Steps) -> Steps:
    return begin + (end - begin) * share


def _along_cosine(begin: float, end: float, share: Steps) -> Steps:
    return end + (begin - end) * (1 + np.cos(np.pi * share)) / 2
