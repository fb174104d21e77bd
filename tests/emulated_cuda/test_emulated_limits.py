"""However little memory is left, a run goes on or ends in order, and can always be taken up again."""

from __future__ import annotations

import json

import pytest
import torch
from tiny_problems import MLP, several

from grok_tui.engine.run.memory import out_of_memory
from grok_tui.engine.run.run import Run
from grok_tui.engine.steps.backends import Compiling
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.store import create, resume

LIMITS = [0, *(round(1_000 * 1.8**i) for i in range(17))]  # bytes, up to 12 MB

WIDE = {"model": MLP | {"hidden": 64}, "batch_size": 5, "replicas": 2, "record_every": 6, "steps": 20}


def run_on(device: str) -> Run:
    switch = {"at_step": 11, "action": "switch", "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}}
    preset = several(WIDE, WIDE | {"loss": "mse"})
    tables = [{"arm": arm, **switch} for arm in "ab"]
    document = preset.model_dump(mode="json") | {"interventions": tables}
    return Run(type(preset).model_validate(document), device, None, Compiling("auto"))


def finished(run: Run) -> Run:
    while not run.finished:
        run.advance()
    return run


def ending(run: Run) -> str:
    """Return how a run ends."""
    try:
        finished(run)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        return "out of memory"
    return "halted" if run.halted else "finished"


@pytest.mark.usefixtures("few_measures")
@pytest.mark.parametrize("device", ["cuda:1", "all"])
@pytest.mark.parametrize(
    "room", [room if room == LIMITS[9] else pytest.param(room, marks=pytest.mark.slow) for room in LIMITS]
)
def test_a_run_goes_on_or_ends_in_order_and_is_kept(devices, tmp_path, device, room):
    run = run_on(device)
    store = create(run, "tiny", at=tmp_path / "run")
    store.checkpoint()
    devices.limit(room, 1)
    ended = ending(run)
    if ended == "out of memory":
        assert device == "cuda:1"
        store.fail()
    else:
        assert run.arms["a"].step == WIDE["steps"]
        assert list(run.halted) == (["b"] if ended == "halted" else [])
        store.checkpoint("failed" if run.halted else "finished")
    steps = {name: arm.step for name, arm in run.arms.items() if arm.whole}
    store.close()
    devices.limit(None, 1)
    status = json.loads((tmp_path / "run/status.json").read_text())
    assert status["ended"] == ("finished" if ended == "finished" else "failed")
    said: list[str] = []
    again, store = resume(RunDirectory(tmp_path / "run"), said.append)
    assert said == []
    if device == "all":
        assert {name: again.arms[name].step for name in steps} == steps
    finished(again)
    store.close()
    untroubled = finished(run_on("cpu"))
    for name, arm in untroubled.arms.items():
        assert torch.equal(again.arms[name].theta.cpu(), arm.theta), name
