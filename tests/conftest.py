"""One thread for torch, checked shapes, signals as in a terminal, and no folder of whoever runs the tests."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from importlib.util import find_spec

import pytest
import torch

with suppress(ImportError):
    import jaxtyping

    # Every call in the lab is checked against its annotations, shapes among them; but not where emulated
    # devices have put a generator of their own in the place of torch's.
    if find_spec("beartype") and "EMULATED_CUDA_INSIDE" not in os.environ:
        sys.modules["grok_tui.lab.shapes"] = jaxtyping
        jaxtyping.install_import_hook("grok_tui.lab", "beartype.beartype")

torch.set_num_threads(1)

if "EMULATED_CUDA_INSIDE" not in os.environ:  # there no property is tested, and importing this takes a second
    from hypothesis import settings

    # The same code passes the same tests; `--hypothesis-profile=explore` looks for what no run has seen yet.
    settings.register_profile("suite", derandomize=True, deadline=None, print_blob=True)
    settings.register_profile("explore", max_examples=3000, deadline=None, print_blob=True)
    settings.load_profile("suite")

# A worker of several has these for its own output; programs under test look at their terminals.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

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
