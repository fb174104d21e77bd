"""What the functional tests share: a small preset to change, and the program called in this process."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from plugin_kinds import EXCEPTIONS, HEAD, KINDS, forget

from grok_tui.__main__ import main
from grok_tui.catalog import plugins
from grok_tui.catalog.registries import REGISTRIES, VARIABLE

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


@pytest.fixture
def own_registries(monkeypatch):
    """Let a test take plugins up without others seeing them."""
    monkeypatch.setenv(VARIABLE, "")  # and not what a plugin sets it to, once the test is over
    for registry in REGISTRIES.values():
        for table in ("_added", "_imported", "_broken"):
            monkeypatch.setattr(registry, table, {})
    before = set(sys.modules)
    yield
    plugins.offered.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith(("grok_tui_plugin_", "lab_")):
            del sys.modules[name]


numbers = itertools.count()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a distribution of one module; return the module's name."""

    def install(code: str, *points: str, distribution: str = "tiger-lab", kind: str = "optimizers") -> str:
        number = next(numbers)
        site, module = tmp_path / f"site{number}", f"lab_{number}"
        info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{module}.py").write_text(code)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = [point.replace("MODULE", module) for point in points]
        (info / "entry_points.txt").write_text("\n".join([f"[grok_tui.{kind}]", *lines]) + "\n")
        monkeypatch.syspath_prepend(str(site))
        plugins.offered.cache_clear()
        return module

    return install


@pytest.fixture
def broken(tmp_path, grok_tui):
    """Call the program with a plugin whose code has one text replaced by another."""

    def call(kind: str, old: str, new: str, *arguments: str, check: bool = False, **preset: object):
        one = KINDS[kind]
        assert old in one.code
        path, file = tmp_path / "mine.toml", tmp_path / "mine.py"
        path.write_text(one.preset(**preset))
        file.write_text(HEAD + EXCEPTIONS + one.code.replace(old, new, 1))
        forget()
        what = ("presets", path) if check else ("--preset", path, "--headless")
        return grok_tui(*what, "--plugin", file, *arguments)

    return call
