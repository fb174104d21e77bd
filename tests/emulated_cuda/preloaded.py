"""What the processes of emulated tests begin with: the devices installed, and all that is slow to import."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import emulator
import torch

LIBRARY = "EMULATED_CUDA_LIBRARY"  # in the environment

torch.set_num_threads(1)
devices = emulator.install(Path(os.environ[LIBRARY]))

import grok_tui.engine.run.run  # noqa: E402, F401  # after the devices: torch is looked at on the way

gc.freeze()  # what was loaded until here is not looked through at the end of every test
