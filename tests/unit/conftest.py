"""What the unit tests share: presets as files, and runs of them."""

from collections.abc import Callable

import pytest

from grok_tui.engine.run.run import Run
from grok_tui.presets import load


@pytest.fixture
def write(tmp_path) -> Callable[..., str]:
    """Write a preset into the test's folder; return its path."""

    def write(text: str, name: str = "p.toml") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def run_of(write, request) -> Callable[..., Run]:
    """Return a run of the module's `PRESET` with assignments, and with more text at its end."""

    def run_of(*assignments: str, more: str = "", replicas: int = 1, seed: int = 0) -> Run:
        path = write(request.module.PRESET + more)
        return Run(load(path, assignments=assignments, replicas=replicas, seed=seed))

    return run_of
