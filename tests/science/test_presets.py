"""Every shipped preset comes out as it says, with its own seed and with seeds nobody has chosen."""

from __future__ import annotations

import pytest

from grok_tui.engine.run.run import Run
from grok_tui.presets import load, names

UNDER_20_SECONDS = [
    "adam-rotation",
    "capacity",
    "deep-plain",
    "flat-directions",
    "grok-data-fraction",
    "grok-switch",
    "grok-width",
    "grokfast-fair",
    "linear101",
    "linear101-batch-noise",
    "linear101-coupled-l2",
    "linear101-depth",
    "linear101-eps",
    "linear101-switch",
    "movement",
    "muon",
    "norm-at-grok",
    "omnigrok",
    "wide-networks",
]
SLOWER = [
    "grok-operations",
    "grok-optimizers",
    "modadd-linf",
    "modadd-mlp",
    "modadd-transformer",
    "moddiv-transformer",
    "nanda-p113",
    "numerics",
    "parity-grokking",
    "parity-hidden-progress",
    "power-1m",
    "progress-measures",
    "slingshot-controls",
    "slingshot-cross-entropy",
    "slingshot-hinge",
    "slingshot-llc",
    "slingshot-mechanism",
    "slingshot-optimizers",
    "slingshot-reset",
    "slingshot-transformer",
    "slingshot-vs-jump",
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
    assert sorted(names()) == sorted(UNDER_20_SECONDS + SLOWER)


@pytest.mark.parametrize(
    "name", UNDER_20_SECONDS + [pytest.param(name, marks=pytest.mark.slow) for name in SLOWER]
)
def test_every_verdict_is_the_expected_one(name):
    assert unexpected(load(name)) == []


@pytest.mark.parametrize(("name", "replicas"), [("linear101-batch-noise", 12), ("grok-switch", 3)])
def test_verdicts_hold_for_other_seeds(name, replicas):
    assert unexpected(load(name, seed=4711, replicas=replicas)) == []
