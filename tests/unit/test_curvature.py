"""The whole Hessian of small networks."""

from __future__ import annotations

import pytest
import torch
from arms import SUMS, preset, run_to

from grok_tui.catalog.measures import MEASURES
from grok_tui.engine.arm.arm import Arm
from grok_tui.errors import GrokTuiError


def measured(hidden: int, steps: int) -> Arm:
    """Return an arm of two replicas that fits 12 sums under squared error."""
    declared = preset(
        {
            "name": "a",
            "optimizer": {"name": "adam", "lr": 0.02},
            "model": {"name": "mlp", "hidden": hidden, "activation": "quadratic"},
        },
        task=SUMS,
        loss="mse",
        replicas=2,
        record_every=steps,
    )
    spec = declared.arms[0]
    asked = declared.measures_of(spec) | {"flat_directions": MEASURES.spec("flat_directions")}
    return run_to(Arm(spec, asked, declared.seeds, torch.device("cpu")), steps)


def test_flat_directions_are_those_of_eigenvalues_next_to_nothing():
    a = measured(20, 300)
    # 12 samples with 5 outputs each bend at most 60 directions of 300 where all are as they should be.
    assert a.history.last("train_loss").max() < 1e-6
    assert a.history.last("flat_directions").tolist() == pytest.approx([0.8, 0.8], abs=0.02)


def test_the_hessian_of_a_large_network_is_refused():
    with pytest.raises(GrokTuiError, match="4500 parameters are more than 4096"):
        measured(300, 1)
