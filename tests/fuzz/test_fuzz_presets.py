"""Whatever a preset's file holds, it is taken and runs, or is refused in one line."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

import made
import pytest
from fuzzing import Case, call, check, parts, refused_in_one_line
from mutating import mutated, mutated_bytes, toml

from grok_tui.errors import PresetError
from grok_tui.paths import shipped_presets
from grok_tui.presets import load
from grok_tui.presets.load import LARGEST_FILE, read
from grok_tui.reading import read_toml

pytestmark = pytest.mark.timeout(600, method="thread")

EACH = 250

CHEAP = 1e5  # multiplications a step
RUN = 0.06  # share of the cheap ones that are run


@cache
def shipped() -> list[tuple[bytes, dict[str, Any]]]:
    paths = sorted(shipped_presets().glob("*.toml"))
    return [(path.read_bytes(), read_toml(path, LARGEST_FILE, "preset")) for path in paths]


def content(rng: random.Random) -> bytes:
    """Return what a preset's file holds."""
    match rng.randrange(8):
        case 0 | 1:
            return toml(mutated(rng.choice(shipped())[1], rng)).encode()
        case 2:
            return mutated_bytes(rng.choice(shipped())[0], rng)
        case 3:
            return mutated_bytes(toml(made.preset(rng)).encode(), rng)
        case 4:
            return toml(made.preset(rng)).encode()
        case _:
            return toml(mutated(made.preset(rng), rng)).encode()


def attempt(rng: random.Random, folder: Path, case: Case) -> None:
    path = folder / "p.toml"
    path.write_bytes(content(rng))
    case.shown.append(repr(path.read_bytes()))
    came = call(case, "presets", path, *(["--json"] if rng.random() < 0.5 else []))
    refused_in_one_line(case, came)
    if came.code == 0 and rng.random() < RUN and cheap(path):
        call(case, "--preset", path, "--headless", "--json", "--steps", "3")


def cheap(path: Path) -> bool:
    """Whether the preset is quickly run, of those whose step is."""
    try:
        found = load(str(path))
    except PresetError:
        return False
    return found.multiplications < CHEAP and len(found.arms) <= 2 and len(read(path)) > 0


@pytest.mark.parametrize("part", parts())
def test_a_preset_runs_or_is_refused_in_one_line(part, tmp_path):
    check("presets", attempt, part, EACH, tmp_path)
