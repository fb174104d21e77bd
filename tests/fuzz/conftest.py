"""Each case is tried in folders of its own, and without a terminal."""

import pytest


@pytest.fixture(autouse=True)
def _without_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
