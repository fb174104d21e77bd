"""What a preset may say, checked whole before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property, partial

from pydantic import Field, ValidationInfo, field_validator, model_validator

from .. import claims
from ..catalog.base import Spec, knob, nearest
from ..catalog.events import EVENT_NUMBERS, EVENTS
from ..catalog.frames import FrameSpec, Identity
from ..catalog.interventions import AnyIntervention
from ..catalog.losses import LOSSES
from ..catalog.measure import LEAST_KEPT_STATES, MOST_STATES_BYTES, Measure, MeasureSpec, kept_states
from ..catalog.measures import MEASURES, AnyMeasure, measures_of, shown_of
from ..catalog.models import MODELS, AnyModel, check_size
from ..catalog.modifiers import Modifiers
from ..catalog.names import ArmName
from ..catalog.optimizers import OptimizerSpec
from ..catalog.schedules import Course, Parts
from ..catalog.seen import ENVELOPE
from ..catalog.sizes import MOST_VECTOR_BYTES, check_vector
from ..catalog.tasks import AnyTask
from ..catalog.training import PresetTraining, Training
from .claim import Claim
from .control import Control
from .machine import largest_memory
from .named import Named, check_judgements, gathered
from .planned import check_awaited, check_settings
from .settings import Settings, check_batch_size
from .view import PresetView

ELSEWHERE = {"elsewhere": True}
"""The context of validation for what may be meant for another machine, so that memory is no matter."""


class Arm(Spec):
    """One variant of the experiment, with everything it needs."""

    name: ArmName
    optimizer: OptimizerSpec
    task: AnyTask
    model: AnyModel
    training: Training
    modifiers: Modifiers = Modifiers()
    frame: FrameSpec = Identity()
    schedule: dict[str, Parts] = Field(default={})

    @property
    def batch(self) -> int:
        """Samples in a step."""
        size = self.training.batch_size
        return self.task.shape.samples if size == "full" else size

    @property
    def settings(self) -> Settings:
        """What the arm begins with, of what may change on the way."""
        total, online = self.task.shape.samples, self.training.batches == "online"
        withheld = 0 if online else round(self.training.withheld * total)
        return Settings(
            optimizer=self.optimizer,
            modifiers=self.modifiers,
            batch_size=self.training.batch_size,
            courses={name: Course(parts=parts) for name, parts in self.schedule.items()},
            samples=0 if online else total - withheld,
            withheld=withheld,
        )

    @field_validator("schedule")
    @classmethod
    def _schedules_fit(cls, schedule: dict[str, Parts], info: ValidationInfo) -> dict[str, Parts]:
        """Check each on an arm that has the values it goes on from."""
        if {"optimizer", "modifiers"} <= info.data.keys():
            begun = Settings(
                optimizer=info.data["optimizer"], modifiers=info.data["modifiers"], batch_size="full"
            )
            for name, parts in schedule.items():
                begun = begun.with_schedule(name, parts, 0)
        return schedule


class Preset(Spec):
    """An experiment: a source, a task, arms to compare, and the claims to judge."""

    title: str
    summary: str
    sources: list[str] = Field(min_length=1)
    task: AnyTask
    model: AnyModel
    training: PresetTraining
    modifiers: Modifiers = Modifiers()
    schedule: dict[str, Parts] = Field(default={})
    arms: list[Arm] = Field(min_length=1)
    pace: float | None = knob(None, gt=0, help="steps a second that the explorer starts with")
    view: PresetView = PresetView()
    measures: list[AnyMeasure] = knob(
        [], help="costly measures to take besides those that claims name, or measures with settings"
    )
    interventions: list[AnyIntervention] = Field(default=[])
    claims: list[Claim] = Field(default=[])

    @property
    def seeds(self) -> list[int]:
        """One seed a replica."""
        return [self.training.seed + r for r in range(self.training.replicas)]

    @property
    def multiplications(self) -> float:
        """About how many multiplications a step of the largest arm needs, all replicas together."""
        per_step = (arm.batch * arm.model.multiplications(arm.task.shape) for arm in self.arms)
        return 3.0 * max(per_step) * self.training.replicas

    def measures_of(self, arm: Arm) -> dict[str, MeasureSpec]:
        """Return the measures taken of an arm, by name.

        Costly ones and those of plugins are taken only where they are asked for, or claimed.
        """
        asked = {measure.name: measure for measure in self.measures}
        wanted = {*asked, *self._named(arm.name)}
        return {
            name: asked.get(name) or MEASURES.spec(name)
            for name, measure in self._had(arm).items()
            if name in wanted or not (measure.costly or measure.origin)
        }

    def looking_back(self, arm: Arm) -> tuple[str, ...]:
        """Return the measures of an arm that look back, for which it keeps the weights of the way."""
        return tuple(name for name in self.measures_of(arm) if MEASURES[name].looks_back)

    def _named(self, arm: str) -> Collection[str]:
        """Return what claims, their controls, and interventions that wait name of an arm."""
        if self.named.claims is not self.claims or self.named.interventions is not self.interventions:
            del self.named  # that of the preset which this one is a copy of
        return self.named.by_arm.get(arm, ())

    @cached_property
    def named(self) -> Named:
        """What is named of all arms, gathered once: there may be thousands of claims on hundreds of them."""
        return gathered(self.claims, self.interventions)

    def _had(self, arm: Arm) -> dict[str, Measure]:
        """Return the measures that an arm has; of those of plugins, the ones that something names."""
        return measures_of(
            arm.task, arm.model, {*(one.name for one in self.measures), *self._named(arm.name)}
        )

    def _recorded(self) -> dict[str, Collection[str]]:
        """Return all that is recorded of each arm, the sides of the envelope too."""
        return {arm.name: (*self._had(arm), *ENVELOPE) for arm in self.arms}

    @field_validator("measures", mode="before")
    @classmethod
    def _the_envelope_is_always_taken(cls, asked: object) -> object:
        """Leave out its sides, which are recorded of every arm."""
        return [one for one in asked if one not in list(ENVELOPE)] if isinstance(asked, list) else asked

    @field_validator("arms")
    @classmethod
    def _arms_have_names_of_their_own(cls, arms: list[Arm]) -> list[Arm]:
        names = [arm.name for arm in arms]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two arms are named '{name}'")
        return arms

    @model_validator(mode="after")
    def _arms_fit_the_task(self) -> Preset:
        for arm in self.arms:
            MODELS.asked(arm.model.name, partial(check_size, arm.model, arm.task.shape))
            for key, name, valid in (
                ("task.name", arm.task.name, (self.task.name,)),
                ("model.name", arm.model.name, _models_of(arm)),
                ("training.loss", arm.training.loss.name, _losses_of(arm)),
            ):
                if name not in valid:
                    where, fitting = f"arms.{arm.name}.{key}", ", ".join(valid)
                    raise ValueError(f"{where}: '{name}' does not go with the task; valid: {fitting}")
        return self

    @model_validator(mode="after")
    def _batches_fit(self) -> Preset:
        for arm in self.arms:
            if arm.training.batches == "online":
                if not arm.task.drawn:
                    raise ValueError(
                        f"arms.{arm.name}.training.batches: '{arm.task.name}' cannot be learnt online"
                    )
                if arm.training.batch_size == "full":
                    raise ValueError(f"arms.{arm.name}.training.batch_size: online batches need a size")
                if arm.training.withheld:
                    raise ValueError(f"arms.{arm.name}.training.withheld: online there is no training set")
                continue
            if not arm.settings.samples:
                raise ValueError(f"arms.{arm.name}.training.withheld: no training sample is left")
            try:
                check_batch_size(arm.training.batch_size, arm.settings.samples)
            except ValueError as error:
                raise ValueError(f"arms.{arm.name}.training.batch_size: {error}") from None
        return self

    @model_validator(mode="after")
    def _memory_suffices(self, info: ValidationInfo) -> Preset:
        if info.context == ELSEWHERE:
            return self
        needed, there = memory_needed(self), largest_memory()
        if needed > there:
            raise ValueError(
                f"task, model and replicas need about {needed / 2**30:,.0f} GiB of memory;"
                f" there are {there / 2**30:,.0f}"
            )
        return self

    @model_validator(mode="after")
    def _vectors_can_be_kept(self) -> Preset:
        for i, asked in enumerate(self.measures):
            measure = MEASURES[asked.name]
            for arm in self.arms:
                if not measure.applies(arm.task, arm.model):
                    continue
                try:
                    sizes = measure.lengths(arm.task, arm.model, asked.settings)
                    check_vector(asked.name, measure.axes, sizes, self.training.replicas)
                except ValueError as error:
                    raise ValueError(f"measures[{i}]: {str(error).removeprefix('measure ')}") from None
        return self

    @model_validator(mode="after")
    def _states_can_be_kept(self) -> Preset:
        for arm in self.arms:
            numbers = arm.model.parameter_count(arm.task.shape) * self.training.replicas
            if self.looking_back(arm) and kept_states(numbers, _size(arm)) < LEAST_KEPT_STATES:
                most = MOST_STATES_BYTES // (LEAST_KEPT_STATES * _size(arm))
                raise ValueError(
                    f"arms.{arm.name}: its measures look back on {numbers:,} weights a recorded step,"
                    f" all replicas together; at most {most:,} fit"
                )
        return self

    @model_validator(mode="after")
    def _interventions_fit(self) -> Preset:
        arms = {arm.name: arm for arm in self.arms}
        for i, intervention in enumerate(self.interventions):
            where, name = f"interventions[{i}]", intervention.arm
            if name not in arms:
                raise ValueError(f"{where}.arm: unknown arm '{name}'{nearest(name, list(arms))}")
            steps = arms[name].training.steps
            try:
                intervention.check_task(arms[name].task)
                intervention.check_replicas(self.training.replicas)
            except ValueError as error:
                raise ValueError(f"{where}.{error}") from None
            if intervention.awaited is None and intervention.at_step >= steps:
                raise ValueError(f"{where}.at_step: arm '{name}' ends at step {steps}")
        check_awaited(self.interventions, self._recorded())
        for name, arm in arms.items():
            own = [(i, one) for i, one in enumerate(self.interventions) if one.arm == name]
            check_settings(arm.settings, own)
        return self

    @model_validator(mode="after")
    def _claims_can_be_judged(self) -> Preset:
        check_judgements(len(self.claims), self.training.replicas)
        return self

    @model_validator(mode="after")
    def _measures_and_claims_name_what_exists(self) -> Preset:
        names = self._recorded()
        known = {name for measures in names.values() for name in measures}
        asked = [measure.name for measure in self.measures]
        for i, name in enumerate(asked):
            if name not in known:
                raise ValueError(f"measures[{i}]: unknown measure '{name}'{nearest(name, sorted(known))}")
            if name in asked[:i]:
                raise ValueError(f"measures[{i}]: '{name}' is asked for twice")
        along = {name: MEASURES[name].axes for name in known if name in MEASURES and MEASURES[name].axes}
        for i, claim in enumerate(self.claims):
            if not claim.condition.references:
                raise ValueError(f"claims[{i}].holds: names no arm, so it says nothing of a run")
            for arm, name in sorted(claim.condition.measures()):
                if name in along:
                    raise ValueError(
                        f"claims[{i}].holds: '{arm}.{name}' has the axis {', '.join(along[name])};"
                        " a claim compares numbers"
                    )
            try:
                claim.condition.check(names, EVENTS, EVENT_NUMBERS)
            except claims.ClaimError as error:
                raise ValueError(f"claims[{i}].holds: {error}") from None
            if claim.control is not None:
                _check_control(f"claims[{i}]", claim, claim.control, names)
        return self

    @model_validator(mode="after")
    def _charts_are_of_what_is_taken(self) -> Preset:
        taken = ((*self.measures_of(arm), *shown_of(arm.task, arm.model)) for arm in self.arms)
        self.view.check(dict.fromkeys(name for names in taken for name in names))
        return self


def _check_control(where: str, claim: Claim, control: Control, names: Mapping[str, Collection[str]]) -> None:
    """Raise ValueError unless the arms of a control exist and have what the claim reads."""
    key = "fails_with" if claim.fails_with is not None else "holds_with"
    try:
        control.check_arms(sorted(claim.condition.arms()), names)
        seen = {name: names[control.arms.get(name, name)] for name in names}
        claim.condition.check(seen, EVENTS, EVENT_NUMBERS)
    except ValueError as error:
        raise ValueError(f"{where}.{key}: {error}") from None


def _models_of(arm: Arm) -> tuple[str, ...]:
    """Return the models that are known to go with an arm's task, and its own if that does."""
    own = (arm.model.name,) if arm.task.name in arm.model.tasks else ()
    return (*arm.task.models, *own)


