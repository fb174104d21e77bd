"""The names of the claim language, what each takes, and the array operation behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Function:
    """How a function is written, and how many arguments it takes."""

    usage: str
    least: int = 1
    most: int = 1


FUNCTIONS = {
    "end": Function("end(curve)"),
    "start": Function("start(curve)"),
    "at": Function("at(step, curve)", 2, 2),
    "max": Function("max(curve[, from[, to]])", 1, 3),
    "min": Function("min(curve[, from[, to]])", 1, 3),
    "mean": Function("mean(curve[, from[, to]])", 1, 3),
    "median": Function("median(curve[, from[, to]])", 1, 3),
    "range": Function("range(curve[, from[, to]])", 1, 3),
    "gain": Function("gain(curve, arm.event, after)", 3, 3),
    "first_step": Function("first_step(condition or arm.event[, from])", 1, 2),
    "last_step": Function("last_step(condition or arm.event)"),
    "count": Function("count(arm.event)"),
    "never": Function("never(condition or arm.event)"),
    "always": Function("always(condition)"),
    "share": Function("share(condition)"),
    "median_over_replicas": Function("median_over_replicas(x)"),
    "abs": Function("abs(x)"),
    "sqrt": Function("sqrt(x)"),
    "log10": Function("log10(x)"),
    "log": Function("log(x)"),
    "exp": Function("exp(x)"),
    "ratio": Function("ratio(x, y)", 2, 2),
}

ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "negative": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log10": np.log10,
    "log": np.log,
    "exp": np.exp,
    "ratio": np.divide,
}


def weighted_mean(values: Floats, weights: Floats) -> Any:
    """Return the mean of values, `[n]`, each counted as often as its weight, `[n]`, says."""
    return np.average(values, weights=weights)


def weighted_median(values: Floats, weights: Floats) -> Any:
    """Return the median of values, `[n]`, each counted as often as its weight, `[n]`, says; NaN if one is."""
    if np.isnan(values).any():
        return np.nan
    order = np.argsort(values, kind="stable")
    counted = np.cumsum(weights[order])
    half = counted[-1] / 2
    middle = int(np.searchsorted(counted, half))
    low = values[order[middle]]
    return low + (values[order[middle + 1]] - low) / 2 if counted[middle] == half else low


# What is made of the values of a curve, `[n]`, and their weights, `[n]`.
SUMMARIES: dict[str, Callable[[Floats, Floats], Any]] = {
    "start": lambda values, _: values[0],
    "end": lambda values, _: values[-1],
    "max": lambda values, _: np.max(values),
    "min": lambda values, _: np.min(values),
    "mean": weighted_mean,
    "median": weighted_median,
    "range": lambda values, _: np.ptp(values),
}

COMPARISONS: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "in": lambda value, low, high: (low <= value) & (value <= high),
    "not in": lambda value, low, high: (value < low) | (high < value),
}

COMPLEMENTS = {
    "<": ">=",
    ">=": "<",
    "<=": ">",
    ">": "<=",
    "==": "!=",
    "!=": "==",
    "in": "not in",
    "not in": "in",
}

# By how much a comparison holds: the step with the least margin is the one that decides it over all steps.
MARGINS: dict[str, Callable[..., Any]] = {
    "<": lambda left, right: right - left,
    "<=": lambda left, right: right - left,
    ">": lambda left, right: left - right,
    ">=": lambda left, right: left - right,
    "==": lambda left, right: -np.abs(left - right),
    "!=": lambda left, right: np.abs(left - right),
    "in": lambda value, low, high: np.minimum(value - low, high - value),
    "not in": lambda value, low, high: np.maximum(low - value, value - high),
}
