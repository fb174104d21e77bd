"""Norms in the coordinates of a frame, against the matrix of the rotation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from arms import SUMS, preset

from grok_tui.catalog.frames import Rotated
from grok_tui.engine.run.run import Run
from grok_tui.lab.frames import build_frame
from grok_tui.presets import Preset

OF_ALL = ("l1_norm", "l2_norm", "linf_norm", "linf_distance_from_init")
OF_PARTS = ("embedding_linf", "hidden_linf", "unembedding_linf")
ASKED = ["l1_norm", "linf_distance_from_init", *(f"frame_{name}" for name in (*OF_ALL, *OF_PARTS))]
ADAM = {"name": "adam", "lr": 0.01}


def trained(frame, steps=20):
    """Return an arm on sums modulo 5 in a frame, two replicas after some steps."""
    arm = {"name": "a", "optimizer": ADAM, "model": {"name": "mlp", "hidden": 6, "bias": True}}
    plain = preset(arm | {"frame": frame}, task=SUMS, loss="cross_entropy", replicas=2, steps=steps)
    run = Run(Preset.model_validate(plain.model_dump() | {"measures": ASKED}))
    while not run.finished:
        run.advance()
    return run.arms["a"]


@pytest.mark.parametrize("block", [256, 8])
def test_norms_in_a_frame_are_those_of_the_weights_times_its_matrix(block):
    arm = trained({"name": "rotated", "seed": 3, "block": block})
    layout, like = arm._problem.network.layout, arm.theta
    frame = build_frame(Rotated(name="rotated", seed=3, block=block), layout, like)
    matrix = frame.there(torch.eye(layout.size, dtype=like.dtype))  # whose rows are where the axes go
    turned, moved = arm.theta @ matrix, (arm.theta - arm._problem.theta_0) @ matrix
    expected = {
        "l1_norm": turned.abs().sum(-1),
        "l2_norm": arm.theta.norm(dim=-1),
        "linf_norm": turned.abs().amax(-1),
        "linf_distance_from_init": moved.abs().amax(-1),
    }
    for piece, name in ((layout.pieces[0], "embedding_linf"), (layout.pieces[-2], "unembedding_linf")):
        own = slice(piece.start, piece.start + piece.size)
        alone = arm.theta[:, own] @ matrix[own, own]  # each tensor is turned by itself
        expected[name] = alone.abs().amax(-1)
    for name, values in expected.items():
        np.testing.assert_allclose(arm.history.last(f"frame_{name}"), values.numpy(), rtol=1e-10)
    np.testing.assert_allclose(arm.history.last("frame_l2_norm"), arm.history.last("l2_norm"), rtol=1e-12)
    for name in ("l1_norm", "linf_norm", "linf_distance_from_init", *OF_PARTS):
        own, framed = arm.history.last(name), arm.history.last(f"frame_{name}")
        assert (np.abs(framed / own - 1) > 1e-3).all(), f"{name} is not the same in other coordinates"


def test_without_a_frame_of_its_own_an_arm_has_the_norms_of_the_network():
    arm = trained("identity")
    for name in (*OF_ALL, *OF_PARTS):
        assert np.array_equal(arm.history.last(name), arm.history.last(f"frame_{name}"), equal_nan=True), name


def test_what_adam_does_is_bounded_by_the_learning_rate_along_the_axes_of_its_frame():
    """Its first step is lr in every coordinate of the frame, and in no other."""
    arm = trained({"name": "rotated", "seed": 3}, steps=1)
    np.testing.assert_allclose(arm.history.last("frame_linf_distance_from_init"), ADAM["lr"], rtol=1e-4)
    assert (arm.history.last("linf_distance_from_init") > 1.5 * ADAM["lr"]).all()
