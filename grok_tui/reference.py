"""The reference of the preset format, written from the declarations themselves.

python -m grok_tui.reference > docs/presets.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from .catalog.base import Parameter, parameters
from .catalog.charts import CHART_NAMES
from .catalog.events import EVENT_NUMBERS, EVENTS
from .catalog.frames import FRAMES
from .catalog.intervention import Intervention, Plateau
from .catalog.interventions import INTERVENTIONS
from .catalog.losses import LOSSES
from .catalog.measure import MeasureSpec
from .catalog.measures import MEASURES, families
from .catalog.models import MODELS
from .catalog.modifiers import MODIFIERS, STAGES
from .catalog.optimizers import OPTIMIZERS
from .catalog.registry import Registry
from .catalog.schedules import SCHEDULES
from .catalog.tasks import TASKS
from .catalog.training import PresetTraining
from .claims import FUNCTIONS
from .presets import Claim, PresetView

INTRODUCTION = """# Presets

A preset is a TOML file. This page is written by `python -m grok_tui.reference` from the declarations that
also check a preset, so it says what is accepted. An unknown key, a wrong type or a value out of bounds is one
line that names the file, the key and the nearest valid name; the exit code is 2.

At the top stand `title`, `summary` and `sources` (a list), and perhaps a `pace`, the steps a second that
the explorer starts with. Then come the tables `[task]`, `[model]` and `[training]`, the arms `[[arms]]`
with a `name` and an `optimizer`, and, where there are any, `[[interventions]]` and `[[claims]]`, and perhaps
a `[view]`. An arm may
change values of the model and of the training by tables of its own, as in `training = { batch_size = 10 }`.
The numbers of a preset are those of its *quick* profile; `[full]` holds the values that `--profile full`
lays over them, with arms merged by their names; `[medium]` holds what `--profile medium` lays over
those of `[full]`: its claims at a size for a CPU.

A preset is looked for as a path, then in `~/.config/grok-tui/presets/`, then among the shipped ones.
"""

CLAIMS = """A condition is written in a small language of its own: numbers, `+ - * / **`, comparisons
(which may be chained), `x in [a, b]`, `and or not`, `arm.measure`, `arm.event` and `arm.event.number`, and
the functions below. `arm.measure` is a curve over the recorded steps, `arm.event.number` one over the steps
at which the event was seen; arithmetic on curves goes element by element, over the steps that they have in
common. What never happened, was not recorded or is not finite is missing, and a comparison with it is
unknown, which does not count as holding. A condition is judged for every replica. A measure that looks back
is known at the end of its arm alone, over the recorded steps of which weights are kept: at most 1024, and
128 MiB.

What was not seen decides nothing. Of an arm that diverged nothing is known after its last step, so
`never(a.grok)` of it is unknown, and so are its `end`, its `max` and `share(a.val_accuracy > 0.5)`. An
unknown step matters where it could change the number: to `first_step` before the step that it finds, to
`last_step` after it, to `count` and `share` anywhere. A claim that such a step would decide is *undecided*,
not "not reproduced"; where something was looked for to the end and did not come, it is not reproduced.

`mean`, `median` and `share` are over the steps of training, not over the rows of the record, which with
`record_every = "auto"` lie as on a logarithmic axis: a recorded step stands for all those since the one
before it. Where the steps 0, 10 and 100 are recorded, the last value counts 90 times in
`mean(adamw.val_accuracy)`. Of what an event brings along each sighting counts once:
`mean(gain(adamw.val_accuracy, adamw.slingshot, 300))`.

`gain` is a curve over the steps at which an event was seen: by how much another curve grew, from its last
recorded step before the event to the last one up to `after` steps later; it is missing where none was
recorded in between. Events whose `after` steps are not over at the end of the record are left out. `share` is
the share of steps, or of sightings of an event, at which a condition holds:
`share(gain(adamw.val_accuracy, adamw.slingshot, 300) > 0) >= 0.8`.