def _losses_of(arm: Arm) -> tuple[str, ...]:
    """Return the losses that are known to go with an arm's task, and its own if that does."""
    known = {arm.training.loss.name: type(arm.training.loss)}
    known |= {name: entry.spec for name, entry in LOSSES.shipped.items()}
    return tuple(name for name, loss in known.items() if arm.task.targets in loss.targets)


def memory_needed(preset: Preset) -> float:
    """Return about how many bytes a run takes: where it computes, and for its records."""
    return computing_memory(preset) + recorded_memory(preset)


def computing_memory(preset: Preset) -> float:
    """Return about how many bytes a run takes of the device that computes it.

    They are those of the data, of theta with gradient, state and work space, and of the activations that a
    training step, with their gradients, and a measurement keep.
    """
    replicas = preset.training.replicas
    needed = 0.0
    for arm in preset.arms:
        shape = arm.task.shape
        samples = shape.samples + shape.validation
        data = samples * (shape.inputs + shape.outputs) * (replicas if arm.task.seeded else 1)
        parameters = arm.model.parameter_count(shape) * replicas
        passes = (4 if preset.looking_back(arm) else 2) * samples
        activations = arm.model.activations(shape) * passes * replicas
        needed += _size(arm) * (data + 10.0 * parameters + activations)
        needed += step_memory(arm, arm.batch, replicas)
    return needed


def step_memory(arm: Arm, batch: int, replicas: int) -> float:
    """Return about how many bytes the activations of a training step, with their gradients, take."""
    return 3.0 * _size(arm) * arm.model.activations(arm.task.shape) * batch * replicas


def recorded_memory(preset: Preset) -> float:
    """Return the most bytes of the host that records of vectors, and of weights to look back on, take."""
    vectors = [found for one in preset.measures if (found := MEASURES[one.name]).axes]
    needed = 0.0
    for arm in preset.arms:
        needed += MOST_VECTOR_BYTES * sum(one.applies(arm.task, arm.model) for one in vectors)
        if preset.looking_back(arm):
            parameters = arm.model.parameter_count(arm.task.shape) * preset.training.replicas
            needed += _size(arm) * parameters * kept_states(parameters, _size(arm))
    return needed


def _size(arm: Arm) -> int:
    """Return the bytes of a weight."""
    return 8 if arm.training.dtype == "float64" else 4
