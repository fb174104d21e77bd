"""The coordinates in which an optimizer works, put around its rule.

theta, gradient and all that is measured are in the network's own coordinates; the state of the rule is in the
frame's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grok_tui.catalog.base import Spec
from grok_tui.catalog.frames import FRAMES, FrameSpec, Rotated

from .models import Layout
from .optimizers import Rule
from .optimizers.rules import Numbers, Slots, Theta
from .shapes import Float, Int
from .streams import Purpose, stream


class Frame(ABC):
    """Where a rule works."""

    @abstractmethod
    def there(self, theta: Theta) -> Theta:
        """Return theta [R, P], or a change of it, in the frame."""

    @abstractmethod
    def update(
        self, rule: Rule, theta: Theta, grad: Theta, state: Slots, c: Numbers
    ) -> tuple[Theta, dict[str, Tensor]]:
        """Return theta, in the network's coordinates, and state after one step; see `Rule.update`."""


class Identity(Frame):
    """The network's own coordinates."""

    def there(self, theta: Theta) -> Theta:
        """Return theta as it is."""
        return theta

    def update(
        self, rule: Rule, theta: Theta, grad: Theta, state: Slots, c: Numbers
    ) -> tuple[Theta, dict[str, Tensor]]:
        """Take the rule's own step."""
        return rule.update(theta, grad, state, c)


IDENTITY = Identity()


@dataclass(frozen=True)
class Turn:
    """An orthogonal map of theta [R, P]: numbers change places, then stretches of them are rotated in blocks.

    Attributes:
        order: which number comes to each place, int64 [P].
        back: the place that each number comes to, int64 [P].
        blocks: of each stretch in order, how many blocks of b numbers it has, and the orthogonal matrix
            [b, b] that they are multiplied by.
    """

    order: Int[Tensor, " P"]
    back: Int[Tensor, " P"]
    blocks: tuple[tuple[int, Float[Tensor, "_ _"]], ...]

    def there(self, theta: Theta) -> Theta:
        """Return theta turned."""
        return self._multiplied(theta.index_select(-1, self.order), [matrix for _, matrix in self.blocks])

    def again(self, turned: Theta) -> Theta:
        """Return what was turned as it was."""
        back = self._multiplied(turned, [matrix.mT for _, matrix in self.blocks])
        return back.index_select(-1, self.back)

    def _multiplied(self, theta: Theta, matrices: Sequence[Tensor]) -> Theta:
        sizes = [count * len(matrix) for count, matrix in self.blocks]
        stretches = zip(torch.split(theta, sizes, -1), matrices, strict=True)
        return torch.cat(
            [(part.reshape(-1, len(matrix)) @ matrix).view(part.shape) for part, matrix in stretches], -1
        )


class Rotation(Frame):
    """Coordinates that a fixed orthogonal map of each tensor leads to.

    Args:
        turns: the maps, one after the other.
    """

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = tuple(turns)

    def there(self, theta: Theta) -> Theta:
        """Return theta in the frame."""
        for turn in self._turns:
            theta = turn.there(theta)
        return theta

    def again(self, turned: Theta) -> Theta:
        """Return what is given in the frame in the network's coordinates."""
        for turn in reversed(self._turns):
            turned = turn.again(turned)
        return turned

    def update(
        self, rule: Rule, theta: Theta, grad: Theta, state: Slots, c: Numbers
    ) -> tuple[Theta, dict[str, Tensor]]:
        """Take the step in the frame and come back by the difference it makes.

        So theta itself is never turned there and back, and a step of zero leaves it as it is.
        """
        turned = self.there(theta)
        moved, state_after = rule.update(turned, self.there(grad), state, c)
        return theta + self.again(moved - turned), state_after


def build_frame(spec: FrameSpec, layout: Layout, like: Tensor) -> Frame:
    """Return the frame of a spec for theta of this layout; its numbers depend on the spec's seed alone.

    like: a tensor of theta's dtype on its device.
    """
    frame: Frame = FRAMES.implementation(spec.name)(spec, layout, like)
    return frame


def identity(spec: Spec, layout: Layout, like: Tensor) -> Identity:
    """Return the network's own coordinates."""
    del spec, layout, like
    return IDENTITY


def rotated(spec: Rotated, layout: Layout, like: Tensor) -> Rotation:
    """Return random coordinates of each tensor, turned twice where one block does not hold all."""
    rounds = 2 if max(layout.sizes) > spec.block else 1
    return Rotation([_turn(spec, layout, number, like) for number in range(rounds)])


def _turn(spec: Rotated, layout: Layout, number: int, like: Tensor) -> Turn:
    """Draw one map: of each tensor by itself, in blocks that are as even as they can be.

    Blocks of one size have one matrix: which numbers it mixes is random, and its memory stays bounded.
    """
    orders: list[NDArray[np.int64]] = []
    blocks: list[tuple[int, int]] = []
    for place, piece in enumerate(layout):
        shuffled = stream(spec.seed, Purpose.FRAME_ORDER, number, place).permutation(piece.size)
        orders.append(piece.start + shuffled)
        blocks += _even(piece.size, spec.block)
    runs = groupby(blocks, key=lambda block: block[1])
    matrices = {
        size: torch.from_numpy(random_orthogonal(size, spec.seed, number)).to(like)
        for size in {size for _, size in blocks}
    }
    stretches = tuple((sum(count for count, _ in run), matrices[size]) for size, run in runs)
    order = torch.from_numpy(np.concatenate(orders)).to(like.device)
    return Turn(order, order.argsort(), stretches)


def _even(total: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield how many blocks of which size there are, of one size or of two that differ by 1."""
    count = -(-total // most)
    size, larger = divmod(total, count)
    for number, of in ((larger, size + 1), (count - larger, size)):
        if number:
            yield number, of


def random_orthogonal(size: int, seed: int, number: int) -> NDArray[np.float64]:
    """Return an orthogonal matrix [n, n], uniform among all (Mezzadri 2007, math-ph/0609050).

    Args:
        size: n.
        seed: whose.
        number: which of the seed's matrices of this size.
    """
    random = stream(seed, Purpose.FRAME_MATRIX, number, size)
    q, r = np.linalg.qr(random.standard_normal((size, size)))
    matrix: NDArray[np.float64] = q * np.copysign(1.0, np.diagonal(r))
    return matrix
