"""What every intervention says: to which arm, when, and what it may wait for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self, TypeVar

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ..numbers import grouped, shown
from .base import Spec, knob
from .optimizers import OptimizerSpec
from .schedules import Schedule
from .tasks import TaskSpec

OF_AN_ARM = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"


class Adjustable(Protocol):
    """The settings of an arm, of which an intervention makes others: `grok_tui.presets.Settings`."""

    def with_optimizer(self, optimizer: OptimizerSpec, since: int) -> Self:
        """Return the settings with another optimizer, at work since a step."""

    def with_value(self, name: str, value: Any) -> Self:
        """Return the settings with a hyperparameter, a modifier or the batch size changed."""

    def with_schedule(self, name: str, parts: Sequence[Schedule], since: int) -> Self:
        """Return the settings in which a hyperparameter or a modifier follows a schedule since a step."""

    def with_samples(self, more: int) -> Self:
        """Return the settings with so many samples taken from those withheld, or withheld where negative."""


S = TypeVar("S", bound=Adjustable)


class Plateau(Spec):
    """A measure that no longer gets better."""

    measure: str = knob(pattern=OF_AN_ARM, help="arm.measure, of the same arm or of another")
    records: int = knob(20, ge=1, le=10**6, help="recorded steps in a row that are no improvement")
    improvement: float = knob(
        0.01, ge=0, le=1e6, help="an improvement is better than the best so far by more than this share of it"
    )
    better: Literal["auto", "lower", "higher"] = knob(
        "auto", help="which values are better; auto: higher ones of accuracies and margins, else lower ones"
    )

    @property
    def arm(self) -> str:
        """The arm whose measure it is."""
        return self.measure.partition(".")[0]

    @property
    def name(self) -> str:
        """The name of the measure."""
        return self.measure.partition(".")[2]

    @property
    def higher(self) -> bool:
        """Whether higher values are better."""
        if self.better == "auto":
            return self.name.endswith("_accuracy") or self.name.startswith("margin_")
        return self.better == "higher"

    def __str__(self) -> str:
        return f"a plateau of {self.measure} ({self.records} records within {shown(self.improvement)})"


class Intervention(Spec):
    """When and to which arm; each says besides how it is told, and what becomes of the arm's settings."""

    draws_anew: ClassVar[bool] = False
    """Whether the network is another one after it, so that what is seen of it is seen for the first time."""

    arm: str = knob(help="the arm it is done to")
    at_step: int = knob(
        help="done after this many steps, before the next; with since or since_plateau: from there on"
    )
    action: str
    since: str | None = knob(
        None,
        pattern=OF_AN_ARM,
        help="arm.event from whose first time at_step counts, of the same arm or of another; "
        "after a reinitialize: the new network's",
    )
    since_plateau: Plateau | None = knob(None, help="as since, from where a measure no longer gets better")
    not_before: Annotated[int, Field(ge=0)] = knob(
        0, help="with since or since_plateau: the first step at which event or records count"
    )

    def told(self) -> str:
        """Return what is done, in a few words: "switch to SGD lr 0.1"."""
        return self.action

    def named(self) -> str:
        """Return the label of its mark on charts: "SGD", "lr 0.01"."""
        return self.action

    def after(self, settings: S) -> S:
        """Return an arm's settings as this leaves them.

        Raises:
            ValueError: it does not fit the arm as it stands.
        """
        return settings

    def check_task(self, task: TaskSpec) -> None:
        """Make sure that it can be done to an arm on a task.

        Raises:
            ValueError: it cannot.
        """

    def check_replicas(self, count: int) -> None:
        """Make sure that it can be done to an arm of so many replicas.

        Raises:
            ValueError: the one that it names is not there.
        """
        replica = getattr(self, "replica", None)
        if replica is not None and replica >= count:
            raise ValueError(
                f"replica: there is no replica {replica}; they are counted from 0 to {count - 1}"
            )

    @property
    def awaited(self) -> tuple[str, str | Plateau] | None:
        """The arm and its event or plateau from which `at_step` counts; None if it counts from the start."""
        if self.since is not None:
            arm, _, event = self.since.partition(".")
            return arm, event
        return None if self.since_plateau is None else (self.since_plateau.arm, self.since_plateau)

    @property
    def per_replica(self) -> bool:
        """Whether it can be done to one replica alone, so that each need not wait for the others."""
        return "replica" in type(self).model_fields

    def when(self) -> str:
        """Return "at step 1 200", or from what its step counts."""
        if self.awaited is None:
            return f"at step {grouped(self.at_step)}"
        when = f"{self.at_step:+d} steps from {self.since or self.since_plateau}"
        return f"{when}, the first from step {grouped(self.not_before)} on" if self.not_before else when

    def settled(self, at_step: int, replica: int | None) -> Self:
        """Return what has become of an intervention that waited, for one replica or for all."""
        update: dict[str, Any] = {"since": None, "since_plateau": None, "not_before": 0, "at_step": at_step}
        return self.model_copy(update=update | ({"replica": replica} if self.per_replica else {}))

    def of_fork(self, arm: str, fork: str) -> Self:
        """Return what this is for a fork of an arm, where it is done to that arm or waits for it."""
        update: dict[str, Any] = {"arm": fork} if self.arm == arm else {}
        if self.awaited is not None and self.awaited[0] == arm:
            if self.since_plateau is not None:
                measure = f"{fork}.{self.since_plateau.name}"
                update["since_plateau"] = self.since_plateau.model_copy(update={"measure": measure})
            else:
                update["since"] = f"{fork}.{self.awaited[1]}"
        return self.model_copy(update=update)

    @model_validator(mode="after")
    def _step_is_there(self) -> Self:
        if self.since is not None and self.since_plateau is not None:
            raise ValueError("an intervention has since or since_plateau, not both")
        if self.not_before and self.awaited is None:
            raise ValueError("not_before is for interventions with since or since_plateau")
        if self.at_step < 0 and self.awaited is None:
            raise ValueError(f"at_step is {self.at_step}; the first steps of an arm are its 0th and 1st")
        if self.at_step < 0 and self.awaited is not None and self.awaited[0] == self.arm:
            raise ValueError(f"at_step is {self.at_step}; an arm cannot go back behind what it waits for")
        return self

    @model_serializer(mode="wrap")
    def _without_what_it_does_not_wait_for(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        document: dict[str, Any] = write(self)
        unset = [name for name in ("since", "since_plateau", "not_before") if not getattr(self, name)]
        return {name: value for name, value in document.items() if name not in unset}


class PerReplica(Intervention):
    """An intervention that may be done to one replica alone."""

    replica: int | None = knob(None, ge=0, help="the replica it is done to, counted from 0; else all")

    @property
    def where(self) -> str:
        """Which replica it is done to, as the end of what is told."""
        return "" if self.replica is None else f", replica {self.replica}"
