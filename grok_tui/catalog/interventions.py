"""The interventions: what may be done to a running arm between two steps."""

from __future__ import annotations

from functools import cache
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from ..numbers import plural, shown
from ..printable import shortened
from .base import LONGEST_HELP, knob
from .entry import Entry
from .intervention import Intervention, PerReplica, S
from .optimizers import OptimizerSpec, titled
from .plugins import require
from .registry import Registry
from .schedules import Course, Parts
from .tasks import TaskSpec

Index = Annotated[int, Field(ge=0)]


class Switch(Intervention):
    """Go on with another optimizer."""

    action: Literal["switch"]
    optimizer: OptimizerSpec
    state: Literal["fresh", "kept"] = knob(
        "fresh", help="start the new optimizer's state anew, or take up the state it had when it last ran"
    )

    def told(self) -> str:
        """Return the optimizer with its learning rate and what is not as it is by default."""
        special = self.optimizer.model_dump(include={"lr"}) | self.optimizer.model_dump(
            exclude={"name"}, exclude_defaults=True
        )
        settings = (f"{key} {shown(value)}" for key, value in special.items())
        return " ".join([f"switch to {self.named()}", *settings])

    def named(self) -> str:
        """Return the optimizer's name as its papers write it."""
        return titled(self.optimizer.name)

    def after(self, settings: S) -> S:
        """Return the settings with the new optimizer."""
        return settings.with_optimizer(self.optimizer, self.at_step)


class Set(Intervention):
    """Change one hyperparameter of the running optimizer, a modifier, or the batch size."""

    action: Literal["set"]
    hyperparameter: str = knob(help="name of the hyperparameter or modifier, or batch_size")
    value: float | bool | str | list[float] = knob(help="its new value")

    def told(self) -> str:
        """Return "lr = 0.01"."""
        return f"{self.hyperparameter} = {shown(self.value)}"

    def named(self) -> str:
        """Return "lr 0.01"."""
        return f"{self.hyperparameter} {shown(self.value)}"

    def after(self, settings: S) -> S:
        """Return the settings with the new value."""
        return settings.with_value(self.hyperparameter, self.value)


class Follow(Intervention):
    """Have one hyperparameter of the running optimizer, or a modifier, follow a schedule from here on."""

    action: Literal["schedule"]
    hyperparameter: str = knob(help="name of the hyperparameter or modifier")
    schedule: Parts = knob(help="a schedule, or a list of them, each after the one before")

    def told(self) -> str:
        """Return "lr along cosine over 900"."""
        return f"{self.hyperparameter} along {Course(parts=self.schedule)}"

    def named(self) -> str:
        """Return "lr cosine"."""
        return f"{self.hyperparameter} {self.schedule[-1].name.replace('_', ' ')}"

    def after(self, settings: S) -> S:
        """Return the settings in which the value follows the schedule."""
        return settings.with_schedule(self.hyperparameter, self.schedule, self.at_step)


class Reset(PerReplica):
    """Forget the optimizer's state, moments and step count, and the state of gradient filters."""

    action: Literal["reset"]

    def told(self) -> str:
        """Return what is reset, and where."""
        return f"optimizer state reset{self.where}"


class Jump(PerReplica):
    """Displace theta by a random vector, uniform in direction."""

    action: Literal["jump"]
    norm: float | None = knob(None, ge=0, help="L2 norm of the displacement")
    of_next_steps: int | None = knob(
        None, ge=1, le=10_000, help="displace each tensor as far as this many steps would, instead of norm"
    )

    @model_validator(mode="after")
    def _length_is_given(self) -> Jump:
        if (self.norm is None) == (self.of_next_steps is None):
            raise ValueError("a jump has either a norm or of_next_steps")
        return self

    def told(self) -> str:
        """Return how far the jump goes, and where."""
        if self.of_next_steps is None:
            return f"random jump of norm {shown(self.norm)}{self.where}"
        return f"random jump as far as {self.of_next_steps} steps{self.where}"


class _OfSamples(Intervention):
    """An intervention on samples of the training set, which is done to every replica."""

    def check_task(self, task: TaskSpec) -> None:
        """Make sure that the samples are there.

        Raises:
            ValueError: an index is beyond them, or comes twice.
        """
        indices = getattr(self, "indices", None) or []
        if len(set(indices)) < len(indices):
            raise ValueError("indices: one of them comes twice")
        if indices and max(indices) >= task.shape.samples:
            raise ValueError(f"indices: there are {task.shape.samples} training samples, counted from 0")


class _Moved(_OfSamples):
    n: int | None = knob(None, ge=1, le=10**9, help="how many, chosen at random by each replica's seed")
    indices: list[Index] | None = knob(None, help="which, counted from 0; instead of n")

    @property
    def count(self) -> int:
        """How many samples are moved."""
        return self.n if self.n is not None else len(self.indices or ())

    @property
    def which(self) -> str:
        """How many samples, and how chosen."""
        return f"{plural(self.count, 'sample')}{'' if self.n is None else ' at random'}"

    @model_validator(mode="after")
    def _samples_are_said(self) -> Self:
        if (self.n is None) == (not self.indices):
            raise ValueError(f"{self.action} has either n or indices")
        return self


