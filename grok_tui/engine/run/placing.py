"""Which arms of a run are computed on which of several devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import torch

from grok_tui.engine.arm.arm import Arm
from grok_tui.numbers import plural
from grok_tui.presets import Arm as ArmSpec
from grok_tui.presets import Preset

from .device import SMALL_STEP
from .memory import require_room, require_room_for_records

Place = TypeVar("Place")


def cost(arm: ArmSpec, replicas: int) -> float:
    """Return about how much there is to compute for an arm; a small step takes as long as launching it."""
    multiplications = 3.0 * arm.batch * arm.model.multiplications(arm.task.shape) * replicas
    return arm.training.steps * (SMALL_STEP + multiplications)


def share_out(costs: Mapping[str, float], places: Sequence[Place]) -> dict[str, Place]:
    """Give each arm a place: the costliest first, each where least is to be done so far.

    So arms that cost the same go round the places in order, and the same arms always to the same places.

    Args:
        costs: of each arm.
        places: in order.
    """
    loads = [0.0] * len(places)
    found = {}
    for name in sorted(costs, key=lambda name: -costs[name]):  # a stable order
        least = loads.index(min(loads))
        loads[least] += costs[name]
        found[name] = places[least]
    return {name: found[name] for name in costs}


def told(placed: Mapping[str, object]) -> str:
    """Return for people how many arms have which place."""
    places = list(placed.values())
    return ", ".join(f"{plural(places.count(one), 'arm')} on {one}" for one in sorted(set(places), key=str))


def placed(preset: Preset, devices: Sequence[torch.device]) -> dict[str, torch.device]:
    """Return the device of each arm of a preset."""
    return share_out({spec.name: cost(spec, preset.training.replicas) for spec in preset.arms}, devices)


def least_busy(devices: Sequence[torch.device], arms: Iterable[Arm]) -> torch.device:
    """Return the device on which these arms leave least to be done, for a further one."""
    loads = dict.fromkeys(devices, 0.0)
    for arm in arms:
        loads[arm.device] += cost(arm.spec, len(arm.seeds))
    return min(loads, key=lambda device: loads[device])


def require_rooms(preset: Preset, devices: Sequence[torch.device], *, freed: bool = False) -> None:
    """Make sure that devices have the memory for the arms that are placed there, as far as that is known.

    freed: whether what this process has there goes first.

    Raises:
        NoRoomError: one has not.
    """
    places = placed(preset, devices)
    for device in dict.fromkeys(places.values()):
        own = [spec for spec in preset.arms if places[spec.name] == device]
        used = torch.cuda.memory_allocated(device) if freed and device.type == "cuda" else 0
        require_room(preset.model_copy(update={"arms": own}), device, freed=used)
    if devices[0].type == "cuda":
        require_room_for_records(preset)
