"""What the plugin brings: declarations without torch, and where each is implemented.

The entry points in pyproject.toml name the entries at the end of this file.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from grok_tui.catalog.base import knob
from grok_tui.catalog.entry import Entry
from grok_tui.catalog.losses import Targets
from grok_tui.catalog.measure import Measure
from grok_tui.catalog.optimizers import Optimizer
from grok_tui.catalog.tasks import Shape, TaskSpec

BOARDS = 958
Beta = Annotated[float, Field(ge=0, lt=1)]


class TicTacToe(TaskSpec):
    """Whether X has three in a row on a board at the end of a game of tic-tac-toe."""

    models: ClassVar[tuple[str, ...]] = ("mlp",)
    classes: ClassVar[bool] = True
    seeded: ClassVar[bool] = True

    name: Literal["tictactoe"]
    train_fraction: float = knob(0.5, gt=0, lt=1, help="share of the 958 boards that is trained on")

    @property
    def targets(self) -> Targets:
        """One score, whose sign says that X has won."""
        return "signs"

    @property
    def shape(self) -> Shape:
        """Nine squares, each X, O or empty."""
        samples = min(BOARDS - 1, max(1, round(self.train_fraction * BOARDS)))
        return Shape(samples, 27, 1, validation=BOARDS - samples)


class AdaBelief(Optimizer):
    """AdaBelief: divided by how far gradients are from their average (Zhuang et al. 2020)."""

    name: Literal["adabelief"]
    lr: float = knob(1e-3, live=True, ge=0, help="learning rate")
    betas: tuple[Beta, Beta] = knob(
        (0.9, 0.999), live=True, strict=False, help="EMA coefficients of the gradient and of its variance"
    )
    eps: float = knob(1e-8, live=True, ge=0, help="added to the variance and to its root")
    weight_decay: float = knob(0.0, live=True, ge=0, help="decoupled")


TICTACTOE = Entry(TicTacToe, "tictactoe_lab.science:tictactoe")
ADABELIEF = Entry(AdaBelief, "tictactoe_lab.science:AdaBelief")
WEIGHT_KURTOSIS = Measure(
    implementation="tictactoe_lab.science:weight_kurtosis",
    says="mean fourth power of the weights over their mean square's square; 3 of a normal distribution",
)
