"""Measures that an arm is asked for at its end, about the states that it was in on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from torch import Tensor

from grok_tui.catalog.measure import MeasureSpec
from grok_tui.catalog.measures import MEASURES
from grok_tui.engine.record.looked_back import LookedBack, States
from grok_tui.engine.record.measuring import Measuring


class LookingBack:
    """Keeps the weights at recorded steps, and takes the measures when the arm has come to its end.

    What they are follows from the weights that are kept, so it is part of no checkpoint. Where no measure is
    asked for that looks back, nothing is kept.

    Args:
        measures: all that are asked for, by name.
        theta: [R, P]; it stays in place.

    Attributes:
        on_the_way: the measures that do not look back.
        states: the weights that are kept; None: no measure looks back.
    """

    def __init__(self, measures: Mapping[str, MeasureSpec], theta: Tensor) -> None:
        self._theta = theta
        self._asked = {name: one for name, one in measures.items() if MEASURES[name].looks_back}
        self.on_the_way = {name: one for name, one in measures.items() if name not in self._asked}
        replicas, size = theta.shape
        dtype = str(theta.dtype).removeprefix("torch.")
        self.states = States((replicas, size), dtype) if self._asked else None
        self._nothing = LookedBack.nothing(tuple(self._asked), replicas)
        self._found = self._nothing
        self._found_at = -1

    def parts(self) -> Iterator[tuple[str, States]]:
        """Yield what is kept of the way, by the name that it stands under in a checkpoint, if anything is."""
        if self.states is not None:
            yield "states", self.states

    def record(self, step: int) -> None:
        """Keep the weights as they stand."""
        if self.states is not None:
            self.states.append(step, self._theta.detach().cpu().numpy())

    def found(self, finished: bool, version: int, measuring: Measuring) -> LookedBack:
        """Return the measures at the steps that are kept, computed once; nothing before the end.

        Args:
            finished: whether the arm has come to its end.
            version: of the history; it grows with every record.
            measuring: what takes measures of the arm.
        """
        if self.states is None or not finished:
            return self._nothing
        if self._found_at != version:
            self._found, self._found_at = self._nothing, version  # also where there is no memory for it
            rows = measuring.looked_back(self._asked, self.states.rows)
            self._found = LookedBack(tuple(self._asked), np.array(self.states.steps), rows)
        return self._found

    def forget(self) -> None:
        """Compute anew what is asked next, as the kept weights are others."""
        self._found_at = -1