A condition is judged in each replica, and `holds_in` says in how many it has to hold. A statement on
typical times over many seeds takes `median_over_replicas(x)` of a number that each replica has; a condition
whose every `arm.name` stands in one is judged once: `median_over_replicas(first_step(adamw.grok) /
first_step(adamw.fit)) > 10`. A replica in which `first_step` never came is not left out: its time is later
than the record (censored), and so is what grows with it, such as `first_step(a.grok) - first_step(a.fit)`
or `2 * first_step(a.grok)`. The median is that of Kaplan and Meier, shown with its 95 % interval
(Brookmeyer and Crowley): `= 590 [540, 700], not reached in 1 of 8`. Where more than half never came it is
*not reached* and the comparison unknown. A number that is missing for another reason in one replica makes
the median missing.

A claim can fail, and its control shows it: `fails_with = { adamw = "sgd" }` reads the record of `sgd` where
the condition says `adamw` (`{ a = "b", b = "a" }` exchanges two arms), `fails_with = { set =
"training.seed=1" }` trains the arms that it speaks of anew with another setting, or several in a list, and
`fails_with = { numbers = { "0.99" = "0.5" } }` puts a false number in the place of one. `grok-tui verify
--controls` looks at them all: the condition must not hold. A claim that is not reproduced has `holds_with`
instead, which shows that its condition could hold.
"""


SCHEDULED = """## Schedules

The table `[schedule]`, and `schedule = {...}` of an arm, say which numbers change from step to step, and
how: `schedule = { lr = { name = "cosine", to = 0, over = 5000 } }`. Any live number of the optimizer may
follow one, and those of the modifiers `weight_noise`, `l_inf`, `grokfast`, `clip_norm`, `update_noise` and
`norm_factor`. A list has them follow one after the other, each from the value that is set: `lr = [{ name =
"warmup", over = 100 }, { name = "cosine", over = 4900 }]`.

Steps count from the arm's first, or from the intervention `schedule` that begins one on the way. A `set` of
the same name ends it, and so does a switch to another optimizer for all that is the optimizer's. Where no
last step is said of it, a schedule goes on for ever; after its last step the value stays where it is. In
the explorer one is typed in the row of its number, as in `warmup over 100, then cosine over 4900`.
"""


WAITING = """An intervention may wait: for an event, `since = "arm.event"`, or for a plateau,
`since_plateau = { measure = "arm.val_loss", records = 20, improvement = 0.01 }`. What can be done to one
replica (it has a `replica`) is done to each at a step of its own; what is done to the whole arm waits until
it has come in every replica. An arm that waits for another takes no step until then, or until the other is at
its end; so `at_step` may be negative. What an arm waits for in itself is looked for at its recorded steps,
and done at the earliest at the one where it is seen. What never comes is never done. A plateau has:
"""


DATA = """The actions `acquire`, `withhold` and `relabel` change the training set of a running arm. Training
and all measures on training samples are over those that are in the set: batches are drawn from them, in
epochs that count from the change; of full batches the loss is the sum over the set divided by how many it
holds. Every replica has a set of its own, and all of them have the same size, so samples named by `indices`
have to be where they are taken from in every replica. What is withheld is no validation data either.
"""


def reference() -> str:
    """Return the reference as Markdown."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    yield from _family("Tasks", "task", TASKS)
    yield from _family("Models", "model", MODELS)
    yield from ("## Training", "")
    yield from _parameters(parameters(PresetTraining))
    yield from ("An arm may change all of these but `seed` and `replicas`.", "")
    yield from ("### Losses", "")
    yield from _losses()
    yield from _family("Optimizers", "optimizer", OPTIMIZERS)
    yield from ("## Frames", "")
    yield "`frame` of an arm says in which coordinates its optimizers work; by default in the network's own."
    yield 'A name may stand for its table: `frame = "rotated"`. Measures and modifiers see the network\'s own'
    yield "coordinates."
    yield ""
    yield from _entries("frame", FRAMES)
    yield from ("## Modifiers", "")
    yield "The table `[modifiers]`, and `modifiers = {...}` of an arm, say what is done to gradient, update"
    yield "and weights besides the optimizer's rule. Unless asked for, they are off. Stages of a step are, in"
    yield f"this order, {', '.join(STAGES)}."
    yield "At each, modifiers act in the order of the numbers below; one of a plugin comes after what ships"
    yield "with its number."
    yield ""
    for name, entry in MODIFIERS.shipped.items():
        places = ", ".join(f"{stage} {place}" for stage, place in MODIFIERS[name].at.items())
        yield from (f"### {name}", "", f"{entry.help} At {places}.", "")
        yield from _parameters(parameters(entry.spec))
    yield SCHEDULED
    yield from _entries("a", SCHEDULES)
    yield from ("## View", "")
    yield "The table `[view]` says how the explorer opens the preset. Charts are"
    yield f"{', '.join(f'`{name}`' for name in CHART_NAMES)}, or measures that are taken."
    yield ""
    yield from _parameters(parameters(PresetView))
    yield from ("## Interventions", "")
    yield "Every intervention has an `action` and:"
    yield ""
    yield from _parameters(parameters(Intervention))
    yield WAITING
    yield from _parameters(parameters(Plateau))
    yield DATA
    for name, action in INTERVENTIONS.shipped.items():
        yield from (f'### action = "{name}"', "", cleandoc(action.spec.__doc__ or ""), "")
        shared = {parameter.name for parameter in parameters(Intervention)}
        yield from _parameters([p for p in parameters(action.spec) if p.name not in shared])
    yield from ("## Claims", "")
    yield from _parameters(parameters(Claim))
    yield CLAIMS
    yield from (f"- `{function.usage}`" for function in FUNCTIONS.values())
    yield from ("", "## Measures", "")
    for had_by, measures in families().items():
        if had_by not in TASKS.shipped:
            yield from (f"{had_by}:", "")
            yield from _names(measures)
    yield from ("And of their own have:", "")
    for had_by, measures in families().items():
        if had_by in TASKS.shipped:
            yield from (f"- `{had_by}`: `{measure}`, {text}" for measure, text in measures.items())
    yield ""
    yield from _settings()
    yield from ("## Events", "")
    yield from _names(EVENTS)
    for event, numbers in EVENT_NUMBERS.items():
        yield from (f"The numbers of a `{event}`, as in `arm.{event}.{next(iter(numbers))}`:", "")
        yield from _names(numbers)


