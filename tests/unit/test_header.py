"""The line on top: what it says of devices and their memory."""

from __future__ import annotations

import pytest

from grok_tui.engine.run.snapshot import DeviceMemory, Snapshot, State
from grok_tui.frontend.glyphs import UNICODE
from grok_tui.numbers import memory
from grok_tui.tui.live.header import header_line

GIB = 2**30


def header(width: int, *gpus: DeviceMemory) -> str:
    snapshot = Snapshot(State.PAUSED, device="NVIDIA H100", memory=300 * 2**20, gpus=gpus)
    return "".join(span.text for span in header_line("mlp", snapshot, None, width, UNICODE))


@pytest.mark.parametrize(
    ("size", "total", "said"),
    [
        (300 * 2**20, None, "300 MiB"),
        (3 * GIB, None, "3.0 GiB"),
        (300 * 2**20, 80 * GIB, "0.3/80.0 GiB"),
        (3, 512 * 2**20, "0/512 MiB"),
    ],
)
def test_memory_is_told_in_the_unit_of_the_larger_number(size, total, said):
    assert memory(size, total) == said


def test_of_each_gpu_the_header_says_what_is_taken_and_what_there_is():
    one, two = DeviceMemory("cuda:0", 3 * GIB, 80 * GIB), DeviceMemory("cuda:2", GIB, 80 * GIB)
    assert "NVIDIA H100 3.0/80.0 GiB  " in header(120, one)
    assert "NVIDIA H100 cuda:0 3.0/80.0 GiB  cuda:2 1.0/80.0 GiB  " in header(120, one, two)
    assert "NVIDIA H100 300 MiB  " in header(120)
    assert "H100" not in header(40, one, two)
