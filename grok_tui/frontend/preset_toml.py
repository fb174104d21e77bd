"""A preset as a file that says the same, for runs that were steered by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import AoT, InlineTable, Item, Table

from grok_tui.catalog.frames import Identity

from .orders import planned_for

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.presets import Arm, Preset


def as_done(preset: Preset, arms: tuple[ArmStatus, ...]) -> Preset:
    """Return the preset that does by itself what was done to a run: interventions, and steps beyond the end.

    What was planned after the step that an arm has reached stays planned.
    """
    reached = {arm.name: arm for arm in arms}
    specs, interventions = [], []
    for spec in preset.arms:
        arm = reached[spec.name]
        steps = max(spec.training.steps, arm.step)
        specs.append(spec.model_copy(update={"training": spec.training.model_copy(update={"steps": steps})}))
        interventions += _history(planned_for(arm, preset, arms), arm, steps)
    done = preset.model_copy(update={"arms": specs, "interventions": interventions})
    return type(preset).model_validate(done.model_dump())


def toml_text(preset: Preset) -> str:
    """Return the text of a preset file; loading it gives an equal preset."""
    document = tomlkit.document()
    for key in ("title", "summary", "sources"):
        document.add(key, _item(getattr(preset, key)))
    if preset.measures:
        document.add("measures", _item(preset.model_dump(mode="json", include={"measures"})["measures"]))
    if preset.pace:
        document.add("pace", tomlkit.item(preset.pace))
    view = preset.view.model_dump(mode="json", exclude_defaults=True)
    if view:
        document.add("view", _table(view))
    for key in ("task", "model", "training"):
        document.add(key, _table(_plain(getattr(preset, key))))
    modifiers = preset.modifiers.model_dump(mode="json", exclude_defaults=True)
    if modifiers:
        document.add("modifiers", _table(modifiers))
    if preset.schedule:
        document.add("schedule", _table(_plain(preset)["schedule"]))
    document.add("arms", _tables([_arm(arm, preset) for arm in preset.arms]))
    if preset.interventions:
        document.add("interventions", _tables([_plain(done) for done in preset.interventions]))
    if preset.claims:
        claims = [claim.model_dump(mode="json", exclude_defaults=True) for claim in preset.claims]
        document.add("claims", _tables(claims))
    return tomlkit.dumps(document)


def _history(planned: Sequence[AnyIntervention], arm: ArmStatus, steps: int) -> list[AnyIntervention]:
    """List what was done to an arm, then what is still planned; the last step's doings changed no step."""
    ahead = [one for one in planned if _lies_ahead(one, arm)]
    return [done for done in (*arm.interventions, *ahead) if done.at_step < steps]


def _lies_ahead(planned: AnyIntervention, arm: ArmStatus) -> bool:
    """Whether a planned intervention has not been carried out; one that waits, in no replica."""
    if planned.awaited is None:
        return planned.at_step >= arm.step and planned not in arm.interventions
    came = (planned.settled(one.at_step, getattr(one, "replica", None)) for one in arm.interventions)
    return not any(one in arm.interventions for one in came)


def _arm(arm: Arm, preset: Preset) -> dict[str, Any]:
    """Return what an arm says beyond its preset's own tables."""
    table: dict[str, Any] = {"name": arm.name, "optimizer": _plain(arm.optimizer)}
    if arm.model != preset.model:
        table["model"] = _plain(arm.model)
    whole, of_all = _plain(arm), _plain(preset)
    for name in ("task", "training", "modifiers", "schedule"):
        own = {key: value for key, value in whole[name].items() if value != of_all[name].get(key)}
        if own:
            table[name] = own
    if arm.frame != Identity():
        table["frame"] = _plain(arm.frame)
    return table


def _plain(spec: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = spec.model_dump(mode="json", exclude_none=True)
    return dumped


def _tables(values: list[dict[str, Any]]) -> AoT:
    array = tomlkit.aot()
    for value in values:
        array.append(_table(value))
    return array


def _table(values: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, _item(value))
    return table


def _item(value: Any) -> Item:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        inline: InlineTable = tomlkit.inline_table()
        for key, inner in value.items():
            inline.add(key, _item(inner))
        return inline
    if isinstance(value, list):
        array = tomlkit.array()
        for inner in value:
            array.append(_item(inner))
        return array
    item: Item = tomlkit.item(value)
    return item


def _string(value: str) -> Item:
    """Write lines as lines, beginning below the quotes; a carriage return among them would be lost."""
    if "\n" not in value or "\r" in value:
        return tomlkit.string(value)
    written = tomlkit.string(value, multiline=True).as_string()
    return tomlkit.value(written if value.startswith("\n") else f'"""\n{written[3:]}')