def _settings() -> Iterator[str]:
    """Yield the settings of measures, each table once."""
    having: dict[type[MeasureSpec], list[str]] = {}
    for name, entry in MEASURES.shipped.items():
        having.setdefault(entry.spec, []).append(f"`{name}`")
    for spec, names in having.items():
        if parameters(spec):
            yield f"A table with the name in `measures` may set these of {' and '.join(names)}:"
            yield ""
            yield from _parameters(parameters(spec))


def _family(title: str, key: str, entries: Registry[Any]) -> Iterator[str]:
    yield from (f"## {title}", "")
    yield from _entries(key, entries)


def _entries(key: str, entries: Registry[Any]) -> Iterator[str]:
    for name, entry in entries.shipped.items():
        yield from (f'### {key} = {{ name = "{name}" }}', "", entry.help, "")
        yield from _parameters(parameters(entry.spec))


def _parameters(found: list[Parameter]) -> Iterator[str]:
    if not found:
        return
    yield "| key | type | default | bounds | |"
    yield "|---|---|---|---|---|"
    for p in found:
        default = "required" if p.required else f"`{_toml(p.default)}`"
        live = " *(live)*" if p.live else ""
        yield f"| `{p.name}` | {_names_of(p)} | {default} | {p.bounds} | {p.help}{live} |"
    yield ""


def _losses() -> Iterator[str]:
    for name, entry in LOSSES.shipped.items():
        yield f"- `{name}`: {entry.help}"
        for p in parameters(entry.spec):
            yield f"  - `{p.name}`, `{_toml(p.default)}` by default, {p.bounds}: {p.help}"
    yield ""


def _names_of(parameter: Parameter) -> str:
    return ", ".join(f'`"{name}"`' for name in parameter.names) or _type(parameter.type)


def _names(names: Mapping[str, str]) -> Iterator[str]:
    yield from (f"- `{name}`: {text}" for name, text in names.items())
    yield ""


def _type(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type(get_args(annotation)[0])
    if origin is Literal:
        return ", ".join(f'`"{value}"`' for value in get_args(annotation))
    if origin in (Union, UnionType):
        return " or ".join(_type(part) for part in get_args(annotation) if part is not type(None))
    if origin in (tuple, list):
        return "list"
    return {int: "whole number", float: "number", bool: "true or false", str: "text"}.get(annotation, "table")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return str(list(value)) if isinstance(value, (tuple, list)) else "none" if value is None else f"{value:g}"


if __name__ == "__main__":
    sys.stdout.write(reference())
