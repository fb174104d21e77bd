"""The coefficients of the steps to come, computed only as long as they change from step to step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from grok_tui.catalog.modifiers import MODIFIERS, Modifiers
from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.catalog.plugins import require
from grok_tui.catalog.schedules import Course
from grok_tui.lab.modifiers import Structure
from grok_tui.presets import part_of

from .optimizer import Optimizer, counted

FAR = 2**52
"""A number of steps after which whatever depends on it has come to its limit."""

Having = Callable[[str], float]

LR = "learning rate"  # among the coefficients, whose names have no spaces


@dataclass(frozen=True)
class Table:
    """Coefficients of k steps of R replicas; one row stands for all of them where none varies.

    Attributes:
        names: of the coefficients.
        rows: in theta's dtype [k or 1, C, R, 1], on its device.
        lr: the learning rate, float64 [k or 1, R], on the CPU.
    """

    names: tuple[str, ...]
    rows: Tensor
    lr: Tensor

    @classmethod
    def of(cls, values: Mapping[str, Tensor], theta: Tensor) -> Table:
        """Return the table of coefficients [k or 1, R, 1], the learning rate among them, for this theta."""
        columns = {name: value for name, value in values.items() if name != LR}
        rows = max(len(value) for value in columns.values())
        expanded = [value.expand(rows, *value.shape[1:]) for value in columns.values()]
        return cls(tuple(columns), torch.stack(expanded, dim=1).to(theta), values[LR].squeeze(-1))


@dataclass(frozen=True)
class Following:
    """What of the optimizer's values and the modifiers' follows a schedule in the steps to come.

    Attributes:
        values: by name, float64 [k, 1, 1], or [1, 1, 1] where all are settled.
        settled: whether all schedules have ended, so that none of them changes any more.
    """

    values: Mapping[str, Tensor]
    settled: bool

    @classmethod
    def of(cls, courses: Mapping[str, Course], having: Having, step: int, steps: int) -> Following:
        """Return what the next k steps follow.

        Args:
            courses: the schedules by the names of what follows them.
            having: gives the value that is set, by name.
            step: steps that the arm has taken.
            steps: k.
        """
        settled = all(course.ends is not None and course.ends <= step for course in courses.values())
        count = 1 if settled else steps
        found = {name: course.values(step, count, having(name)) for name, course in courses.items()}
        return cls({name: torch.from_numpy(one).view(-1, 1, 1) for name, one in found.items()}, settled)


NOTHING = Following({}, True)


class Coefficients:
    """Computes the coefficients of an arm's steps.

    Bias corrections, warmup and the like come to their limit monotonically, so a step that has the limit's
    coefficients, in float64, is followed by none that has others; unless a value follows a schedule that has
    not ended.

    They are computed on the CPU wherever theta is: on a GPU they would be some sixty launches a chunk, and
    other bits.

    Args:
        theta: of the arm.
    """

    def __init__(self, theta: Tensor) -> None:
        self._theta = theta
        self._asked: object = None
        self._limit: dict[str, Tensor] | None = None
        self._settled: Table | None = None

    def table(
        self,
        optimizer: Optimizer,
        modifiers: Modifiers,
        structure: Structure,
        filter_steps: int,
        steps: int,
        following: Following = NOTHING,
    ) -> Table:
        """Return the coefficients of the next steps.

        Args:
            optimizer: at work.
            modifiers: what else is done to a step.
            structure: which of them act.
            filter_steps: steps since the state of filters was fresh.
            steps: k.
            following: the values that follow a schedule.
        """
        asked = (optimizer, optimizer.changes, modifiers, following.settled)
        if asked != self._asked:
            self._asked, self._settled, self._limit = asked, None, None
        if self._settled is not None:
            return self._settled
        _, age = optimizer.on_host
        values = _values(optimizer, modifiers, structure, counted(steps, age), filter_steps, following)
        if not following.settled:
            return Table.of(values, self._theta)
        if self._limit is None:
            far = torch.full_like(age, FAR).unsqueeze(0)
            self._limit = _values(optimizer, modifiers, structure, far, FAR, following)
        for name in values.keys() ^ self._limit.keys():
            _ask_whether_always(name, optimizer)
        if all(torch.equal(value[:1], self._limit[name]) for name, value in values.items()):
            self._settled = Table.of(self._limit, self._theta)
            return self._settled
        return Table.of(values, self._theta)


def _ask_whether_always(name: str, optimizer: Optimizer) -> None:
    """Raise PluginError, which names the plugin whose coefficient is not there at every step."""
    modifier, point, own = name.partition(".")
    registry, owner = (MODIFIERS, modifier) if point else (OPTIMIZERS, optimizer.spec.name)
    registry.asked(owner, lambda: require(False, f"coefficient '{own or name}' is there at some steps alone"))


def _values(
    optimizer: Optimizer,
    modifiers: Modifiers,
    structure: Structure,
    count: Tensor,
    filter_steps: int,
    following: Following,
) -> dict[str, Tensor]:
    """Return the coefficients and the learning rate `LR`, [k or 1, R, 1] each.

    Args:
        optimizer: at work.
        modifiers: what else is done to a step.
        structure: which of them act.
        count: numbers of the steps, as the optimizer counts them, [k, R, 1].
        filter_steps: steps before them, as filters count.
        following: the values that follow a schedule.
    """
    found, lr = optimizer.coefficients(count, modifiers.warmup, following.values)
    if structure.resets:  # the step itself knows how old the state is
        found = {}
    filter_count = counted(len(count), count.new_tensor(filter_steps))
    own = structure.coefficients(modifiers, lr, filter_count, following.values)
    found = {**found, **own, LR: lr}
    replicas = count.shape[1]
    return {
        name: value.expand(len(value) if value.dim() == 3 else 1, replicas, 1)
        for name, value in found.items()
    }


def largest(modifiers: Modifiers, courses: Mapping[str, Course]) -> Modifiers:
    """Return modifiers at the largest values of their schedules: what acts at some time, acts under these."""
    reached = {
        name: max(course.reached(float(modifiers.value(name))))
        for name, course in courses.items()
        if part_of(name) == "modifiers"
    }
    return modifiers.model_copy(update=reached)
