"""An intervention is one entry of a registry: what checks, tells, keeps and does it looks it up there."""

from __future__ import annotations

from typing import Any, Literal

import pytest
import torch
from arms import arm, preset, run_to
from pydantic import ValidationError

from grok_tui.catalog.base import knob
from grok_tui.catalog.entry import Entry
from grok_tui.catalog.interventions import INTERVENTIONS, Intervention, S, intervention
from grok_tui.engine.worker.orders import Intervene
from grok_tui.frontend.happenings import happenings

SGD = {"name": "sgd", "lr": 0.1}


class Shrink(Intervention):
    """Multiply theta by a factor, and let the learning rate be another."""

    action: Literal["shrink"]
    factor: float = knob(ge=0, help="of all parameters")

    def told(self) -> str:
        return f"theta times {self.factor}"

    def named(self) -> str:
        return f"times {self.factor}"

    def after(self, settings: S) -> S:
        return settings.with_value("lr", 0.01)


def shrink(arm: Any, done: Shrink, after: Any) -> None:
    arm.theta.mul_(done.factor)
    arm.optimizer.adopt(after.optimizer)


@pytest.fixture
def entry(monkeypatch):
    monkeypatch.setattr(INTERVENTIONS, "_added", {})
    INTERVENTIONS.add(Entry(Shrink, shrink, key="action"))


SHRINK = {"at_step": 5, "action": "shrink", "factor": 0.5}


@pytest.mark.usefixtures("entry")
def test_an_entry_is_all_that_an_intervention_needs():
    plain, shrunk = run_to(arm(SGD), 5), arm(SGD, interventions=[SHRINK])
    run_to(shrunk, 6)
    (done,) = shrunk.interventions
    assert (done.told(), shrunk.settings.optimizer.lr) == ("theta times 0.5", 0.01)
    assert (5, "times 0.5", "intervention") in happenings(shrunk.status())
    plain.theta.mul_(0.5)
    plain.optimizer.adopt(shrunk.optimizer.spec)
    assert torch.equal(run_to(plain, 6).theta, shrunk.theta)


@pytest.mark.usefixtures("entry")
def test_it_is_read_back_from_logs_checkpoints_and_the_wire_as_what_it_is():
    shrunk = run_to(arm(SGD, interventions=[SHRINK]), 10)
    (done,) = shrunk.interventions
    order = Intervene(intervention=done)
    assert Intervene.model_validate_json(order.model_dump_json()) == order
    state, arrays = shrunk.export_state()
    kept = type(state).model_validate_json(state.model_dump_json())
    resumed = arm(SGD, interventions=[SHRINK])
    resumed.restore_state(kept, arrays)
    assert resumed.interventions == [done]
    assert torch.equal(run_to(resumed, 40).theta, run_to(shrunk, 40).theta)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"action": "resett"}, "unknown action 'resett'; did you mean 'reset'?"),
        ({}, "action is missing"),
        ({"action": "jump", "nrom": 1.0}, "unknown key 'nrom'; did you mean 'norm'?"),
    ],
)
def test_what_no_entry_has_is_refused_by_name(document, said):
    with pytest.raises(ValidationError) as caught:
        intervention({"arm": "a", "at_step": 3, **document})
    assert said in str(caught.value)
    with pytest.raises(ValidationError) as caught:
        preset({"name": "a", "optimizer": SGD}, interventions=[{"arm": "a", "at_step": 3, **document}])
    assert said in str(caught.value)
