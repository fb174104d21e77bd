"""What the functional tests share: a small preset to change, and the program called in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from grok_tui.__main__ import main

SMALL = """
title = "A small linear101"
summary = "SGD on ten samples."
sources = ["a test"]

[task]
name = "linear101"
samples = 10

[model]
name = "linear"

[training]
steps = 200
loss = "mse"

[[arms]]
name = "sgd"
optimizer = { name = "sgd", lr = 0.1 }

[[claims]]
says = "SGD puts most of the weight on the bias"
holds = "end(sgd.bias) in [0.9, 0.92]"
origin = "a test"
"""

FALSE_CLAIM = """
[[claims]]
says = "SGD leaves the bias at zero"
holds = "end(sgd.bias) < 0.001"
origin = "a test"
"""


class Called(NamedTuple):
    """What a call of the program left."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _own_config_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def preset_file(tmp_path) -> Callable[..., str]:
    """Write the small preset, with texts of it replaced and more appended; return its path."""

    def write(changes: dict[str, str] | None = None, more: str = "", name: str = "small") -> str:
        text = SMALL + more
        for old, new in (changes or {}).items():
            assert old in text
            text = text.replace(old, new)
        path: Path = tmp_path / f"{name}.toml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def false_claim() -> str:
    """Return a claim, to be appended to the small preset, that does not hold."""
    return FALSE_CLAIM


@pytest.fixture
def grok_tui(capfd) -> Callable[..., Called]:
    """Call the program in this process."""

    def call(*arguments: object) -> Called:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Called(code, *capfd.readouterr())

    return call
