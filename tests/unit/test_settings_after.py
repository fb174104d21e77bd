"""What an intervention makes of an arm's settings is the same for checking, looking back and training."""

from __future__ import annotations

import pytest
from arms import arm

from grok_tui.catalog.interventions import Jump, Reset, Set, Switch
from grok_tui.frontend.past import after

ADAMW = {"name": "adamw", "lr": 1e-3, "weight_decay": 0.1}


def setting(name: str, value: object) -> Set:
    return Set(action="set", arm="a", at_step=0, hyperparameter=name, value=value)


DONE = [
    setting("lr", 0.05),
    setting("momentum", 0.9),
    Switch.model_validate({"action": "switch", "arm": "a", "at_step": 0, "optimizer": ADAMW}),
    setting("betas", [0.8, 0.9]),
    setting("batch_size", 5),
    setting("update_noise", 0.1),
    Reset(action="reset", arm="a", at_step=0),
    Jump(action="jump", arm="a", at_step=0, norm=0.5),
    setting("batch_size", "full"),
]


def test_the_engine_and_whoever_looks_back_come_to_the_same_settings():
    trained = arm({"name": "sgd", "lr": 0.1})
    before = trained.status()
    settings = trained.settings
    for one in DONE:
        trained.intervene(one)
        settings = settings.after(one)
        assert trained.settings == settings, one
    seen = after(before, DONE)
    assert (seen.optimizer, seen.modifiers, seen.batch_size) == (
        settings.optimizer,
        settings.modifiers,
        settings.batch_size,
    )


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("nonsense", 0.5, "no hyperparameter 'nonsense'"),
        ("lr", -1.0, "greater than or equal to 0"),
        ("batch_size", 0, "whole number"),
        ("update_noise", -1.0, "greater than or equal to 0"),
    ],
)
def test_what_does_not_fit_is_refused_wherever_it_is_asked(name, value, why):
    trained = arm({"name": "sgd", "lr": 0.1})
    settings = trained.settings
    with pytest.raises(ValueError, match=why):
        settings.after(setting(name, value))
    with pytest.raises(ValueError, match=why):
        trained.intervene(setting(name, value))
    assert trained.settings == settings
