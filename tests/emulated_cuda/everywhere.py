"""For `benchmarks/gpu.py --emulated`: whatever process imports this has the emulated devices."""

from __future__ import annotations

import emulator
import torch

devices = emulator.install(emulator.built())
for index in range(emulator.DEVICES):
    devices.limit(emulator.CAPACITY, index)  # a device is as large as it says it is
torch.cuda.get_device_capability = lambda device=None: (0, 0)
