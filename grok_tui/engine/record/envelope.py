"""Envelopes [E, R]: of every step since the last recorded one, so that a spike of one step is never lost.

Their sides are declared once, in `grok_tui.catalog.seen.ENVELOPE_SIDES`. Free of torch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grok_tui.catalog.seen import ENVELOPE_SIDES, SEEN

Floats = NDArray[np.float64]

SIDES = tuple(ENVELOPE_SIDES)
"""The names of the E sides, in order."""

_FROM_BELOW = np.array([side.fold == "min" for side in ENVELOPE_SIDES.values()])
_LOW, _HIGH = np.flatnonzero(_FROM_BELOW), np.flatnonzero(~_FROM_BELOW)
_ROWS = np.array([SEEN.index(side.seen) for side in ENVELOPE_SIDES.values()])


def empty_envelope(replicas: int) -> Floats:
    """Return an envelope that holds no step yet."""
    return np.full((len(SIDES), replicas), np.nan)


def widen(envelope: Floats, seen: Floats) -> None:
    """Take what was seen [k, S, R] of the steps of a chunk into an envelope, in place."""
    envelope[_LOW] = np.fmin(envelope[_LOW], seen.min(axis=0)[_ROWS[_LOW]])
    envelope[_HIGH] = np.fmax(envelope[_HIGH], seen.max(axis=0)[_ROWS[_HIGH]])


def joined(earlier: Floats, later: Floats) -> Floats:
    """Return what two envelopes [..., E, R] come to together."""
    result: Floats = np.where(_FROM_BELOW[:, None], np.fmin(earlier, later), np.fmax(earlier, later))
    return result