class Acquire(_Moved):
    """Take samples that are withheld into the training set."""

    action: Literal["acquire"]

    def told(self) -> str:
        """Return how many samples come in."""
        return f"acquire {self.which}"

    def named(self) -> str:
        """Return "+10 samples"."""
        return f"+{plural(self.count, 'sample')}"

    def after(self, settings: S) -> S:
        """Return the settings with a larger training set."""
        return settings.with_samples(self.count)


class Withhold(_Moved):
    """Take samples out of the training set; they can be acquired again."""

    action: Literal["withhold"]

    def told(self) -> str:
        """Return how many samples go."""
        return f"withhold {self.which}"

    def named(self) -> str:
        """Return "-10 samples"."""
        return f"-{plural(self.count, 'sample')}"

    def after(self, settings: S) -> S:
        """Return the settings with a smaller training set."""
        return settings.with_samples(-self.count)


class Relabel(_OfSamples):
    """Give training samples labels other than those they have, uniform among the others."""

    action: Literal["relabel"]
    share: float | None = knob(
        None, gt=0, le=1, help="of the training set, chosen at random by each replica's seed"
    )
    indices: list[Index] | None = knob(None, help="which, counted from 0; instead of share")

    def told(self) -> str:
        """Return how many samples have other labels."""
        if self.share is not None:
            return f"other labels for {shown(100 * self.share)} % of the samples"
        return f"other labels for {plural(len(self.indices or ()), 'sample')}"

    def after(self, settings: S) -> S:
        """Return the settings as they are, if there is a training set."""
        return settings.with_samples(0)

    def check_task(self, task: TaskSpec) -> None:
        """Make sure that the samples are there and have labels.

        Raises:
            ValueError: they are not, or the targets are numbers.
        """
        super().check_task(task)
        if not task.classes:
            raise ValueError(f"the targets of '{task.name}' are numbers, not labels")

    @model_validator(mode="after")
    def _samples_are_said(self) -> Self:
        if (self.share is None) == (not self.indices):
            raise ValueError("relabel has either a share or indices")
        return self


class Reinitialize(PerReplica):
    """Draw the weights anew and forget the state of all optimizers; the training data stay as they are.

    The network is a new one: its events are logged beside those of the one before. What an intervention of
    the arm still waits for counts from here, also where it had been seen but what was to follow had not been
    done; one that was done stays done. A replica that had diverged goes on.
    """

    draws_anew: ClassVar[bool] = True
    action: Literal["reinitialize"]
    seed: int | None = knob(
        None,
        ge=0,
        le=2**31 - 1,
        help="replica r starts as one with seed + r does; none: from a seed of its own",
    )

    def told(self) -> str:
        """Return what is drawn, and where."""
        seed = "" if self.seed is None else f" with seed {self.seed}"
        return f"weights drawn anew{seed}{self.where}"


def _declares(spec: Intervention) -> None:
    """Raise ContractError unless a plugin's intervention tells of itself in one short line each."""
    for name in ("told", "named", "when"):
        words = getattr(spec, name)()
        line = isinstance(words, str) and words.isprintable() and len(words) <= LONGEST_HELP
        require(line, f"{name} gives {shortened(repr(words), 60)}, not a line to show")


INTERVENTIONS: Registry[Intervention] = Registry(
    "intervention",
    Intervention,
    Entry(Switch, "grok_tui.engine.arm.interventions:switch", key="action"),
    Entry(Set, "grok_tui.engine.arm.interventions:settle", key="action"),
    Entry(Follow, "grok_tui.engine.arm.interventions:follow", key="action"),
    Entry(Reset, "grok_tui.engine.arm.interventions:reset", key="action"),
    Entry(Jump, "grok_tui.engine.arm.interventions:jump", key="action"),
    Entry(Acquire, "grok_tui.engine.arm.interventions:acquire", key="action"),
    Entry(Withhold, "grok_tui.engine.arm.interventions:withhold", key="action"),
    Entry(Relabel, "grok_tui.engine.arm.interventions:relabel", key="action"),
    Entry(Reinitialize, "grok_tui.engine.arm.interventions:reinitialize", key="action"),
    plugins="grok_tui.interventions",
    contract=_declares,
)
"""The implementation of an intervention is called with the arm (`grok_tui.engine.arm.interventions.Steered`),
with the intervention, and with the settings that the arm is to have after it."""

AnyIntervention = Annotated[Intervention, INTERVENTIONS]


@cache
def _adapter() -> TypeAdapter[AnyIntervention]:
    return TypeAdapter(AnyIntervention)


def intervention(document: object) -> AnyIntervention:
    """Return the intervention that a document says.

    Raises:
        ValidationError: it says none.
    """
    return _adapter().validate_python(document)
