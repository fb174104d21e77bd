"""The rows of the parameter panel: every parameter of the selected arm, and what may be typed for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from grok_tui.catalog.base import Parameter, Spec, nearest, parameters
from grok_tui.catalog.models import ModelSpec
from grok_tui.catalog.modifiers import MODIFIERS
from grok_tui.catalog.schedules import SCHEDULES, schedules_of
from grok_tui.catalog.training import PresetTraining, Training
from grok_tui.frontend.orders import toml
from grok_tui.numbers import shown

if TYPE_CHECKING:
    from grok_tui.catalog.schedules import Course
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.options import RunOptions
    from grok_tui.presets import Preset

OPTIMIZER = "optimizer"
FOLD = "fold."  # the keys of rows that fold and unfold a section begin so
SHAPE = 8  # values of a schedule that a row shows
FOLDING = ("Modifiers", "Training")  # the sections that are folded at first


@dataclass(frozen=True)
class Knob:
    """One parameter with its present value.

    Attributes:
        key: where it stands in a preset, e.g. "optimizer.lr", "training.batch_size", "model.init".
        section: what it belongs to, in words.
        value: the present value.
        parameter: its declaration.
        live: whether it may change while the run goes on.
        choices: all it can be, or none when it is typed.
        course: the schedule that the value follows, if it follows one.
        shape: of that, its values over the steps of the arm, from 0 to 1.
    """

    key: str
    section: str
    value: Any
    parameter: Parameter
    live: bool
    choices: tuple[Any, ...] = ()
    course: Course | None = None
    shape: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition(".")[2]

    @property
    def text(self) -> str:
        """The present value as people write it."""
        return shown(self.value)

    @property
    def follows(self) -> bool:
        """Whether a schedule may be typed for it."""
        return self.live and self.parameter.type is float

    @property
    def hint(self) -> str:
        """One line: what it means, and its bounds."""
        bounds = self.parameter.bounds
        if not bounds and self.choices and not isinstance(self.value, bool):
            bounds = ", ".join(map(shown, self.choices))
        follows = "" if self.course is None else f"follows {self.course}; a value typed here ends that"
        parts = [follows or self.parameter.help, bounds]
        return "; ".join(part for part in parts if part)


def knobs(preset: Preset, arm: ArmStatus) -> list[Knob]:
    """List the parameters of an arm: those that are live first, then those that need a restart."""
    spec = next(one for one in preset.arms if one.name == arm.name)
    kind = _not_typed("name", "the update rule; Enter lists all")
    rows = [Knob(OPTIMIZER, "Optimizer", arm.optimizer.name, kind, live=True)]
    now = arm.at(arm.step)
    rows += _rows("optimizer", "Optimizer", type(arm.optimizer), now.optimizer)
    training = list(_rows("training", "Training", Training, spec.training))
    batch = next(row for row in training if row.name == "batch_size")
    rows.append(Knob(batch.key, "Optimizer", arm.batch_size, batch.parameter, live=True))
    for name in (*MODIFIERS.shipped, *MODIFIERS.loaded):
        rows += _rows("modifiers", "Modifiers", MODIFIERS[name].spec, now.modifiers.of(name))
    rows += [row for row in training if row is not batch]
    own = set(Training.model_fields)
    rows += [
        row for row in _rows("training", "Training", PresetTraining, preset.training) if row.name not in own
    ]
    if spec.frame.name != "identity" and not arm.parent:
        place, section = f"arms.{arm.name}.frame", f"Frame: {spec.frame.name}"
        rows += _rows(place, section, type(spec.frame), spec.frame)
    own_first = _rows("model", f"Model: {spec.model.name}", type(spec.model), spec.model)
    rows += sorted(own_first, key=lambda row: row.name in ModelSpec.model_fields)
    rows += _rows("task", f"Task: {spec.task.name}", type(spec.task), spec.task)
    return [_followed(row, arm) if row.live and row.name in arm.courses else row for row in rows]


def _followed(row: Knob, arm: ArmStatus) -> Knob:
    """Return the row with the schedule that its value follows."""
    course, value = arm.courses[row.name], arm.set_value(row.name)
    length = max(arm.end - course.since, 1)
    values = [course.value(course.since + length * place // SHAPE, value) for place in range(SHAPE)]
    low, high = min(values), max(values)
    shape = tuple((one - low) / (high - low) if high > low else 0.5 for one in values)
    return replace(row, course=course, shape=shape)


def _not_typed(name: str, help: str) -> Parameter:  # noqa: A002  (as `Parameter` has it)
    """Return the declaration of a row that is opened, not typed."""
    return Parameter(name, str, None, required=True, help=help, live=True, bounds="")


def folded(rows: Sequence[Knob], unfolded: Collection[str] = (), pending: Collection[str] = ()) -> list[Knob]:
    """Return the rows without those of long sections that are as they always are.

    In their place each section has a row at its end that unfolds it, or folds it again.

    Args:
        rows: all parameters.
        unfolded: the sections that are shown in full.
        pending: keys that are shown in any case.
    """
    special = {row.key for row in rows if not row.parameter.required and row.value != row.parameter.default}
    shown: list[Knob] = []
    for section, group in groupby(rows, key=lambda row: row.section):
        own = list(group)
        if section not in FOLDING:
            shown += own
            continue
        quiet = [
            row
            for row in own
            if not row.parameter.required
            and row.key not in special
            and row.key not in pending
            and not _belongs(row, own, special)
        ]
        shown += own if section in unfolded else [row for row in own if row not in quiet]
        if quiet:
            shown.append(_fold(section, len(quiet), whole=section in unfolded))
    return shown


def _belongs(row: Knob, section: Sequence[Knob], special: Collection[str]) -> bool:
    """Whether a row says more of one that is not as it always is, as grokfast_decay does of grokfast."""
    return any(row.name.startswith(f"{one.name}_") for one in section if one.key in special)


def _fold(section: str, count: int, *, whole: bool) -> Knob:
    name = f"{'fewer' if whole else 'more'}_{section.lower()}"
    help = "Enter leaves out" if whole else "Enter shows"  # noqa: A001  (as `Parameter` has it)
    kind = _not_typed(name, f"{help} what is as it is by default")
    return Knob(f"{FOLD}{name}", section, count, kind, live=True)


def _rows(place: str, section: str, kind: type[Spec], values: Spec) -> Iterator[Knob]:
    for parameter in parameters(kind):
        value = getattr(values, parameter.name)
        yield Knob(
            f"{place}.{parameter.name}",
            section,
            str(value) if parameter.names else value,
            parameter,
            parameter.live,
            parameter.names or _choices(parameter.type),
        )


def _choices(annotation: Any) -> tuple[Any, ...]:
    if annotation is bool:
        return (True, False)
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def parsed(knob: Knob, text: str) -> Any:
    """Return the value that a text stands for.

    Raises:
        ValueError: it is not of the knob's type.
    """
    text = text.strip()
    if not text:
        raise ValueError("a value is needed")
    if knob.follows and (" " in text or text in SCHEDULES):
        return schedules_of(text)
    if knob.choices:
        known = {shown(choice): choice for choice in knob.choices}
        if text not in known:
            raise ValueError(f"unknown value '{text}'{nearest(text, list(known))}")
        return known[text]
    return _of_type(knob.parameter.type, text)


def _of_type(annotation: Any, text: str) -> Any:
    origin = get_origin(annotation)
    if origin is tuple:
        parts = text.replace(",", " ").split()
        if len(parts) != len(get_args(annotation)):
            raise ValueError(f"needs {len(get_args(annotation))} numbers, as in 0.9 0.999")
        return [_number(part) for part in parts]
    if origin is list:
        (kind,) = get_args(annotation)
        return [_of_type(kind, part) for part in text.replace(",", " ").split()]
    if origin is Annotated:
        return _of_type(get_args(annotation)[0], text)
    if origin in (Union, UnionType):
        words = [
            word for kind in get_args(annotation) if get_origin(kind) is Literal for word in get_args(kind)
        ]
        if text in words:
            return text
        kinds = [
            kind for kind in get_args(annotation) if get_origin(kind) is not Literal and kind is not NoneType
        ]
        if not words:
            return _of_type(kinds[0], text)
        try:
            return _of_type(kinds[0], text)
        except ValueError:
            raise ValueError(f"needs a whole number or {' or '.join(words)}") from None
    if annotation is str:
        return text
    if annotation is int:
        value = _number(text.replace(" ", ""))
        if value != int(value):
            raise ValueError("needs a whole number")
        return int(value)
    return _number(text)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"'{text}' is no number") from None
    if value != value or abs(value) == float("inf"):
        raise ValueError("needs a finite number")
    return value


def problem(knob: Knob, text: str, preset: Preset, arm: ArmStatus) -> str:
    """Return what is wrong with a text typed for a knob, in one line, or nothing."""
    # The first frame stands before presets, and numpy with them, are loaded.
    from grok_tui.presets import check_batch_size
    from grok_tui.presets.problems import first_problem

    try:
        value = parsed(knob, text)
        if knob.live:
            if knob.follows and isinstance(value, tuple):
                arm.with_schedule(knob.name, value, arm.step)
                return ""
            after = arm.with_value(knob.name, value)
            if after.batch_size != arm.batch_size:
                samples = next(one for one in preset.arms if one.name == arm.name).task.shape.samples
                check_batch_size(after.batch_size, arm.samples or samples)
        else:
            _check_field(knob, value, preset, arm)
    except ValueError as error:
        return first_problem(error).removeprefix(f"{knob.name}: ")
    return ""


def _check_field(knob: Knob, value: Any, preset: Preset, arm: ArmStatus) -> None:
    """Validate the spec that holds the knob with the new value in it."""
    spec = next(one for one in preset.arms if one.name == arm.name)
    holder: Spec = {
        "task": spec.task,
        "model": spec.model,
        "modifiers": spec.modifiers,
        "training": preset.training,
        "arms": spec.frame,
    }[knob.key.partition(".")[0]]
    type(holder).model_validate({**holder.model_dump(), knob.name: value})


def with_value(options: RunOptions, knob: Knob, value: Any, preset: Preset) -> RunOptions:
    """Return the options that start a run of this preset with another value of a knob.

    It is another in every arm; what is of one arm, as its frame is, in that one.
    """
    place = knob.key.partition(".")[0]
    if knob.name in ("seed", "replicas", "steps") and place == "training":
        return replace(options, **{knob.name: value})
    texts = [f"{knob.key}={toml(value)}"]
    shared = {
        "task": preset.task,
        "training": preset.training,
        "model": preset.model,
        "modifiers": preset.modifiers,
    }.get(place)
    for arm in preset.arms if shared is not None else ():
        own: Spec = getattr(arm, place)
        if getattr(own, knob.name, None) != getattr(shared, knob.name, None):
            texts.append(f"arms.{arm.name}.{knob.key}={toml(value)}")
    return with_assignments(options, texts)


def with_assignments(options: RunOptions, texts: list[str]) -> RunOptions:
    """Return the options with assignments added, each in the place of an older one of the same key."""
    keys = {text.partition("=")[0].strip() for text in texts}
    kept = (text for text in options.assignments if text.partition("=")[0].strip() not in keys)
    return replace(options, assignments=(*kept, *texts))
