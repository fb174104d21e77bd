"""One thread for torch, signals as in a terminal, and no folder of the person who runs the tests."""

from __future__ import annotations

import signal

import pytest
import torch

torch.set_num_threads(1)

# In the background of a shell, or under `nohup`, they are ignored; runs are right to leave them so.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory, monkeypatch):
    home = tmp_path_factory.mktemp("home")
    for name in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))


@pytest.fixture(autouse=True)
def _exact_arithmetic():
    """A run flushes denormal numbers in its thread; other tests want them."""
    yield
    torch.set_flush_denormal(False)
