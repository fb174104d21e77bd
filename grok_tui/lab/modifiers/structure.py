"""Which modifiers act, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from ...catalog.modifiers import MODIFIERS, Modifiers, Stage
from ...catalog.plugins import require
from ..contract import are_coefficients
from ..shapes import Float
from .acting import Acting
from .contract import check_acting, is_acting
from .shipped import DecayTowards, Dropout, Resets

NOTHING: Mapping[str, Tensor] = {}

NOISE = "noise."
"""How the names of tensors begin that hold the noise of a plugin's modifier."""


@dataclass(frozen=True)
class One:
    """A modifier that acts: its name, its place in each of its stages, and what it does."""

    name: str
    at: tuple[tuple[Stage, int], ...]
    acting: Acting

    @property
    def noise(self) -> str:
        """The name of the tensor that holds its noise."""
        return self.name if self.name in MODIFIERS.shipped else f"{NOISE}{self.name}"

    def numbers(self, c: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return those of a step's coefficients that are its own, by its own names for them."""
        mine = f"{self.name}."
        return {key.removeprefix(mine): value for key, value in c.items() if key.startswith(mine)}


@dataclass(frozen=True)
class Structure:
    """Which modifiers act, those that ship first."""

    all: tuple[One, ...]

    @classmethod
    def of(cls, values: Modifiers) -> Structure:
        """Return what acts under these values.

        Raises:
            PluginError: a plugin's modifier cannot be made.
        """
        found = []
        for name in values.named:
            acting = MODIFIERS.made(name, values.of(name), check=is_acting)
            if acting is not None:
                found.append(One(name, tuple(MODIFIERS[name].at.items()), acting))
        return cls(tuple(found))

    def at(self, stage: Stage) -> list[One]:
        """Return those that act at a stage, in their order."""
        places = [(dict(one.at)[stage], i) for i, one in enumerate(self.all) if stage in dict(one.at)]
        return [self.all[i] for _, i in sorted(places)]

    @property
    def dropout(self) -> bool:
        """Whether activations are dropped."""
        return any(isinstance(one.acting, Dropout) for one in self.all)

    @property
    def towards_init(self) -> bool:
        """Whether weights decay towards their start."""
        return any(isinstance(one.acting, DecayTowards) for one in self.all)

    @property
    def resets(self) -> bool:
        """Whether a step may begin by making the optimizer's state anew."""
        return any(isinstance(one.acting, Resets) for one in self.all)

    @property
    def reset_on_return(self) -> bool:
        """Whether it does when the loss returns from 0."""
        return any(isinstance(one.acting, Resets) and one.acting.on_return for one in self.all)

    @property
    def noises(self) -> tuple[str, ...]:
        """The names of the tensors that hold noise."""
        return tuple(one.noise for one in self.all if one.acting.draws)

    def initial(self, theta: Float[Tensor, "R P"]) -> dict[str, Tensor]:
        """Return the state of all of them before the first step."""
        found: dict[str, Tensor] = {}
        for one in self.all:
            found |= one.acting.initial(theta)
        return found

    def check(self, values: Modifiers, theta: Float[Tensor, "R P"], sizes: list[int]) -> None:
        """Ask of plugins' modifiers that they keep their contract, on weights as these.

        Raises:
            PluginError: one does not.
        """
        for one in self.all:
            spec = values.of(one.name)
            MODIFIERS.asked(one.name, partial(check_acting, one.acting, spec, theta, sizes))
        slots = [slot for one in self.all for slot in one.acting.slots]
        for one in self.all:
            twice = [slot for slot in one.acting.slots if slots.count(slot) > 1]
            MODIFIERS.asked(one.name, partial(_alone, twice))

    def coefficients(
        self, values: Modifiers, lr: Tensor, step: Tensor, following: Mapping[str, Tensor] = NOTHING
    ) -> dict[str, Tensor]:
        """Return the numbers that a step needs, float64, each broadcastable to [k, R, 1].

        Args:
            values: the modifiers' settings.
            lr: the optimizer's learning rate, [R, 1] or [k, R, 1].
            step: float64 [k, 1, 1], counted from 1 since the state was initial.
            following: the values that follow a schedule, by key, float64 [k or 1, 1, 1].
        """
        found: dict[str, Tensor] = {}
        for one in self.all:
            spec = values.of(one.name)
            moving = {key: following[key] for key in spec.own() if key in following}
            own = one.acting.coefficients(spec.model_copy(update=moving) if moving else spec, lr, step)
            MODIFIERS.asked(one.name, partial(are_coefficients, own, lr.shape[-2], len(step)))
            found |= {f"{one.name}.{key}": value for key, value in own.items()}
        return found

    def weights(
        self,
        theta: Float[Tensor, "R P"],
        given: Mapping[str, Tensor],
        c: Mapping[str, Tensor],
    ) -> Float[Tensor, "R P"]:
        """Return the weights at which the gradient is taken; `given` has noise, see `noises`."""
        for one in self.at("weights"):
            theta = one.acting.weights(theta, _noise(one, given), one.numbers(c))
        return theta

    def gradient(
        self,
        theta: Float[Tensor, "R P"],
        grad: Float[Tensor, "R P"],
        state: Mapping[str, Tensor],
        c: Mapping[str, Tensor],
        sizes: list[int],
    ) -> tuple[Float[Tensor, "R P"], dict[str, Tensor]]:
        """Return the gradient that the optimizer sees, and the state after it.

        Args:
            theta: the weights.
            grad: the gradient of the training loss.
            state: as `initial` shapes it.
            c: the coefficients of this step, [R, 1] each.
            sizes: how many numbers each tensor of the network takes of theta.
        """
        after = dict(state)
        for one in self.at("gradient"):
            own = {slot: state[slot] for slot in one.acting.slots}
            grad, kept = one.acting.gradient(theta, grad, own, one.numbers(c), sizes)
            after |= kept
        return grad, after

    def update(
        self,
        theta: Float[Tensor, "R P"],
        theta_0: Float[Tensor, "R P"],
        given: Mapping[str, Tensor],
        c: Mapping[str, Tensor],
    ) -> Float[Tensor, "R P"]:
        """Return theta as it is after a step, given what the optimizer made of it; see `weights`."""
        for one in self.at("update"):
            theta = one.acting.update(theta, theta_0, _noise(one, given), one.numbers(c))
        return theta


def _noise(one: One, given: Mapping[str, Tensor]) -> Tensor | None:
    return given[one.noise] if one.acting.draws else None


def _alone(twice: list[str]) -> None:
    require(not twice, f"another modifier has a state of the name {', '.join(map(repr, twice))}")
