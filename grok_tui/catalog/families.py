"""Which arms have which measures, by their task."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .tasks import TaskSpec


class Family(NamedTuple):
    """Measures that the same arms have.

    Attributes:
        had_by: which arms, for the reference; the name of the task where those of one alone have it.
        has: tells by the task.
    """

    had_by: str
    has: Callable[[TaskSpec], bool]


GENERAL = Family("Every arm has", lambda _: True)
COORDINATES = Family("An arm on a task whose coordinates have roles has also", lambda task: task.coordinates)
CLASSES = Family("An arm on a task with classes has also", lambda task: task.classes)
SPECTRUM = Family(
    "An arm on a task whose symbols have frequencies or representations has also", lambda task: task.spectral
)
GROUP = Family("An arm on a task that is the product of a group has also", lambda task: task.group)
TABLE = Family(
    "An arm on a task that is a table of pairs has also",
    lambda task: 0 < 2 * task.shape.symbols == task.shape.inputs,
)
LINEAR101 = Family("linear101", lambda task: task.name == "linear101")
PARITY = Family("sparse_parity", lambda task: task.name == "sparse_parity")
