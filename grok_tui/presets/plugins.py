"""Which plugins presets and interventions use, so that a run can say what made it and ask for it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict

from ..catalog.interventions import INTERVENTIONS, AnyIntervention
from ..catalog.losses import LOSSES
from ..catalog.measures import MEASURES
from ..catalog.models import MODELS
from ..catalog.modifiers import MODIFIERS
from ..catalog.optimizers import OPTIMIZERS
from ..catalog.plugins import PluginError
from ..catalog.registries import REGISTRIES
from ..catalog.registry import Registry
from ..catalog.tasks import TASKS
from .model import Preset


class PluginUsed(BaseModel):
    """One entry of a plugin that a run uses.

    Attributes:
        kind: of the thing, "optimizer" for instance.
        name: as the preset has it.
        distribution: that brings it; "" for a file.
        version: of the distribution.
        file: that brings it, where it was given on the command line.
        digest: SHA-256 of its source.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    name: str
    distribution: str = ""
    version: str = ""
    file: str = ""
    digest: str = ""

    def __str__(self) -> str:
        where = f"--plugin {self.file}" if self.file else f"{self.distribution} {self.version}"
        return f"{where} (its {self.kind} '{self.name}')"


def plugins_of(preset: Preset) -> list[PluginUsed]:
    """Return the plugins that a preset names, each thing once."""
    return _used(_named(preset))


def plugins_in(intervention: AnyIntervention) -> list[PluginUsed]:
    """Return the plugins that an intervention needs: of what it is, sets or puts to work."""
    return _used(_named_by(intervention))


def _used(named: Iterable[tuple[Registry[Any], str]]) -> list[PluginUsed]:
    found = {(registry.kind, name): _plugin(registry, name) for registry, name in named}
    return [one for one in found.values() if one is not None]


def _plugin(registry: Registry[Any], name: str) -> PluginUsed | None:
    """Return the plugin that brings something; None of what ships."""
    origin = registry[name].origin
    if origin is None:
        return None
    return PluginUsed(
        kind=registry.kind,
        name=name,
        distribution=origin.distribution,
        version=origin.version,
        file=origin.file,
        digest=origin.digest,
    )


def _named(preset: Preset) -> Iterator[tuple[Registry[Any], str]]:
    for arm in preset.arms:
        yield TASKS, arm.task.name
        yield MODELS, arm.model.name
        yield LOSSES, arm.training.loss.name
        yield OPTIMIZERS, arm.optimizer.name
        for name in arm.modifiers.named:
            yield MODIFIERS, name
        for measure in preset.measures_of(arm):
            yield MEASURES, measure
    for intervention in preset.interventions:
        yield from _named_by(intervention)


def _named_by(intervention: AnyIntervention) -> Iterator[tuple[Registry[Any], str]]:
    yield INTERVENTIONS, intervention.action
    owner = MODIFIERS.owner(getattr(intervention, "hyperparameter", ""))
    if owner is not None:
        yield MODIFIERS, owner.name
    optimizer = getattr(intervention, "optimizer", None)
    if optimizer is not None:
        yield OPTIMIZERS, optimizer.name


def missing(used: Iterable[PluginUsed]) -> str | None:
    """Return what to do where a plugin of a run is not here; None where all are."""
    for one in used:
        try:
            if one.name in REGISTRIES[one.kind]:
                REGISTRIES[one.kind].implementation(one.name)
                continue
            why = "give it again" if one.file else "install it"
        except (KeyError, PluginError) as error:
            why = str(error)
        return f"needs {one}: {why}"
    return None


def changed(then: Iterable[PluginUsed]) -> list[str]:
    """Return, in a line each, which plugins are not as they were, so that the bits may differ."""
    lines = []
    for old in then:
        one = _plugin(REGISTRIES[old.kind], old.name)
        if one is not None and old.digest != one.digest:
            what = f"{one.kind} '{one.name}' of {one.file or one.distribution}"
            versions = (
                f"{old.version} then, {one.version} now" if old.version != one.version else "was edited"
            )
            lines.append(f"the bits may differ: {what}: {versions}")
    return lines
