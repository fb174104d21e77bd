"""Every shipped preset comes out as it says, with its own seed and with seeds nobody has chosen."""

from __future__ import annotations

import pytest

from grok_tui.engine.run import Run
from grok_tui.presets import load, names

QUICK = [
    "linear101",
    "linear101-batch-noise",
    "linear101-coupled-l2",
    "linear101-eps",
    "linear101-switch",
]


def unexpected(preset) -> list[str]:
    run = Run(preset, device="cpu", threads=1)
    while not run.finished:
        run.advance()
    assert run.diverged == []
    return [
        f"{result.claim.says}: {result.verdict} ({result.telling.deciding})"
        for result in run.judge()
        if not result.as_expected
    ]


def test_every_shipped_preset_is_tested_here():
    assert set(names()) == set(QUICK)


@pytest.mark.parametrize("name", QUICK)
def test_every_verdict_is_the_expected_one(name):
    assert unexpected(load(name)) == []


@pytest.mark.parametrize("name", ["linear101-batch-noise"])
def test_verdicts_hold_for_other_seeds(name):
    assert unexpected(load(name, seed=4711, replicas=12)) == []
