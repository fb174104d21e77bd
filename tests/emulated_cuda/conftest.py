"""Every test of this folder has a process of its own, in which there are two emulated CUDA devices."""

from __future__ import annotations

import os

import emulator
import own_process
import pytest
from own_process import HERE, INSIDE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.emulated_cuda)
            if INSIDE not in os.environ:
                item.fixturenames = []  # the child sets them up


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Have a test called by a child; in a child, let pytest call it."""
    if INSIDE in os.environ or HERE not in pyfuncitem.path.parents:
        return None
    if emulator.compiler() is None:
        pytest.skip("no C++ compiler, which the emulated CUDA devices need")
    problem = own_process.call(pyfuncitem.nodeid, pyfuncitem.config.rootpath)
    if problem is not None:
        pytest.fail(problem, pytrace=False)
    return True


@pytest.fixture
def devices() -> emulator.Emulator:
    """The emulated devices."""
    import preloaded

    return preloaded.devices


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the CPU go where only a GPU goes otherwise, so that the bits can be compared."""
    monkeypatch.setattr("grok_tui.lab.models.transformer.launches_count", lambda rows: True)
    monkeypatch.setattr("grok_tui.engine.arm.noise.counts", lambda device: True)


FEW = {"train_loss", "val_loss", "train_accuracy", "val_accuracy", "l2_norm"}


@pytest.fixture
def few_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take these alone, for tests of many runs: tracing the others is what takes longest."""
    from grok_tui.presets import Preset

    every = Preset.measures_of
    monkeypatch.setattr(
        Preset,
        "measures_of",
        lambda *given: {name: spec for name, spec in every(*given).items() if name in FEW},
    )
