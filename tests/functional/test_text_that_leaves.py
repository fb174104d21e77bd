"""Text from elsewhere reaches no terminal as it is: whatever is said of a folder, a file or a preset."""

import json
import re
import sys

import pytest
from terminal import Terminal, explorer_environment

from grok_tui.printable import leaving

STEERING = "\x1b]0;PWN\x07\x1b[41mRED\x1b[2J\x9b31m\x7f\u202e\r"
PRESET = """
title = "t"
summary = "s"
sources = ["x"]
[task]
name = "linear101"
samples = 10
[model]
name = "linear"
[training]
steps = 30
loss = "mse"
[[arms]]
name = "a"
optimizer = { name = "sgd", lr = 0.1 }
"""
# What moves, erases, sets titles or asks; codes of colours are the program's own on a terminal.
UNSAID = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def steers(text: str, *, terminal: bool = False) -> list[str]:
    """Return what in a text could steer a terminal."""
    if terminal:
        text = re.sub(r"\x1b\[[0-9;]*m|\r\n|\x1b\[(\?25[lh]|[0-9]*[AKG]|2K)|\r(?=\x1b|$)|\r", "", text)
    return UNSAID.findall(text)


@pytest.fixture
def hostile(tmp_path, grok_tui):
    """A run whose folder, documents and tables have control characters wherever a text may stand."""
    preset = tmp_path / f"p{STEERING}.toml"
    preset.write_text(PRESET)
    folder = tmp_path / f"run{STEERING}\n"
    called = grok_tui("--preset", preset, "--headless", "--run-dir", folder)
    assert called.code == 0, called.err
    assert not steers(called.out + called.err)
    document = json.loads((folder / "run.json").read_text())
    document["label"] = STEERING
    document["versions"] = {"torch": STEERING, STEERING: "1"}
    document["device"] = STEERING
    (folder / "run.json").write_text(json.dumps(document))
    measures = folder / "measures.csv"
    measures.write_text(measures.read_text().replace("val_loss", f"v{STEERING}".replace("\r", ""), 1))
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ["resume", "--headless"],
        ["resume", "--headless", "--json"],
        ["replay"],
        ["replay", "--json"],
        ["export", "--to", "csv"],
        ["export", "--to", "json"],
        ["runs", "end"],
        ["attach"],
    ],
    ids=" ".join,
)
def test_nothing_of_a_hostile_run_steers_a_terminal(hostile, grok_tui, command):
    called = grok_tui(*command[:1], *command[1:2], hostile) if command[0] == "runs" else None
    called = called or grok_tui(command[0], hostile, *command[1:])
    assert called.out + called.err
    assert not steers(called.out + called.err), called


def test_nor_does_it_in_a_list_of_runs(hostile, grok_tui, monkeypatch, tmp_path):
    state = tmp_path / "state"
    (state / "grok-tui").mkdir(parents=True)
    (state / "grok-tui" / "runs").mkdir()
    hostile.rename(state / "grok-tui" / "runs" / hostile.name)
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    for command in (["runs"], ["runs", "--json"], ["runs", "prune", "--keep", "0", "--yes"]):
        called = grok_tui(*command)
        assert not steers(called.out + called.err), called


def test_nor_does_narration_on_a_terminal(hostile, tmp_path):
    command = [sys.executable, "-m", "grok_tui", "resume", str(hostile), "--headless"]
    with Terminal(command, size=(100, 30), environment=explorer_environment(tmp_path)) as terminal:
        terminal.wait_for_end()
        assert terminal.text
        assert not steers(terminal.text, terminal=True), terminal.text


def test_what_leaves_keeps_lines_and_the_programs_own_colours():
    text = "a\tb\r\nc\x1b[1;31md\x1b[0m\n"
    assert leaving(text, coloured=True) == text
    assert leaving(text) == text.replace("\x1b", "\\u001b")
    assert json.loads(leaving('"\x9b"')) == "\x9b"
    assert leaving("\x1b[2J\x07", coloured=True) == "\\u001b[2J\\u0007"
